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

progress script::take_description(protocol::event const& told) {
  auto const* columns = std::get_if<protocol::row_description>(&told);
  if (columns == nullptr) return progress::under_way;
  if (remembers_columns() && in_.last.list() == columns->columns) {
    take_last_columns();
    return progress::under_way;
  }
  if (refuse_format(*columns) == progress::broken) return progress::broken;
  bool misnamed = false;
  columns_ = in_.describe(*columns, false, casters_, misnamed);
  constexpr std::size_t worth_keeping = 1024;  // bytes; an idle connection has to be small
  std::string_view const encoded = columns->columns.encoded();
  if (!misnamed && encoded.size() <= worth_keeping)
    in_.last = {std::string(encoded), columns->columns.size(), casters_, columns_};
  return progress::under_way;
}

void script::take_tag(std::string_view tag) {
  into_->emplace_back(make_result(tag, columns_ ? std::move(columns_) : no_columns()));
  columns_.reset();  // the next statement has its own
}

}  // namespace tusk::detail
