#include "engine/foreign_text.hpp"

#include <tusk/protocol/utf8.hpp>

namespace tusk::detail {

bool is_readable(std::string_view text, bool foreign) noexcept {
  return has_ascii_only(text) || (!foreign && protocol::find_invalid_utf8(text) == text.npos);
}

std::string with_replacements(std::string_view text) {
  std::string made;
  bool in_run = false;
  for (char const c : text) {
    bool const foreign = static_cast<unsigned char>(c) >= 0x80;
    if (!foreign)
      made += c;
    else if (!in_run)
      made += replacement;
    in_run = foreign;
  }
  return made;
}

}  // namespace tusk::detail
