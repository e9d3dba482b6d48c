#include <tusk/mapping.hpp>
#include <tusk/results.hpp>

#include <algorithm>
#include <charconv>
#include <new>
#include <optional>
#include <tusk/types/adapt_context.hpp>
#include <tusk/types/read_any.hpp>

#include "engine/foreign_text.hpp"
#include "engine/session_types.hpp"

namespace tusk {
namespace {

std::string in_quotes(std::string_view name) { return std::string(1, '"').append(name).append(1, '"'); }

bool is_unknown(detail::column_set const& in, std::size_t index) {
  oid const type = (*in.infos)[index].type;
  return is_user_defined(type) && !(in.loaded && in.loaded->find(type));
}

std::string described(detail::column_set const& in, std::size_t index) {
  column_info const& column = (*in.infos)[index];
  std::string name(type_name(column.type));
  if (name.empty() && in.loaded) name = in.loaded->name_of(column.type);
  if (!name.empty()) name += ' ';
  return "column " + std::to_string(index) + " " + in_quotes(column.name) + " of type " + name + "(OID " +
         std::to_string(column.type) + ")";
}

/// An index as it was before it became unsigned: -1 is no huge number.
std::string as_given(std::size_t index) { return std::to_string(static_cast<std::ptrdiff_t>(index)); }

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
  throw programming_error("there is no column " + as_given(index) + ": the result has " +
                          std::to_string(in.columns->infos->size()) + ", counted from 0");
}

void throw_no_column(result_state const& in, std::string_view name) {
  std::string names;
  for (auto const& each : *in.columns->infos) names += (names.empty() ? "" : ", ") + in_quotes(each.name);
  throw programming_error("there is no column " + in_quotes(name) +
                          "; the columns are: " + (names.empty() ? "none" : names) +
                          (names.find(replacement) == names.npos
                               ? ""
                               : "; where there is " + std::string(replacement) + ", " + encoding_advice));
}

void throw_no_row(result_state const& in, std::size_t index) {
  throw programming_error("there is no row " + as_given(index) + ": the result has " + std::to_string(in.rows.size()) +
                          ", counted from 0");
}

void throw_type_mismatch(column_set const& in, std::size_t index, char const* wanted) {
  throw programming_error(described(in, index) + " cannot be read as " + type_in(wanted) +
                          "; ask for std::string, cast in the statement, register a typecaster that gives it" +
                          (is_unknown(in, index) ? ", or let load_types() find what the type is made of" : ""));
}

void throw_null(column_set const& in, std::size_t index) {
  throw data_error(described(in, index) + " is NULL here; ask for a std::optional");
}

void throw_bad_value(column_set const& in, std::size_t index, std::string_view text,
                     protocol::parse_error const& error) {
  throw data_error(described(in, index) + ", position " + std::to_string(error.position) + " of " +
                       types::excerpt(text, error.position) + ": " + error.code.message(),
                   error.code);
}

void throw_binary(column_set const& in, std::size_t column, char const* wanted) {
  throw not_supported_error(
      described(in, column) + " came in binary format, which " +
      (wanted == nullptr ? std::string("its typecaster does not read") : "cannot be read as " + type_in(wanted)) +
      "; declare the cursor without BINARY, choose text (tusk::format::text), or register the typecaster "
      "with_binary()");
}

void require_text(result_state const& in, std::size_t column, protocol::field_bytes field) {
  if (in.trust == text_trust::utf8 || is_readable(field.text(), in.trust == text_trust::foreign)) return;
  column_info const& info = (*in.columns->infos)[column];
  if (info.is_binary && info.type_size > 0 && info.type != oids::name && info.type != oids::char_) return;
  throw data_error(described(*in.columns, column) + " is not UTF-8: " + encoding_advice +
                   ", or read the value as bytes of a bytea");
}

namespace {

/// Results may outlive everything else that is static, so this is never destroyed. Its pointers have no counters: a
/// moved-from result costs next to nothing, and no memory.
struct nothing {
  std::vector<column_info> infos;
  column_set columns;
  result_state state;
  std::shared_ptr<column_set const> const to_columns{std::shared_ptr<void>(), &columns};
  std::shared_ptr<result_state const> const to_state{std::shared_ptr<void>(), &state};

