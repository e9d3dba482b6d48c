// The parts of quoting that are rare or long: escapes, both ways.
#include <tusk/types/quoting.hpp>

namespace tusk::types {

bool part_reader::unescape(part& to, bool doubled_quotes) {
  to.escaped = true;
  unescaped_.clear();
  for (;;) {
    std::size_t const end = find_any(text_, at_, '"', '\\');
    unescaped_.append(text_, at_, end - at_);
    at_ = end;
    std::string_view const rest = text_.substr(end);
    bool const escape = rest.starts_with('\\') || (doubled_quotes && rest.starts_with("\"\""));
    if (rest.size() <= (escape ? 1 : 0)) {
      at_ = text_.size();
      return false;
    }
    if (!escape) break;
    unescaped_ += rest[1];
    at_ += 2;
  }
  ++at_;
  to.text = unescaped_;
  return true;
}

void write_quoted(std::string_view part, char quote_escape, text_writer& out) {
  out << '"';
  for (std::size_t at = 0; at < part.size();) {
    std::size_t const end = find_any(part, at, '"', '\\');
    out.unchecked(part.substr(at, end - at));
    if (end == part.size()) break;
    out << (part[end] == '"' ? quote_escape : '\\') << part[end];
    at = end + 1;
  }
  out << '"';
}

}  // namespace tusk::types
