#include "operations/catalogue_load.hpp"

namespace tusk::detail {

fed catalogue_load::feed() {
  std::error_code const failed = in_.session.query(session_types::catalogue_query());
  if (!failed) return fed::whole;
  end(std::make_exception_ptr(programming_error("the query of the types cannot be sent: " + failed.message(), failed)));
  return fed::nothing;
}

/// Its columns are read by the built-in parsers alone.
void catalogue_load::take_description(protocol::event const& told) {
  auto const* columns = std::get_if<protocol::row_description>(&told);
  if (columns == nullptr) return;
  bool misnamed = false;
  columns_ = in_.describe(*columns, true, {}, misnamed);
}

void catalogue_load::take_tag(std::string_view tag) {
  rows_ = result(make_result(tag, columns_ ? columns_ : no_columns()));
}

void catalogue_load::ready() {
  if (error()) return;
  try {
    in_.types.load_catalogue(rows_);
  } catch (tusk::error const&) {
    return fail(std::current_exception());  // a catalogue that is none
  }
  adapters_.set_types(in_.types.loaded());
  if (in_.types.rounds_floats())
    warn_(
        "extra_float_digits is below 1, so the server rounds every float4 and float8 that it sends; set it to 1, or "
        "ALTER ROLE .. RESET extra_float_digits if it is set for the role");
}

}  // namespace tusk::detail
