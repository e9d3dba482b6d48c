#include <tusk/types/argument.hpp>

#include <tusk/types/literal.hpp>

namespace tusk::types {

void append_written(text_buffer& to, std::string_view what, written const& how) {
  switch (how.as) {
    case shape::null: what = "NULL"; [[fallthrough]];
    case shape::sql: to.append(what.data(), what.size()); break;
    case shape::text: append_literal(to, what, how.type); break;
  }
}

}  // namespace tusk::types
