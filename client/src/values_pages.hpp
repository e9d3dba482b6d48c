// The pages of execute_values: statements with many rows each in place of %s.
//
//   "INSERT INTO t VALUES %s RETURNING id"   ─►   INSERT INTO t VALUES (1, 'a'), (2, 'b'), ... RETURNING id
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/cursor.hpp>
#include <tusk/types/params.hpp>
#include <tusk/types/statement_template.hpp>
#include <vector>

#include "operations/statement_batch.hpp"

namespace tusk::detail {

/// See the top of this file. One page is made at a time.
class values_pages {
 public:
  /// A page ends before a row that would make it longer than this, about.
  static constexpr std::size_t most_bytes = std::size_t{1} << 20;

  /// Throws programming_error if the statement has not exactly one %s, or the options are wrong.
  values_pages(std::string_view statement, values_options const& options);

  bool empty() const noexcept { return bounds_.size() < 2; }
  /// Whether the page has room for a row; an empty one has for any.
  bool takes(params const& row) const noexcept;
  /// Appends a row. Throws what tusk::merge throws; programming_error if it has no values.
  void add(params const& row);

  /// The whole statement; valid until the next page.
  std::string_view finish();
  /// Which rows it has.
  element_span elements() const noexcept { return {first_, bounds_.size() - 1, bounds_}; }
  void next_page();

 private:
  void append_row(params const& row);

  std::string head_, tail_;  // of the statement
  std::size_t page_size_;
  std::optional<types::statement_template> row_;  // none: (%s, %s, ...)
  types::text_buffer text_;
  std::vector<std::size_t> bounds_;  // where the first row begins, and each ends
  std::size_t first_ = 0;
};

}  // namespace tusk::detail
