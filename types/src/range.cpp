// How the bound of a range is quoted.
#include <tusk/types/range.hpp>

namespace tusk::types {

void write_range_bound(std::string_view text, text_writer& out) {
  if (text.empty() || find_special(text, 0, ',', '(', ')', '[', ']', '"', '\\') != text.size()) {
    write_quoted(text, '"', out);
  } else {
    out.unchecked(text);
  }
}

}  // namespace tusk::types
