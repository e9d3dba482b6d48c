// The parts of arrays that are not templates: shapes, the structure of an array's text, quoting.
#include <tusk/types/array.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include <tusk/types/error.hpp>
#include <tusk/types/number.hpp>

namespace tusk::types {
namespace {

constexpr std::int64_t max_bound = std::numeric_limits<std::int32_t>::max();

// The server adds the size to the lower bound, and wants that in 32 bits too.
bool fits(array_dimension const& of) noexcept {
  return of.size <= max_bound && of.lower + static_cast<std::int64_t>(of.size) <= max_bound;
}

// Eight characters at a time: adding 0x7f sets the high bit of every byte that is not zero, and carries nothing on.
// Each byte of `sums` counts in its own column, of so many rows that neither it nor their sum overflows a byte.
std::size_t count_of(std::string_view text, char wanted) noexcept {
  constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
  constexpr std::size_t rows = 255 / 8;
  std::size_t count = 0;
  while (text.size() >= 8) {
    char const* at = text.data();
    char const* const end = at + 8 * std::min(text.size() / 8, rows);
    std::uint64_t sums = 0;
    for (; at != end; at += 8) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, at, 8);
      eight ^= ones * static_cast<unsigned char>(wanted);
      std::uint64_t const others = ((eight & ones * 0x7f) + ones * 0x7f) | eight;
      sums += ~others >> 7 & ones;
    }
    count += static_cast<std::size_t>(sums * ones >> 56);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  for (char const c : text) count += c == wanted ? 1 : 0;
  return count;
}

}  // namespace

// ---- shapes ---------------------------------------------------------------------------------------------------------

array_shape::array_shape(std::span<array_dimension const> dimensions, std::size_t count) {
  if (dimensions.size() > max_dimensions) {
    throw programming_error("an array has at most 6 dimensions, not " + std::to_string(dimensions.size()));
  }
  std::size_t product = dimensions.empty() ? 0 : 1;
  for (array_dimension const& each : dimensions) {
    if (!fits(each)) throw programming_error("the bounds of an array do not fit in 32 bits");
    if (__builtin_mul_overflow(product, each.size, &product)) product = std::numeric_limits<std::size_t>::max();
  }
  if (product != count) {
    throw programming_error("the dimensions of an array are not those of its " + std::to_string(count) + " elements");
  }
  if (count == 0) return;
  std::copy(dimensions.begin(), dimensions.end(), dimensions_.begin());
  count_ = dimensions.size();
}

std::size_t array_shape::place(std::span<std::int64_t const> index) const {
  if (index.size() != count_) {
    throw programming_error("an array of " + std::to_string(count_) + " dimensions has no element with " +
                            std::to_string(index.size()) + " indices");
  }
  std::size_t place = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    auto const [lower, size] = dimensions_[i];
    if (index[i] < lower || index[i] >= lower + static_cast<std::int64_t>(size)) {
      throw programming_error("index " + std::to_string(index[i]) + " is outside of dimension " +
                              std::to_string(i + 1) + ", which begins at " + std::to_string(lower) + " and has " +
                              std::to_string(size) + " elements");
    }
    place = place * size + static_cast<std::size_t>(index[i] - lower);
  }
  return place;
}

// ---- reading --------------------------------------------------------------------------------------------------------

array_reader::array_reader(std::string_view text, char delimiter) noexcept
    : text_(text), reader_(text), delimiter_(delimiter) {
  bool const bounds = reader_.at('[');
  if (bounds && !read_bounds()) return;
  if (text == "{}") return;
  std::size_t const claimed = shape_.dimensions().size();
  std::size_t open = 0;
  for (; reader_.take('{'); ++open) {
    if (open == array_shape::max_dimensions) {
      fail(errc::too_deep, reader_.position() - 1);
      return;
    }
    if (!bounds) shape_.add({1, 0});
  }
  more_ = open != 0 && (!bounds || open == claimed);
  if (!more_) fail();
}

// [lower:upper] for each dimension, and `=`. The sizes are what the braces have to agree with.
bool array_reader::read_bounds() {
  auto const read_number = [this](char end) -> std::optional<std::int32_t> {
    std::size_t const from = reader_.position();
    std::size_t const size = text_.substr(from).find(end);
    if (size == std::string_view::npos) return std::nullopt;
    auto const number = parse_integer<std::int32_t>(text_.substr(from, size));
    if (!number) return std::nullopt;
    reader_.skip(size + 1);
    return *number;
  };
  while (reader_.take('[')) {
    std::size_t const from = reader_.position();
    if (shape_.dimensions().size() == array_shape::max_dimensions) return fail(errc::too_deep, from - 1);
    auto const lower = read_number(':');
    auto const upper = lower ? read_number(']') : std::nullopt;
    if (!upper) return fail();
    if (*upper < *lower) return fail(errc::malformed_array, from);
    array_dimension const dimension{*lower, static_cast<std::size_t>(std::int64_t{*upper} - *lower + 1)};
    if (!fits(dimension)) return fail(errc::out_of_range, from);
    shape_.add(dimension);
  }
  return reader_.take('=') || fail();
}

