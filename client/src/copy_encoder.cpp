// Escaping and quoting: most values need none, so they are looked at eight bytes at a time where they stand.

#include <tusk/copy_encoder.hpp>

#include <cstring>
#include <tusk/types/error.hpp>

namespace tusk::detail {
namespace {

constexpr std::string_view file_header("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0",
                                       19);  // flags and the header's extension: none
constexpr std::uint64_t ones = 0x0101'0101'0101'0101, highs = 0x8080'8080'8080'8080;

/// Not zero if one of the bytes is zero.
constexpr std::uint64_t zeros(std::uint64_t word) noexcept { return (word - ones) & ~word & highs; }

/// What COPY TO writes behind a backslash for a control character; 0: that is itself.
constexpr char letter_of(char c) noexcept {
  switch (c) {
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\v': return 'v';
    default: return 0;
  }
}

constexpr bool may_be_in_number(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '+' || c == '.';
}

}  // namespace

void copy_encoder::begin(copy_format const& how) {
  how_ = how;
  begun_ = true;
  bool const csv = how.kind == copy_kind::csv;
  char const bytes[] = {how.delimiter, csv ? how.quote : '\\', csv ? '\n' : '\\', csv ? '\r' : '\\'};
  for (std::size_t i = 0; i < specials_.size(); ++i) specials_[i] = ones * static_cast<unsigned char>(bytes[i]);
  numbers_are_plain_ = !may_be_in_number(how.delimiter) && !(csv && may_be_in_number(how.quote)) &&
                       (how.null.empty() || !may_be_in_number(how.null[0]));
  if (has_data_) return;
  if (how.kind == copy_kind::binary)
    write(file_header);
  else if (how.header)
    write("\n");
}

void copy_encoder::end() {
  if (begun_ && how_.kind == copy_kind::binary) write("\377\377");
}

void copy_encoder::begin_row(std::size_t columns) {
  is_first_ = true;
  is_only_ = columns == 1;
  if (how_.kind != copy_kind::binary) return;
  if (columns > 0x7fff) throw programming_error("a row has more columns than a table can have");
  protocol::store_big_endian(buffer_.reserve(2), static_cast<std::int16_t>(columns));
  buffer_.commit(2);
}

void copy_encoder::escape(std::size_t start) {
  std::size_t const size = buffer_.size() - start;
  char const* const at = buffer_.data() + start;
  bool const csv = how_.kind == copy_kind::csv;
  bool const may_be_null = size == how_.null.size() && std::string_view(at, size) == how_.null;
  bool special = may_be_null;
  std::size_t i = 0;
  for (; i + 8 <= size && !special; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at + i, 8);
    std::uint64_t found = zeros(word ^ specials_[0]) | zeros(word ^ specials_[1]);
    if (csv)
      found |= zeros(word ^ specials_[2]) | zeros(word ^ specials_[3]);
    else
      found |= (word - ones * 0x20) & ~word & highs;  // a control character
    special = found != 0;
  }
  for (; i < size && !special; ++i) {
    char const c = at[i];
    special = c == how_.delimiter ||
              (csv ? c == how_.quote || c == '\n' || c == '\r' : c == '\\' || static_cast<unsigned char>(c) < 0x20);
  }
  if (csv && is_only_ && size == 2 && at[0] == '\\' && at[1] == '.') special = true;  // it would end the data
  if (!special) return;
  if (csv)
    quote_csv(start);
  else
    escape_text(start);
}

void copy_encoder::escape_text(std::size_t start) {
  scratch_.assign(buffer_.data() + start, buffer_.size() - start);
  buffer_.truncate(start);
  for (char const c : scratch_) {
    char const letter = letter_of(c);
    if (letter != 0 || c == '\\' || c == how_.delimiter) buffer_.push_back('\\');
    buffer_.push_back(letter != 0 ? letter : c);
  }
  if (std::string_view(buffer_.data() + start, buffer_.size() - start) != how_.null) return;
  if (how_.null.empty()) throw data_error("an empty text cannot be told from NULL, as the COPY statement says NULL ''");
  // The first character as its number: that is read as the same value, but is not what stands for NULL.
  constexpr char digits[] = "0123456789abcdef";
  auto const first = static_cast<unsigned char>(how_.null[0]);
  buffer_.truncate(start);
  char const number[] = {'\\', 'x', digits[first >> 4], digits[first & 15]};
  buffer_.append(number, sizeof number);
  buffer_.append(how_.null.data() + 1, how_.null.size() - 1);
}

void copy_encoder::quote_csv(std::size_t start) {
  scratch_.assign(buffer_.data() + start, buffer_.size() - start);
  buffer_.truncate(start);
  buffer_.push_back(how_.quote);
  for (char const c : scratch_) {
    if (c == how_.quote || c == how_.escape) buffer_.push_back(how_.escape);
    buffer_.push_back(c);
  }
  buffer_.push_back(how_.quote);
}

void copy_encoder::add_params(params const& from) {
  from.require_bindable();
  std::size_t const begin = buffer_.size();
  try {
    begin_row(from.count());
    params::reader values(from);
    for (std::size_t i = 0; i < from.count(); ++i) {
      auto const value = values.text();
      values.skip(value ? value->size() : 0);
      if (!value) {
        add_null();
        continue;
      }
      bool const binary = how_.kind == copy_kind::binary;
      if (binary != from.is_binary(i))
        throw programming_error(binary
                                    ? "gathered params hold text, and this COPY is binary: give the values themselves"
                                    : "gathered params hold a binary value, and this COPY is none");
      std::size_t const start = begin_field();
      buffer_.append(value->data(), value->size());
      if (binary)
        end_binary(start, false);
      else
        escape(start);
    }
    end_row();
  } catch (...) {
    buffer_.truncate(begin);
    throw;
  }
}

void copy_encoder::throw_no_binary() {
  throw programming_error(
      "a value has no binary form, and this COPY is binary: its adapter needs `static void binary(T const&, "
      "tusk::binary_writer&)`, or the COPY another FORMAT");
}
void copy_encoder::throw_is_sql() {
  throw programming_error("a value is a part of a statement (as_is, a list), which a row of COPY cannot have");
}

}  // namespace tusk::detail
