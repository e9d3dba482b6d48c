#include <tusk/types/sql.hpp>

#include <algorithm>
#include <utility>

#include <tusk/types/errc.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/literal.hpp>
#include <tusk/types/merge.hpp>

namespace tusk::sql {
namespace {

using types::errc;

[[noreturn]] void refuse(errc why, std::string const& what) { throw programming_error(what, why); }

[[noreturn]] void refuse_at(std::size_t position, errc why, std::string const& what) {
  refuse(why, "at byte " + std::to_string(position) + " of the template: " + what);
}

}  // namespace

composed::composed(sql const& text) : text_(text.text()) {}

void composed::append(composed const& other) {
  std::size_t const offset = text_.size();
  std::size_t const count = other.percents_.size();  // `other` may be this
  text_ += other.text_;
  percents_.reserve(percents_.size() + count);
  for (std::size_t i = 0; i < count; ++i) percents_.push_back(offset + other.percents_[i]);
}

composed verbatim(std::string text) {
  composed made(std::move(text));
  for (std::size_t at = 0; (at = made.text_.find('%', at)) != std::string::npos; ++at) made.percents_.push_back(at);
  return made;
}

composed identifier(std::span<std::string_view const> parts) {
  types::text_buffer buffer;
  for (auto const& each : parts) {
    if (&each != parts.data()) buffer.push_back('.');
    types::append_identifier(buffer, each);
  }
  return verbatim(std::string(buffer.data(), buffer.size()));
}

composed placeholder() { return composed(std::string("%s")); }

composed placeholder(std::string_view name) {
  if (name.empty() || name.find(')') != name.npos) {
    refuse(errc::malformed_name, "the name of a placeholder is empty or has a ) in it; use another one");
  }
  types::text_buffer checked;
  text_writer(checked) << name;
  return composed("%(" + std::string(name) + ")s");
}

sql::sql(std::string_view text) : text_(text) {
  types::text_buffer checked;
  text_writer(checked) << text;
}

composed sql::join(std::span<composed const> parts) const {
  composed joined;
  for (auto const& each : parts) {
    if (&each != parts.data()) joined.append(text_);
    joined.append(each);
  }
  return joined;
}

// The part for `{}` or `{name}`, which begins at `position`.
composed const& sql::choose(std::vector<part>& parts, std::string_view name, std::size_t position) {
  auto const found = std::find_if(parts.begin(), parts.end(), [name](part const& each) {
    return each.name == name && !(name.empty() && each.used);
  });
  if (found == parts.end() && name.empty()) {
    refuse_at(position, errc::wrong_arguments, "this {} has no part; pass one for each");
  }
  if (found == parts.end()) {
    std::string const shown = "\"" + std::string(name) + "\"";
    refuse_at(position, errc::wrong_arguments,
              "no part has the name " + shown + "; pass tusk::named(" + shown + ", part)");
  }
  found->used = true;
  return found->value;
}

composed sql::format_parts(std::vector<part>& parts) const {
  composed made;
  std::string_view const text = text_;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t const brace = std::min(text.find_first_of("{}", at), text.size());
    made.append(text.substr(at, brace - at));
    at = brace;
    if (at == text.size()) break;
    std::size_t const end = text.find_first_of("{}", at + 1);
    if (end == at + 1 && text[end] == text[at]) {
      made.append(text.substr(at, 1));
    } else if (text[at] == '{' && end != text.npos && text[end] == '}') {
      made.append(choose(parts, text.substr(at + 1, end - at - 1), at));
    } else {
      refuse_at(at, errc::malformed_placeholder,
                "a brace without its other half; write {}, {name}, or it twice for the character itself");
    }
    at = end + 1;
  }
  auto const unused = std::find_if_not(parts.begin(), parts.end(), [](part const& each) { return each.used; });
  if (unused != parts.end()) {
    refuse(errc::wrong_arguments, "part " + std::to_string(unused - parts.begin() + 1) +
                                      " stands nowhere in the template; write a {} or {name} for each, and pass each "
                                      "name once");
  }
  return made;
}

std::string as_template(composed const& statement) {
  std::string text;
  std::size_t from = 0;
  for (std::size_t const at : statement.percents_) {
    text.append(statement.text_, from, at - from).append("%");
    from = at;
  }
  return text.append(statement.text_, from);
}

}  // namespace tusk::sql

namespace tusk {

std::string merge(sql::composed const& statement, params const& args) {
  return args.empty() ? statement.as_string() : merge(sql::as_template(statement), args);
}

}  // namespace tusk