  nothing() noexcept {
    columns.infos = {std::shared_ptr<void>(), &infos};
    columns.version = detail::session_types::never_stale;
    state.columns = to_columns;
  }
  static nothing const& only() noexcept {
    alignas(nothing) static std::byte place[sizeof(nothing)];
    static auto const& made = *new (place) nothing;
    return made;
  }
};

}  // namespace

std::shared_ptr<column_set const> const& no_columns() noexcept { return nothing::only().to_columns; }
std::shared_ptr<result_state const> const& no_state() noexcept { return nothing::only().to_state; }

void throw_no_result(std::size_t index, std::size_t size) {
  throw programming_error(size == 0 ? "there are no results"
                                    : "there is no result " + std::to_string(index) + ": there are " +
                                          std::to_string(size) + ", counted from 0");
}

cast_context context_of(column_set const& in, std::size_t column) {
  column_info const& info = (*in.infos)[column];
  char const delimiter = in.loaded ? in.loaded->delimiter_of(in.loaded->base_of(info.type), ',') : ',';
  return {info.type,         info.modifier, info.name,      in.date_style,
          in.interval_style, in.time_zone,  info.is_binary, delimiter};
}

namespace {

// Where nothing stands in the way of the built-in parsers.
value any_text(column_set const& in, std::size_t column, std::string_view text) {
  std::optional<protocol::parse_error> error;
  value made = in.readers[column]((*in.infos)[column].type, text, in.types[column], {in.loaded.get()}, error);
  if (error) throw_bad_value(in, column, text, *error);
  return made;
}

value any_value_slowly(result_state const& in, std::size_t column, protocol::field_bytes field) {
  column_info const& info = (*in.columns->infos)[column];
  bool const binary = in.text_limit == result_state::no_text && in.is_binary(column);
  if (in.text_limit <= result_state::empty_text) require_text(in, column, field);
  if (!in.columns->casters.empty()) {
    if (auto const& caster = in.columns->casters[column]) {
      if (binary && !caster->takes_binary()) throw_binary(*in.columns, column, nullptr);
      value made =
          caster->cast(field.is_null() ? std::nullopt : std::optional(field.text()), context_of(*in.columns, column));
      return made.is_null() ? value().of_type(info.type) : made;  // what it gave has a type of its own
    }
  }
  if (field.is_null()) return value().of_type(info.type);
  oid const type = in.columns->types[column];
  types::read_context const with{in.columns->loaded.get()};
  auto read = binary ? types::read_any_binary(field.text(), type, with) : types::read_any(field.text(), type, with);
  if (!read) throw_bad_value(*in.columns, column, field.text(), read.error());
  return (*std::move(read)).of_type(info.type);
}

}  // namespace

value any_value(result_state const& in, std::size_t column, protocol::field_bytes field) {
  bool const is_plain = in.columns->readers[column] != nullptr && in.string_limit == result_state::any_text;
  if (is_plain && !field.is_null()) [[likely]]
    return any_text(*in.columns, column, field.text());
  return any_value_slowly(in, column, field);
}

std::size_t find_column(result_state const& in, std::string_view name) {
  auto const& infos = *in.columns->infos;
  auto const found =
      std::find_if(infos.begin(), infos.end(), [&](column_info const& each) { return each.name == name; });
  if (found == infos.end()) throw_no_column(in, name);
  return static_cast<std::size_t>(found - infos.begin());
}

std::optional<std::uint64_t> counted_rows(std::string_view tag) noexcept {
  auto const number = tag.substr(tag.rfind(' ') + 1);  // npos + 1 is 0: a tag of one word is no number
  std::uint64_t count = 0;
  auto const [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
  if (error != std::errc() || end != number.data() + number.size()) return {};
  return count;
}

void throw_column_count(std::size_t columns, std::size_t wanted, char const* type) {
  throw programming_error("the statement gives " + std::to_string(columns) + " column(s), but " + type_in(type) +
                          " takes " + std::to_string(wanted) +
                          "; name the columns in the statement, or use another type");
}

void throw_row_count(std::size_t rows, bool or_none) {
  throw data_error("the statement gave " + (rows == 0 ? std::string("no row") : std::to_string(rows) + " rows") +
                   " where " + (or_none ? "at most" : "exactly") +
                   " one was asked for; use query() and look at its size, or add LIMIT 1");
}

void match_members(result_state const& in, std::span<std::string_view const> names, std::span<std::size_t> columns,
                   char const* type) {
  auto const& infos = *in.columns->infos;
  std::string without_column, ambiguous;
  std::vector<bool> used(infos.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::size_t found = 0;
    for (std::size_t j = 0; j < infos.size(); ++j) {
      if (infos[j].name != names[i]) continue;
      if (++found == 1) columns[i] = j;
      used[j] = true;
    }
    std::string& list = found == 0 ? without_column : ambiguous;
    if (found != 1) list += (list.empty() ? "" : ", ") + in_quotes(names[i]);
  }
  if (!ambiguous.empty())
    throw programming_error("more than one column is named " + ambiguous + ", so that members of " + type_in(type) +
                            " cannot be told apart; rename columns with AS, or use by_position");
  if (without_column.empty()) return;
  std::string left_over;
  for (std::size_t j = 0; j < infos.size(); ++j)
    if (!used[j]) left_over += (left_over.empty() ? "" : ", ") + in_quotes(infos[j].name);
  throw programming_error("no column is named as these members of " + type_in(type) + ": " + without_column +
                          "; columns without a member: " + (left_over.empty() ? "none" : left_over) +
                          "; rename columns with AS, or use by_position");
}

}  // namespace detail

std::uint64_t result::affected_rows() const noexcept { return detail::counted_rows(state_->tag).value_or(0); }

}  // namespace tusk
