#include <tusk/types/merge.hpp>

#include <algorithm>
#include <vector>

#include <tusk/protocol/utf8.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/literal.hpp>
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
    if (!args.formats().empty()) [[unlikely]]
      refuse(errc::wrong_arguments,
             "these arguments are in the binary form, which cannot stand in a statement's text; take those of "
             "tusk::bind()");
    if (args.has_names()) [[unlikely]]
      sort(args);
  }

  // For %s.
  void append_next(text_buffer& to, std::size_t position) {
    if (used_ == count_ || !by_name_.empty()) [[unlikely]]
      refuse_place(position);
    ++used_;
    types::append_next(to, in_order_);
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
    if (used_ == count_ || !by_name_.empty()) [[likely]]
      return;
    refuse(errc::wrong_arguments, std::to_string(count_) + " arguments were given, but " + std::to_string(used_) +
                                      " placeholders are there; write one %s for each");
  }

 private:
  [[noreturn]] void refuse_place(std::size_t position) const {
    if (!by_name_.empty()) {
      refuse_at(position, called_, errc::wrong_arguments, "%s, but the arguments have names; write %(name)s");
    }
    refuse_at(position, called_, errc::wrong_arguments,
              "this %s has no argument: only " + std::to_string(used_) + " were given; pass one for each %s");
  }
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
inline void append_part(text_buffer& to, template_part const& part, chooser& arguments) {
  to.append(part.text.data(), part.text.size());
  if (part.ends_in == template_part::kind::position) [[likely]]
    return arguments.append_next(to, part.at);
  if (part.ends_in == template_part::kind::text) return;
  argument_view const& argument = arguments.find(part.name, part.at);
  append_written(to, argument.text, argument.how);
}

}  // namespace

void append_next(text_buffer& to, params::reader& from) {
  if (from.has_note()) [[unlikely]] {
    argument_view const argument = from.next();
    return append_written(to, argument.text, argument.how);
  }
  auto const text = from.text();
  if (text)
    append_literal(to, *text, from.type());
  else
    to.append("NULL", 4);
  from.skip(text ? text->size() : 0);
}

template_reader::template_reader(std::string_view text, char const* called) : text_(text), called_(called) {
  if (auto const invalid = protocol::find_invalid_utf8(text); invalid != text.npos) {
    refuse_at(invalid, called, errc::invalid_utf8, std::string("this is not valid UTF-8; convert the ") + called);
  }
}

bool template_reader::next(template_part& into) {
  if (at_ == text_.size()) return false;
  std::size_t const begin = at_;
  at_ = std::min(text_.find('%', begin), text_.size());
  into.text = {text_.data() + begin, at_ - begin};
  into.ends_in = template_part::kind::text;
  into.at = at_;
  if (at_ == text_.size()) return true;
  if (at_ + 1 != text_.size() && text_[at_ + 1] == 's') [[likely]] {
    into.ends_in = template_part::kind::position;
    at_ += 2;
  } else {
    take_other(into);
  }
  return true;
}

/// The placeholder that begins at `at_` and is not %s.
void template_reader::take_other(template_part& into) {
  std::string_view const text = text_.substr(at_);
  if (text.starts_with("%%")) {
    into.text = {into.text.data(), into.text.size() + 1};  // with the first one
    at_ += 2;
    return;
  }
  if (!text.starts_with("%(")) {
    refuse_at(at_, called_, errc::malformed_placeholder,
              "a % that begins no placeholder; write %s, %(name)s, or %% for a percent sign");
  }
  std::size_t const close = text.find(')');
  if (close == text.npos) refuse_at(at_, called_, errc::malformed_placeholder, "%( without its ); write %(name)s");
  if (!text.substr(close + 1).starts_with('s')) {
    refuse_at(at_ + close, called_, errc::malformed_placeholder, "no s follows %(name); write %(name)s");
  }
  into.ends_in = template_part::kind::name;
  into.name = text.substr(2, close - 2);
  at_ += close + 2;
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

void append_merged(text_buffer& to, std::string_view statement, params const& args) {
  constexpr char called[] = "statement";
  template_reader reader(statement, called);
  chooser arguments(args, called);
  to.reserve(statement.size());
  for (template_part part; reader.next(part);) append_part(to, part, arguments);
  arguments.finish();
}

}  // namespace types

std::string merge(std::string_view statement, params const& args) {
  if (args.empty()) return std::string(statement);
  types::text_buffer merged;
  types::append_merged(merged, statement, args);
  return {merged.data(), merged.size()};
}

std::string merge(std::string_view statement, params&& args) {
  if (args.empty()) return std::string(statement);
  types::text_buffer merged;
  types::append_merged(merged, statement, args);
  constexpr std::size_t large = 65536;
  if (merged.size() > large) args = params();  // or there would be three of them for a moment
  return {merged.data(), merged.size()};
}

}  // namespace tusk
