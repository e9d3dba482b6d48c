#include "values_pages.hpp"

#include <tusk/types/errc.hpp>
#include <tusk/types/error.hpp>

namespace tusk::detail {
namespace {

using kind = types::template_part::kind;

constexpr char remedy[] =
    "; write one %s where the rows are to stand, as in INSERT INTO t (a, b) VALUES %s, and %% for a percent sign";

[[noreturn]] void refuse(std::string const& why) { throw programming_error(why, types::errc::wrong_arguments); }

void append(types::text_buffer& to, std::string_view text) { to.append(text.data(), text.size()); }

}  // namespace

values_pages::values_pages(std::string_view statement, values_options const& options) : page_size_(options.page_size) {
  if (page_size_ == 0) refuse("execute_values: page_size is 0; a page has at least one row");
  types::template_reader reader(statement, "statement");
  std::size_t places = 0;
  for (types::template_part part; reader.next(part);) {
    if (part.ends_in == kind::name)
      refuse("at byte " + std::to_string(part.at) + " of the statement: execute_values has no %(name)s" + remedy +
             "; names belong into row_template");
    (places == 0 ? head_ : tail_) += part.text;
    if (part.ends_in == kind::position) ++places;
  }
  if (places != 1)
    refuse("execute_values: the statement has " + (places == 0 ? "no %s" : std::to_string(places) + " %s") + remedy);
  if (!options.row_template.empty()) row_.emplace(options.row_template, "row template");
  next_page();
}

void values_pages::next_page() {
  if (!bounds_.empty()) first_ += bounds_.size() - 1;
  text_.truncate(0);
  append(text_, head_);
  bounds_.assign(1, text_.size());
}

bool values_pages::takes(params const& row) const noexcept {
  return empty() || (bounds_.size() <= page_size_ && text_.size() + row.wire().size() <= most_bytes);
}

void values_pages::add(params const& row) {
  if (!empty()) append(text_, ", ");
  if (row_)
    row_->append_merged(text_, row);
  else
    append_row(row);
  bounds_.push_back(text_.size());
}

void values_pages::append_row(params const& row) {
  if (row.empty()) refuse("the row has no values; a row of VALUES has one at least, or a row_template");
  if (row.has_names()) refuse("the row's values have names; pass a row_template that says where they stand");
  params::reader values(row);
  for (std::size_t i = 0; i < row.count(); ++i) {
    append(text_, i == 0 ? "(" : ", ");
    types::append_next(text_, values);
  }
  text_.push_back(')');
}

std::string_view values_pages::finish() {
  append(text_, tail_);
  return {text_.data(), text_.size()};
}

}  // namespace tusk::detail
