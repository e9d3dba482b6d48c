#include <tusk/types/merge.hpp>

#include <algorithm>
#include <vector>

#include <tusk/protocol/utf8.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/error.hpp>

namespace tusk {
namespace {

using types::argument_view;

[[noreturn]] void refuse(types::errc why, std::string const& what) { throw programming_error(what, why); }

[[noreturn]] void refuse_at(std::size_t position, types::errc why, std::string const& what) {
  refuse(why, "at byte " + std::to_string(position) + " of the statement: " + what);
}

std::string in_quotes(std::string_view name) { return "\"" + std::string(name) + "\""; }

// Gives each placeholder its argument.
class chooser {
 public:
  explicit chooser(std::vector<argument_view> arguments) : arguments_(std::move(arguments)) {
    by_name_ = !arguments_.front().name.empty();
    for (auto const& each : arguments_) {
      if (each.name.empty() == by_name_) {
        refuse(types::errc::wrong_arguments,
               "some arguments have names and others have not; give a name to all or none");
      }
    }
    if (!by_name_) return;
    std::sort(arguments_.begin(), arguments_.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
    auto const twice = std::adjacent_find(arguments_.begin(), arguments_.end(),
                                          [](auto const& a, auto const& b) { return a.name == b.name; });
    if (twice != arguments_.end()) {
      refuse(types::errc::wrong_arguments,
             "two arguments have the name " + in_quotes(twice->name) + "; pass each name once");
    }
  }

  // For %s.
  argument_view const& next(std::size_t position) {
    if (by_name_) {
      refuse_at(position, types::errc::wrong_arguments, "%s, but the arguments have names; write %(name)s");
    }
    if (used_ == arguments_.size()) {
      refuse_at(position, types::errc::wrong_arguments,
                "this %s has no argument: only " + std::to_string(used_) + " were given; pass one for each %s");
    }
    return arguments_[used_++];
  }

  // For %(name)s.
  argument_view const& find(std::string_view name, std::size_t position) const {
    if (!by_name_) {
      refuse_at(position, types::errc::wrong_arguments,
                "%(" + std::string(name) + ")s, but the arguments have no names; pass tusk::named(" + in_quotes(name) +
                    ", value), or write %s");
    }
    auto const found = std::lower_bound(arguments_.begin(), arguments_.end(), name,
                                        [](auto const& each, auto const& key) { return each.name < key; });
    if (found == arguments_.end() || found->name != name) {
      refuse_at(position, types::errc::wrong_arguments,
                "no argument has the name " + in_quotes(name) + "; pass tusk::named(" + in_quotes(name) + ", value)");
    }
    return *found;
  }

  void finish() const {
    if (by_name_ || used_ == arguments_.size()) return;
    refuse(types::errc::wrong_arguments, std::to_string(arguments_.size()) + " arguments were given, but " +
                                             std::to_string(used_) + " placeholders are there; write one %s for each");
  }

 private:
  std::vector<argument_view> arguments_;  // by name if they have names
  bool by_name_ = false;
  std::size_t used_ = 0;
};

// The length of the placeholder that begins with the `%` at the front of `text`.
std::size_t placeholder_size(std::string_view text, std::size_t position) {
  if (text.starts_with("%s") || text.starts_with("%%")) return 2;
  if (text.starts_with("%(")) {
    std::size_t const close = text.find(')');
    if (close == text.npos) {
      refuse_at(position, types::errc::malformed_placeholder, "%( without its ); write %(name)s");
    }
    if (text.substr(close + 1).starts_with('s')) return close + 2;
    refuse_at(position + close, types::errc::malformed_placeholder, "no s follows %(name); write %(name)s");
  }
  refuse_at(position, types::errc::malformed_placeholder,
            "a % that begins no placeholder; write %s, %(name)s, or %% for a percent sign");
}

types::text_buffer merged_with(std::string_view statement, params const& args) {
  if (auto const invalid = protocol::find_invalid_utf8(statement); invalid != statement.npos) {
    refuse_at(invalid, types::errc::invalid_utf8, "this is not valid UTF-8; convert the statement");
  }
  chooser arguments(args.arguments());
  types::text_buffer merged;
  merged.reserve(statement.size());
  for (std::size_t at = 0; at < statement.size();) {
    std::size_t const end = std::min(statement.find('%', at), statement.size());
    merged.append(statement.data() + at, end - at);
    at = end;
    if (at == statement.size()) break;
    std::string_view const found = statement.substr(at, placeholder_size(statement.substr(at), at));
    if (found == "%%") {
      merged.push_back('%');
    } else {
      argument_view const& argument =
          found == "%s" ? arguments.next(at) : arguments.find(found.substr(2, found.size() - 4), at);
      types::append_written(merged, argument.text, argument.how);
    }
    at += found.size();
  }
  arguments.finish();
  return merged;
}

}  // namespace

std::string merge(std::string_view statement, params const& args) {
  if (args.empty()) return std::string(statement);
  auto const merged = merged_with(statement, args);
  return std::string(merged.data(), merged.size());
}

std::string merge(std::string_view statement, params&& args) {
  if (args.empty()) return std::string(statement);
  auto const merged = merged_with(statement, args);
  constexpr std::size_t large = 65536;
  if (merged.size() > large) args = params();  // or there would be three of them for a moment
  return std::string(merged.data(), merged.size());
}

}  // namespace tusk
