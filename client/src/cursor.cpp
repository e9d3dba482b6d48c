#include <tusk/cursor.hpp>

#include <algorithm>
#include <tusk/types/statement_template.hpp>
#include <typeinfo>
#include <utility>

#include "calls.hpp"
#include "engine/spare_memory.hpp"
#include "gathering.hpp"

namespace tusk {
namespace {

bool gives_rows(detail::result_state const& in) {
  return !in.columns->infos->empty() || in.columns != detail::no_columns();  // rows may be without columns
}

/// Precision and scale of a numeric that was declared with them. Source: the server's numerictypmodin.
void describe_numeric(described_column& column, std::int32_t modifier) {
  constexpr std::int32_t header = 4;
  if (column.type_code != oids::numeric || modifier < header) return;
  auto const packed = static_cast<std::uint32_t>(modifier - header);
  column.precision = static_cast<std::int32_t>(packed >> 16);
  auto const scale = static_cast<std::int32_t>(packed & 0x7ff);  // eleven bits, with a sign
  column.scale = (scale ^ 0x400) - 0x400;
}

void require_connection(detail::connection_state& on) {
  if (!on.context.is_closed()) return;
  detail::operation_guard const guard(on.lock);
  on.engine.end().reason().rethrow();
}

}  // namespace

void detail::throw_no_more_rows() {
  throw programming_error("there is no row: the rows of the statement are at their end");
}

cursor::cursor(tusk::connection& conn) {
  auto& on = conn.state();
  require_connection(on);
  if (on.context.obstacles.any_of(detail::obstacles::connecting))
    throw operational_error("the connection is not open yet; step it with poll() until that says ok");
  state_ = conn.state_;
}

cursor::~cursor() { state_->on_end.forget(this); }

void cursor::require_open() const {
  if (closed_) throw interface_error("cursor already closed");
}

adapter_registry const* cursor::adapters() const noexcept { return state_->arguments.adapters.get(); }

void cursor::require_startable() const {
  require_open();
  if (state_->options.async && state_->engine.is_busy())
    throw programming_error("execute cannot be used while an asynchronous query is underway");
}

/// Forgets what the last statement left, but for its results.
void cursor::clear() noexcept {
  position_ = page_ = rows_before_ = 0;
  is_paged_ = goes_on_ = false;
  counted_.reset();
  query_.clear();
}

void cursor::run(std::string_view statement, params const& args, within const* limit) {
  require_startable();
  clear();
  struct limited {
    cursor& by;
    ~limited() { by.limit_ = nullptr; }
  } const during{*this};
  limit_ = limit;
  if (typeid(*this) == typeid(cursor) && !state_->options.async) return cursor::do_execute(statement, args);
  results_.clear();  // do_execute may be another one
  since_ = std::chrono::steady_clock::now();
  try {
    do_execute(statement, args);
  } catch (...) {
    if (query_.empty()) query_ = statement;
    ended(std::current_exception());
    throw;
  }
  if (!state_->on_end.is(this)) ended(nullptr);
}

/// What was started has ended.
void cursor::take_from(detail::sql_operation& of) {
  if (!of.error()) results_ = detail::take_results(*state_, of);
  ended(of.error());
}

void cursor::do_execute(std::string_view statement, params const& args) {
  if (gathering_ != nullptr) return gathering_->take(statement, args);
  results_.clear();
  detail::release_if_large(results_.several_);
  if (query_.capacity() > 4 * statement.size()) detail::release_if_large(query_);
  if (args.empty()) {
    query_.assign(statement);
  } else {
    types::text_buffer merged;
    types::append_merged(merged, statement, args);
    query_.assign(merged.data(), merged.size());
  }
  if (state_->options.async)
    state_->on_end.add(this, detail::start_exec(*state_, query_, casters_, limit_).what(),
                       [this](detail::sql_operation& of) { take_from(of); });
  else
    detail::exec(*state_, query_, casters_, results_.several_, limit_);
}

void cursor::ended(std::exception_ptr error) {
  // Copies: whoever is told may close the cursor, or execute the next statement.
  std::string const query = query_;
  tusk::results const results = results_;
  did_execute({query, results, std::move(error), std::chrono::steady_clock::now() - since_});
}

void cursor::did_execute(outcome const&) {}

void cursor::call(sql::composed const& name, params const& args, within const* limit) {
  std::vector<sql::composed> given;
  for (auto const& each : args.arguments()) {
    if (each.name.empty())
      given.push_back(sql::placeholder());
    else
      given.push_back(sql::identifier(each.name) + sql::sql(" := ") + sql::placeholder(each.name));
  }
  run(sql::sql("SELECT * FROM ") + name + sql::sql("(") + sql::sql(", ").join(given) + sql::sql(")"), args, limit);
}

/// What is fetched from.
result const& cursor::current() const {
  require_open();
  require_connection(*state_);
  if (state_->on_end.is(this) || results_.empty() || !gives_rows(*results_.back().state_))
    throw programming_error("no results to fetch");
  return is_paged_ ? results_[page_] : results_.back();
}

row_block cursor::do_fetch(std::size_t count) {
  for (current(); has_next_page() && position_ == results_[page_].size(); position_ = 0)
    rows_before_ += results_[page_++].size();
  result const& from = current();
  std::size_t const taken = std::min(count, from.size() - position_);
  return {from, std::exchange(position_, position_ + taken), taken};
}

row_block cursor::fetch_in_walk() {
  walks_ = true;
  struct walk {
    bool& during;
    ~walk() { during = false; }
  } const ends{walks_};
  return do_fetch(1);
}

std::vector<owned_row> cursor::fetchmany(std::size_t count) {
  std::vector<owned_row> rows;
  row_block block;
  do {
    block = fetch(count - rows.size());
    if (rows.empty()) rows.reserve(block.size());
    for (std::size_t i = 0; i < block.size(); ++i) rows.push_back(block.owned(i));
  } while (!block.empty() && rows.size() < count && may_give_more());
  return rows;
}

void cursor::scroll(std::int64_t value, scroll_mode mode) {
  std::size_t rows = current().size();
  if (is_paged_) {
    rows = 0;
    for (result const& each : results_) rows += each.size();
  }
  auto const from = static_cast<std::int64_t>(mode == scroll_mode::relative ? row_number() : 0);
  if (value < -from || value > static_cast<std::int64_t>(rows) - from)
    throw programming_error("scroll destination out of bounds: the statement gave " + std::to_string(rows) +
                            " row(s), the next is number " + std::to_string(row_number()));
  position_ = static_cast<std::size_t>(from + value);
  for (page_ = rows_before_ = 0; has_next_page() && position_ > results_[page_].size(); ++page_) {
    position_ -= results_[page_].size();
    rows_before_ += results_[page_].size();
  }
}

std::optional<std::size_t> cursor::rownumber() const noexcept {
  if (closed_ || state_->on_end.is(this) || results_.empty() || !gives_rows(*results_.back().state_)) return {};
  return row_number();
}

std::int64_t cursor::rowcount() const noexcept {
  if (counted_) return *counted_;
  if (state_->on_end.is(this) || results_.empty()) return -1;
  auto const counted = detail::counted_rows(results_.back().command_tag());
  return counted ? static_cast<std::int64_t>(*counted) : -1;
}

std::vector<described_column> cursor::description() const {
  if (state_->on_end.is(this) || results_.empty()) return {};
  std::vector<described_column> columns;
  for (column_info const& each : results_.back().columns()) {
    described_column made{.name = each.name,
                          .type_code = each.type,
                          .internal_size = each.type_size,
                          .table_oid = each.table,
                          .table_column = each.table_column};
    describe_numeric(made, each.modifier);
    columns.push_back(std::move(made));
  }
  return columns;
}

std::string_view cursor::statusmessage() const noexcept {
  return state_->on_end.is(this) || results_.empty() ? std::string_view() : results_.back().command_tag();
}

results const& cursor::results() const {
  require_open();
  if (state_->on_end.is(this)) throw programming_error("no results to fetch");
  return results_;
}

tusk::connection& cursor::connection() const {
  if (auto* const owner = state_->owner) return *owner;
  throw interface_error("the cursor's connection is gone");
}

bool cursor::closed() const noexcept { return closed_ || state_->context.is_closed(); }

void cursor::close() noexcept {
  closed_ = true;
  state_->on_end.forget(this);
  results_.clear();
}

void register_type(typecaster const& caster, cursor& cur) {
  auto casters =
      cur.casters_ ? std::make_shared<types::caster_map>(*cur.casters_) : std::make_shared<types::caster_map>();
  for (oid const each : caster.oids()) casters->insert_or_assign(each, caster);
  cur.casters_ = std::move(casters);
}

}  // namespace tusk
