#include "operations/batch.hpp"

#include "operations/first_word.hpp"

namespace tusk::detail {
namespace {

constexpr std::size_t longest = protocol::max_sent_message - 16;

}  // namespace

batch::batch(session_context& in, std::shared_ptr<statement_batch const> statements, first_casters casters)
    : sql_operation(in), statements_(std::move(statements)), casters_(std::move(casters)) {
  for (std::size_t i = 0; i < statements_->size(); ++i) {  // now: a Sync behind half of them would have that half stand
    std::string_view const each = (*statements_)[i];
    if (statements_->is_checked(i) && each.size() <= longest) [[likely]]
      continue;
    require_utf8(each);
    require_no_copy(first_word(each));
    if (each.find('\0') != each.npos || each.size() > longest)
      throw programming_error("a statement of the batch cannot be sent: it has a NUL byte, or more than 1 GiB");
  }
}

/// A Sync goes behind the last statement, or behind one that failed meanwhile.
fed batch::feed() {
  if (statements_->empty()) {
    end();
    return fed::nothing;
  }
  std::error_code failed;
  if (!std::exchange(begun_, true)) failed = begin();
  while (!is_whole() && !error() && !failed && in_.session.output().size() < portion)
    failed = in_.session.run_once((*statements_)[fed_++]);
  if (!is_whole() && !error() && !failed) return fed::part;
  fed_ = statements_->size();
  return end_unit(failed);
}

void batch::take_description(protocol::event const& told) {
  if (auto const* columns = std::get_if<protocol::row_description>(&told)) take_columns(*columns, casters_, columns_);
}

/// One of them has succeeded. Most give no rows, and need no result: the last one's is made at the end.
void batch::take_tag(std::string_view tag) {
  ++completed_;
  rows_ += counted_rows(tag).value_or(0);
  if (columns_) {
    tag_.clear();
    results_.emplace_back(make_result(tag, std::exchange(columns_, nullptr)));
    return;
  }
  tag_.assign(tag);
  if (may_concern_others(tag)) [[unlikely]]
    heed(tag_);
}

void batch::ready() {
  if (!tag_.empty()) results_.emplace_back(std::make_shared<result_state>(no_columns(), tag_, in_.text_is_utf8()));
}

std::string batch::advice(diagnostics const& fields) const {
  if (completed_ == statements_->size()) return {};
  auto const position = types::parse_integer<std::size_t>(fields.position);
  return statements_->place_of(completed_, position ? *position : 0);
}

}  // namespace tusk::detail