// After the last element of a level: closes it, and those above that end with it; opens the next one.
bool array_reader::close_levels() {
  std::span<array_dimension> const dimensions = shape_.dimensions();
  for (std::size_t level = dimensions.size(); level-- > 0;) {
    if (!reader_.take('}')) return fail();
    std::size_t& size = dimensions[level].size;
    if (size == 0) size = counts_[level];
    if (size != counts_[level]) return fail(errc::malformed_array, reader_.position() - 1);
    if (level == 0) break;
    counts_[level] = 0;
    ++counts_[level - 1];
    if (reader_.take(delimiter_)) {
      for (; level < dimensions.size(); ++level) {
        if (!reader_.take('{')) return fail();
      }
      return true;
    }
  }
  if (!reader_.at_end()) fail();
  return false;
}

bool array_reader::fail(errc why, std::size_t position) noexcept {
  error_ = protocol::parse_error{why, position};
  return false;
}

std::size_t array_reader::expected_count() const noexcept {
  if (!more_) return 0;
  return types::expected_count(text_, delimiter_);
}

std::size_t expected_count(std::string_view text, char delimiter) noexcept {
  // What is in quotes may hold any number of delimiters, so in a long text those behind the first quote do not count.
  std::string_view const counted = text.size() <= short_array ? text : text.substr(0, text.find('"'));
  return std::min(count_of(counted, delimiter) + 1, text.size() / 2);
}

array_header take_array_header(binary_reader& in, oid element, read_context const& with) noexcept {
  array_header header;
  auto const count = in.take<std::int32_t>();
  auto const flags = in.take<std::int32_t>();
  header.element = read_as(in.take<oid>(), with);
  if (in.failed()) return header;
  if (count < 0) in.fail_at(0);
  if (count > static_cast<std::int32_t>(array_shape::max_dimensions)) in.fail_at(0, errc::too_deep);
  if (flags != 0 && flags != 1) in.fail_at(sizeof(std::int32_t));
  if (element != 0 && header.element != element) in.fail_at(header.element_position, errc::wrong_type);
  std::uint64_t elements = count > 0 ? 1 : 0;
  std::size_t const most = in.left() / sizeof(std::int32_t);
  for (std::int32_t i = 0; i < count && !in.failed(); ++i) {
    std::size_t const at = in.position();
    auto const size = in.take<std::int32_t>();
    auto const lower = in.take<std::int32_t>();
    if (in.failed()) break;
    // An int2vector or oidvector without elements has a dimension all the same.
    bool const may_be_vector = count == 1 && (header.element == oids::int2 || header.element == oids::oid);
    if (size == 0 && may_be_vector && in.left() == 0) return header;
    array_dimension const dimension{lower, static_cast<std::size_t>(std::max(size, 0))};
    elements *= dimension.size;  // both are less than 2^31
    if (elements == 0 || elements > most) in.fail_at(at);
    if (!fits(dimension)) in.fail_at(at + sizeof size, errc::out_of_range);
    header.shape.add(dimension);
  }
  header.count = static_cast<std::size_t>(elements);
  if (!in.failed() && header.count > in.left() / sizeof(std::int32_t)) in.fail_at(header.shape_position);
  return header;
}

// ---- writing --------------------------------------------------------------------------------------------------------

void write_array_element(std::string_view text, char delimiter, text_writer& out) {
  if (text.empty() || is_null_word(text) || find_special(text, 0, delimiter, '{', '}', '"', '\\') != text.size()) {
    write_quoted(text, '\\', out);
  } else {
    out.unchecked(text);
  }
}

void write_array_bounds(std::span<array_dimension const> dimensions, text_writer& out) {
  if (std::all_of(dimensions.begin(), dimensions.end(), [](auto const& each) { return each.lower == 1; })) return;
  for (auto const& each : dimensions) {
    out << '[' << each.lower << ':' << each.lower + static_cast<std::int64_t>(each.size) - 1 << ']';
  }
  out << '=';
}

void throw_ragged_array() {
  std::error_code const code = errc::ragged_array;
  throw data_error(code.message(), code);
}

}  // namespace tusk::types
