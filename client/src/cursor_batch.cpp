// A cursor's executemany and execute_values: do_execute is called for each statement and gathers it, then all of them
// travel together.
//
//   elements ─► do_execute ─► gathering ─► statement_batch ─► batch (the operation) ─► did_execute for each statement
#include <tusk/cursor.hpp>
#include <typeinfo>

#include "calls.hpp"
#include "engine/spare_memory.hpp"
#include "gathering.hpp"
#include "kept_elements.hpp"
#include "values_pages.hpp"

namespace tusk {
namespace {

/// What is done for an element; its errors name it.
template <class Do>
auto for_element(char const* called, std::size_t number, Do const& what) {
  try {
    return what();
  } catch (error const&) {
    detail::rethrow_with_element(called, number);
  }
}

}  // namespace

void cursor::run_many(std::string_view statement, detail::element_source& elements, within const* limit) {
  char const* const called = "executemany";
  detail::gathering into(called);
  run_batch(into, statement, false, limit, [&] {
    for (std::size_t number = 0;; ++number) {
      bool const more = for_element(called, number, [&] {
        params const* const args = elements.next();
        if (args == nullptr) return false;
        into.begin({number, 1});
        gather(into, statement, *args);
        return true;
      });
      if (!more) return;
    }
  });
}

void cursor::run_values(std::string_view statement, detail::element_source& rows, values_options const& options,
                        within const* limit) {
  char const* const called = "execute_values";
  detail::gathering into(called);
  run_batch(into, statement, true, limit, [&] {
    detail::values_pages pages(statement, options);
    auto const end_page = [&] {
      std::string_view const page = pages.finish();
      into.begin(pages.elements(), page);
      gather(into, page, params::none());
      pages.next_page();
    };
    for (std::size_t number = 0;; ++number) {
      params const* const row = for_element(called, number, [&] { return rows.next(); });
      if (row == nullptr) break;
      if (!pages.takes(*row)) end_page();
      for_element(called, number, [&] { pages.add(*row); });
    }
    if (!pages.empty()) end_page();
  });
}

/// Has do_execute put a statement there. Not while the user's range is asked for an element: it may use this cursor.
void cursor::gather(detail::gathering& into, std::string_view statement, params const& args) {
  struct gathering_now {
    detail::gathering*& place;
    ~gathering_now() { place = nullptr; }
  } const during{gathering_};
  gathering_ = &into;
  do_execute(statement, args);
}

/// Gathers all, sends all, and tells of each that came to an end. What the cursor had before stays until all is
/// gathered, as the range may be its rows.
template <class Gather>
void cursor::run_batch(detail::gathering& into, std::string_view statement, bool paged, within const* limit,
                       Gather const& gather) {
  require_startable();
  since_ = std::chrono::steady_clock::now();
  try {
    gather();
    require_startable();
  } catch (...) {
    clear();
    results_.clear();
    query_ = statement;
    ended(std::current_exception());
    throw;
  }
  clear();
  results_.clear();
  detail::release_if_large(results_.several_);
  is_paged_ = paged;
  batch_ = into.finish();
  if (state_->options.async) {
    detail::pending_operation started;
    try {
      started = detail::start_exec_all(*state_, batch_, casters_, limit);
    } catch (...) {
      batch_ended(0, 0, std::current_exception());
      throw;
    }
    state_->on_end.add(this, started.what(), [this](detail::sql_operation& of) {
      auto const [completed, rows] = of.reached();
      if (!of.error()) results_ = detail::take_results(*state_, of);
      batch_ended(completed, rows, of.error());
    });
    return;
  }
  detail::batch_progress reached;
  try {
    results_ = detail::exec_all(*state_, batch_, casters_, reached, limit);
  } catch (...) {
    batch_ended(reached.first, reached.second, std::current_exception());
    throw;
  }
  batch_ended(reached.first, reached.second, nullptr);
}

void cursor::batch_ended(std::size_t completed, std::uint64_t rows, std::exception_ptr error) {
  auto const shared = std::exchange(batch_, nullptr);
  auto const& sent = *shared;
  auto const elapsed = std::chrono::steady_clock::now() - since_;
  if (!error) counted_ = static_cast<std::int64_t>(rows);
  std::size_t const told = std::min(sent.size(), error ? completed + 1 : completed);
  if (typeid(*this) == typeid(cursor)) {  // whose did_execute does nothing
    if (told != 0) query_ = sent[told - 1];
    return;
  }
  for (std::size_t i = 0; i < told; ++i) {
    query_ = sent[i];
    did_execute({sent[i], {}, i == completed ? error : nullptr, elapsed});
  }
}

void cursor::require_blocking() const {
  if (state_->options.async)
    throw programming_error(
        "execute_values with types cannot be used in asynchronous mode, where the rows come later; call it without, "
        "poll() until that says ok, and fetch them: fetchall<T>() gives those of all pages");
}

/// Whether execute_values has rows to give; false if nothing was sent.
bool cursor::has_values() const {
  if (results_.empty()) return false;
  if (!rownumber())
    throw programming_error(
        "execute_values has types, but the statement, which has run, gives no rows; add RETURNING, or call it without");
  return true;
}

}  // namespace tusk
