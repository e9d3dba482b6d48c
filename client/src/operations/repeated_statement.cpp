#include "operations/repeated_statement.hpp"

#include <algorithm>
#include <utility>

#include "kept_elements.hpp"
#include "operations/known_statement.hpp"
#include "operations/preparation.hpp"

namespace tusk::detail {
namespace {

constexpr char gives_rows[] =
    "a statement of executemany gives no rows; a pipeline runs one that does, and a cursor's execute_values";

/// Whether a statement with those parameter types runs with those arguments; NULL goes with any type.
bool fits(std::vector<oid> const& declared, params const& args) {
  auto const types = args.types();
  if (std::equal(types.begin(), types.end(), declared.begin(), declared.end())) return true;
  if (types.size() != declared.size()) return false;
  char const* at = args.wire().data();
  for (std::size_t i = 0; i < types.size(); ++i) {
    auto const size = protocol::load_big_endian<std::int32_t>(at);
    if (types[i] != declared[i] && (types[i] != 0 || size >= 0)) return false;
    at += 4 + std::max(size, 0);
  }
  return true;
}

}  // namespace

/// Has the next element in element_, if there is one and it can be had.
bool repeated_statement::pull() noexcept {
  handlers::handling const now(told_);
  element_ = nullptr;
  try {
    element_ = from_.next();
    if (element_ == nullptr) return false;
    ++pulled_;
    element_->require_bindable();
  } catch (tusk::error const&) {
    if (std::exchange(element_, nullptr) == nullptr) ++pulled_;
    fail_with_element();
  } catch (...) {
    fail(std::current_exception());
  }
  return element_ != nullptr;
}

/// With what is being handled, which is about the element that was asked for last.
void repeated_statement::fail_with_element() noexcept {
  try {
    rethrow_with_element("executemany", pulled_ - 1);
  } catch (...) {
    fail(std::current_exception());
  }
}

/// Finds the statement that runs with this element's types, or makes one, which has to be parsed.
void repeated_statement::choose(params const& element) {
  require_readable(in_, sql_, element);
  auto const is_fit = [&](variant const& each) { return fits(each.statement->types, element); };
  if (!variants_.empty() && is_fit(variants_[current_])) [[likely]]
    return;
  auto const found = std::find_if(variants_.begin(), variants_.end(), is_fit);
  current_ = static_cast<std::size_t>(found - variants_.begin());
  if (found != variants_.end() && !found->statement->name.empty()) return;
  variant made{nullptr, 0, true};
  if (auto const* known = in_.statements.find(sql_, element.types())) {
    require_arguments(**known, element);
    if ((*known)->columns != no_columns()) throw programming_error(gives_rows);
    made = {*known, 0, false};
  } else {
    made.statement = unknown_statement(in_, sql_, element);
    prepare_name(in_, *made.statement);
  }
  may_change_ |= made.statement->may_change_transaction;
  current_ = variants_.size();
  variants_.push_back(std::move(made));
}

std::error_code repeated_statement::send(params const& element) {
  choose(element);
  variant& by = variants_[current_];
  bool const is_unnamed = by.statement->name.empty();  // it may be another one by now
  if (by.is_to_be_parsed || (is_unnamed && unnamed_ != current_)) {
    if (auto const failed = parse(by)) return failed;
  }
  return in_.session.bind_and_execute(by.statement->name, {element.wire(), element.count()}, std::nullopt,
                                      formats_of(element));
}

bool repeated_statement::awaits_description() const noexcept {
  return std::any_of(variants_.begin(), variants_.end(),
                     [](variant const& each) { return each.parse != 0 && !each.statement->columns; });
}

std::error_code repeated_statement::parse(variant& by) {
  if (auto const failed = parse_and_describe(in_.session, *by.statement)) return failed;
  by.is_to_be_parsed = false;
  by.parse = in_.session.last_request() - 1;  // the last one is its Describe
  if (by.statement->name.empty()) unnamed_ = current_;
  return {};
}

fed repeated_statement::feed() {
  try {
    if (!begun_) {
      if (pull()) choose(*element_);  // what is refused is refused before anything is sent
      if (element_ == nullptr || error()) {
        end();
        return fed::nothing;
      }
      begun_ = true;
      in_.close_released();
      if (auto const failed = begin()) return end_unit(failed);
    }
    while (element_ != nullptr && !error() && in_.session.output().size() < portion) {
      if (auto const failed = send(*element_))
        fail(std::make_exception_ptr(programming_error("this cannot be sent: " + failed.message(), failed)));
      else
        pull();
    }
  } catch (tusk::error const&) {  // of choose()
    fail_with_element();
    if (!begun_) {
      end();
      return fed::nothing;
    }
  }
  if (element_ != nullptr && !error()) return fed::part;
  if (!error() && awaits_description()) {  // a statement that gives rows is not to stand
    if (std::exchange(flushed_, true) || !in_.session.flush()) return fed::later;
  }
  if (error()) {
    if (auto const failed = fail_at_server()) return end_unit(failed);
  }
  return end_unit({});
}

progress repeated_statement::take(protocol::event const& told) {
  if (std::holds_alternative<protocol::request_skipped>(told)) return progress::under_way;
  bool const is_second = std::holds_alternative<protocol::error_response>(told) && error();
  if (is_second && in_.session.state() != protocol::state::ended) return progress::under_way;
  return sql_operation::take(told);
}

void repeated_statement::take_description(protocol::event const& told) {
  auto const number = in_.session.answering();
  if (number == 0) return;
  auto const of = std::find_if(variants_.rbegin(), variants_.rend(),
                               [&](variant const& each) { return each.parse != 0 && each.parse <= number; });
  if (of == variants_.rend()) return;
  prepared_statement& fresh = *of->statement;
  if (std::holds_alternative<protocol::parse_complete>(told)) {
    if (!fresh.name.empty()) in_.statements.learn(fresh);
  } else if (auto const* parameters = std::get_if<protocol::parameter_description>(&told)) {
    fresh.parameters.assign(parameters->type_oids.begin(), parameters->type_oids.end());
    if (auto const wrong = wrong_parameters(fresh, fresh.types.size())) fail(wrong);
  } else if (std::holds_alternative<protocol::no_data>(told)) {
    fresh.columns = no_columns();
    if (!fresh.name.empty()) in_.keep(of->statement, fresh.parameters.size() <= protocol::max_parameters);
  } else if (std::holds_alternative<protocol::row_description>(told)) {
    fail(std::make_exception_ptr(programming_error(gives_rows)));
    if (!fresh.name.empty()) in_.keep(of->statement, false);
  }
}

void repeated_statement::take_tag(std::string_view tag) {
  ++completed_;
  rows_ += counted_rows(tag).value_or(0);
  if (may_concern_others(tag)) [[unlikely]]
    heed(tag);
  if (error()) (void)in_.session.take_rows();  // of a statement that was not to give any
}

void repeated_statement::plan_failed(bool) noexcept {
  try {
    for (variant const& each : variants_)
      if (each.parse == 0) in_.forget(*each.statement);
  } catch (std::bad_alloc const&) {
    return;  // then it fails once more
  }
}

std::string repeated_statement::advice(diagnostics const&) const {
  if (completed_ == pulled_) return {};
  return "this is element " + std::to_string(completed_) + " of executemany, counted from 0";
}

}  // namespace tusk::detail
