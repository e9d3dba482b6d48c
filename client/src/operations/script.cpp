#include "operations/script.hpp"

namespace tusk::detail {

fed script::feed() {
  if (!bare_ && in_.needs_begin()) [[unlikely]] {
    awaited_ = 2;
    std::error_code failed = begin();
    if (!failed) failed = in_.session.query(text_);
    return end_unit(failed);
  }
  std::error_code const failed = in_.session.query(text_);
  if (!failed) [[likely]]
    return fed::whole;
  end(std::make_exception_ptr(programming_error("the script cannot be sent: " + failed.message(), failed)));
  return fed::nothing;
}

void script::take_description(protocol::event const& told) {
  if (auto const* columns = std::get_if<protocol::row_description>(&told)) take_columns(*columns, casters_, columns_);
}

void script::take_tag(std::string_view tag) {
  into_->emplace_back(make_result(tag, columns_ ? std::move(columns_) : no_columns()));
  columns_.reset();  // the next statement has its own
}

}  // namespace tusk::detail
