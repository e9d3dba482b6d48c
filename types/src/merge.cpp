#include <tusk/types/merge.hpp>

#include <algorithm>
#include <vector>

#include <tusk/protocol/utf8.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/statement_template.hpp>

namespace tusk {
namespace types {
namespace {

[[noreturn]] void refuse(errc why, std::string const& what) { throw programming_error(what, why); }

[[noreturn]] void refuse_at(std::size_t position, char const* called, errc why, std::string const& what) {
  refuse(why, "at byte " + std::to_string(position) + " of the " + called + ": " + what);
}

std::string in_quotes(std::string_view name) { return "\"" + std::string(name) + "\""; }

// Gives each placeholder its argument.
class chooser {
 public:
  chooser(params const& args, char const* called) : in_order_(args), count_(args.count()), called_(called) {
    if (args.has_names()) [[unlikely]]
      sort(args);
  }

  // For %s.
  argument_view next(std::size_t position) {
    if (!by_name_.empty()) {
      refuse_at(position, called_, errc::wrong_arguments, "%s, but the arguments have names; write %(name)s");
    }
    if (used_ == count_) {
      refuse_at(position, called_, errc::wrong_arguments,
                "this %s has no argument: only " + std::to_string(used_) + " were given; pass one for each %s");
    }
    ++used_;
    return in_order_.next();
  }

  // For %(name)s.
  argument_view const& find(std::string_view name, std::size_t position) const {
    if (by_name_.empty()) {
      refuse_at(position, called_, errc::wrong_arguments,
                "%(" + std::string(name) + ")s, but the arguments have no names; pass tusk::named(" + in_quotes(name) +
                    ", value), or write %s");
    }
    auto const found = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                        [](auto const& each, auto const& key) { return each.name < key; });
    if (found == by_name_.end() || found->name != name) {
      refuse_at(position, called_, errc::wrong_arguments,
                "no argument has the name " + in_quotes(name) + "; pass tusk::named(" + in_quotes(name) + ", value)");
    }
    return *found;
  }

  void finish() const {
    if (used_ == count_ || !by_name_.empty()) return;
    refuse(errc::wrong_arguments, std::to_string(count_) + " arguments were given, but " + std::to_string(used_) +
                                      " placeholders are there; write one %s for each");
  }

 private:
  void sort(params const& args) {
    by_name_ = args.arguments();
    for (auto const& each : by_name_) {
      if (each.name.empty()) {
        refuse(errc::wrong_arguments, "some arguments have names and others have not; give a name to all or none");
      }
    }
    std::sort(by_name_.begin(), by_name_.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
    auto const twice = std::adjacent_find(by_name_.begin(), by_name_.end(),
                                          [](auto const& a, auto const& b) { return a.name == b.name; });
    if (twice != by_name_.end()) {
      refuse(errc::wrong_arguments, "two arguments have the name " + in_quotes(twice->name) + "; pass each name once");
    }
  }

  params::reader in_order_;
  std::size_t count_, used_ = 0;
  std::vector<argument_view> by_name_;  // empty: they have no names
  char const* called_;
};

// Appends a part with the argument that it ends in.
void append_part(text_buffer& to, template_part const& part, chooser& arguments) {
  to.append(part.text.data(), part.text.size());
  if (part.ends_in == template_part::kind::text) return;
  argument_view const argument =
      part.ends_in == template_part::kind::position ? arguments.next(part.at) : arguments.find(part.name, part.at);
  append_written(to, argument.text, argument.how);
}

}  // namespace

template_reader::template_reader(std::string_view text, char const* called) : text_(text), called_(called) {
  if (auto const invalid = protocol::find_invalid_utf8(text); invalid != text.npos) {
    refuse_at(invalid, called, errc::invalid_utf8, std::string("this is not valid UTF-8; convert the ") + called);
  }
}

// The length of the placeholder that begins at `at_`, with its %.
std::size_t template_reader::placeholder_size() const {
  std::string_view const text = text_.substr(at_);
  if (text.starts_with("%s") || text.starts_with("%%")) return 2;
  if (text.starts_with("%(")) {
    std::size_t const close = text.find(')');
    if (close == text.npos) {
      refuse_at(at_, called_, errc::malformed_placeholder, "%( without its ); write %(name)s");
    }
    if (text.substr(close + 1).starts_with('s')) return close + 2;
    refuse_at(at_ + close, called_, errc::malformed_placeholder, "no s follows %(name); write %(name)s");
  }
  refuse_at(at_, called_, errc::malformed_placeholder,
            "a % that begins no placeholder; write %s, %(name)s, or %% for a percent sign");
}

bool template_reader::next(template_part& into) {
  if (at_ == text_.size()) return false;
  std::size_t const begin = at_;
  at_ = std::min(text_.find('%', begin), text_.size());
  into = {text_.substr(begin, at_ - begin)};
  if (at_ == text_.size()) return true;
  std::size_t const size = placeholder_size();
  into.at = at_;
  if (text_[at_ + 1] == '%') {
    into.text = text_.substr(begin, at_ + 1 - begin);
  } else if (size == 2) {
    into.ends_in = template_part::kind::position;
  } else {
    into.ends_in = template_part::kind::name;
    into.name = text_.substr(at_ + 2, size - 4);
  }
  at_ += size;
  return true;
}

statement_template::statement_template(std::string_view text, char const* called) : text_(text), called_(called) {
  template_reader reader(text_, called_);
  for (template_part part; reader.next(part);) parts_.push_back(part);
}

void statement_template::append_merged(text_buffer& to, params const& args) const {
  std::size_t const before = to.size();
  try {
    chooser arguments(args, called_);
    for (template_part const& each : parts_) append_part(to, each, arguments);
    arguments.finish();
  } catch (...) {
    to.truncate(before);
    throw;
  }
}

namespace {

text_buffer merged_with(std::string_view statement, params const& args) {
  constexpr char called[] = "statement";
  template_reader reader(statement, called);
  chooser arguments(args, called);
  text_buffer merged;
  merged.reserve(statement.size());
  for (template_part part; reader.next(part);) append_part(merged, part, arguments);
  arguments.finish();
  return merged;
}

}  // namespace
}  // namespace types

std::string merge(std::string_view statement, params const& args) {
  if (args.empty()) return std::string(statement);
  auto const merged = types::merged_with(statement, args);
  return std::string(merged.data(), merged.size());
}

std::string merge(std::string_view statement, params&& args) {
  if (args.empty()) return std::string(statement);
  auto const merged = types::merged_with(statement, args);
  constexpr std::size_t large = 65536;
  if (merged.size() > large) args = params();  // or there would be three of them for a moment
  return std::string(merged.data(), merged.size());
}

}  // namespace tusk
