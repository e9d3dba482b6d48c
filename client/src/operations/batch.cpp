#include "operations/batch.hpp"

#include "operations/first_word.hpp"

namespace tusk::detail {
namespace {

constexpr std::size_t longest = protocol::max_sent_message - 16;
constexpr std::size_t portion = std::size_t{64} << 10;  // bytes that wait to be sent, about

}  // namespace

batch::batch(session_context& in, std::shared_ptr<statement_batch const> statements, first_casters casters)
    : sql_operation(in), statements_(std::move(statements)), casters_(std::move(casters)) {
  for (std::string const& each : *statements_) {  // now: a Sync behind half of them would have that half stand
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
    failed = send((*statements_)[fed_++]);
  if (!is_whole() && !error() && !failed) return fed::part;
  fed_ = statements_->size();
  return end_unit(failed);
}

std::error_code batch::send(std::string_view statement) {
  protocol::parse parse;
  parse.sql = statement;
  protocol::describe describe;
  describe.what = protocol::described_object::portal;
  if (auto const failed = in_.session.parse(parse)) return failed;
  if (auto const failed = in_.session.bind({})) return failed;
  if (auto const failed = in_.session.describe(describe)) return failed;
  return in_.session.execute({}, std::nullopt);
}

progress batch::take_description(protocol::event const& told) {
  if (auto const* columns = std::get_if<protocol::row_description>(&told)) {
    if (refuse_format(*columns) == progress::broken) return progress::broken;
    bool misnamed = false;
    columns_ = in_.describe(*columns, false, casters_, misnamed);
  } else if (std::holds_alternative<protocol::no_data>(told)) {
    columns_ = no_columns();
  }
  return progress::under_way;
}

/// One of them has succeeded.
void batch::take_tag(std::string_view tag) {
  if (gives_no_rows_) results_.pop_back();
  gives_no_rows_ = !columns_ || columns_ == no_columns();
  results_.emplace_back(make_result(tag, columns_ ? columns_ : no_columns()));
  ++completed_;
  rows_ += counted_rows(results_.back().command_tag()).value_or(0);  // taking the rows has ended the view
}

std::string batch::advice(diagnostics const&) const {
  if (completed_ == statements_->size()) return {};
  return "this is element " + std::to_string(completed_) + " of executemany, counted from 0";
}

}  // namespace tusk::detail
