#include <tusk/result.hpp>

#include <algorithm>
#include <charconv>

namespace tusk {
namespace {

std::string quoted(std::string_view name) { return std::string(1, '"').append(name).append(1, '"'); }

std::string described(column_info const& column, std::size_t index) {
  std::string_view const known = type_name(column.type);
  return "column " + std::to_string(index) + " " + quoted(column.name) + " of type " +
         (known.empty() ? "" : std::string(known) + " ") + "(OID " + std::to_string(column.type) + ")";
}

/// At most 40 bytes of a value, without characters that a terminal obeys.
std::string excerpt(std::string_view text) {
  std::string safe;
  for (char c : text.substr(0, 40)) safe += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return "'" + safe + (text.size() > 40 ? "'..." : "'");
}

/// The T in a compiler's text "... [with T = int]" or "... [T = int]".
std::string type_in(std::string_view pretty) {
  auto const at = pretty.find("T = ");
  if (at == pretty.npos) return std::string(pretty);
  auto const from = pretty.substr(at + 4);
  return std::string(from.substr(0, from.find_last_of(']')));
}

}  // namespace

namespace detail {

void throw_no_column(result_state const& in, std::size_t index) {
  throw programming_error("there is no column " + std::to_string(index) + ": the result has " +
                          std::to_string(in.columns->size()) + ", counted from 0");
}

void throw_no_column(result_state const& in, std::string_view name) {
  std::string names;
  for (auto const& each : *in.columns) names += (names.empty() ? "" : ", ") + quoted(each.name);
  throw programming_error("there is no column " + quoted(name) +
                          "; the columns are: " + (names.empty() ? "none" : names));
}

void throw_no_row(result_state const& in, std::size_t index) {
  throw programming_error("there is no row " + std::to_string(index) + ": the result has " +
                          std::to_string(in.rows.size()) + ", counted from 0");
}

void throw_type_mismatch(column_info const& column, std::size_t index, char const* wanted) {
  throw programming_error(described(column, index) + " cannot be read as " + type_in(wanted) +
                          "; ask for std::string, or cast in the statement");
}

void throw_null(column_info const& column, std::size_t index) {
  throw data_error(described(column, index) + " is NULL here; ask for a std::optional");
}

void throw_bad_value(column_info const& column, std::size_t index, std::string_view text,
                     protocol::parse_error const& error) {
  throw data_error(described(column, index) + ", position " + std::to_string(error.position) + " of " + excerpt(text) +
                       ": " + error.code.message(),
                   error.code);
}

void throw_not_utf8(column_info const& column, std::size_t index) {
  throw data_error(described(column, index) +
                   " is not UTF-8: client_encoding was changed after the connection was made; set it back with SET "
                   "client_encoding TO 'UTF8', or read the value as bytes of a bytea");
}

std::size_t find_column(result_state const& in, std::string_view name) {
  auto const found =
      std::find_if(in.columns->begin(), in.columns->end(), [&](column_info const& each) { return each.name == name; });
  if (found == in.columns->end()) throw_no_column(in, name);
  return static_cast<std::size_t>(found - in.columns->begin());
}

}  // namespace detail

result::result() {
  static auto const nothing = [] {
    auto state = std::make_shared<detail::result_state>();
    state->columns = std::make_shared<std::vector<column_info>>();
    return state;
  }();
  state_ = nothing;
}

std::span<column_info const> result::columns() const noexcept { return *state_->columns; }

std::uint64_t result::affected_rows() const noexcept {
  std::string_view const tag = state_->tag;
  auto const space = tag.rfind(' ');
  if (space == tag.npos) return 0;
  std::uint64_t count = 0;
  auto const number = tag.substr(space + 1);
  auto const [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
  return error == std::errc() && end == number.data() + number.size() ? count : 0;
}

}  // namespace tusk
