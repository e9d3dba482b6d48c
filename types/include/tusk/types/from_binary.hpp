// How the binary form of a field becomes a C++ value: from_binary<T>, beside from_text<T>.
//
//   field of a row (bytes, OID of its column) ─► from_binary<T>::parse ─► value, or code and position
//
// The same C++ types are read, with the same values: for each type of PostgreSQL that has a binary form, from_binary<T>
// reads it if from_text<T> reads its text. The parsers of the built-in types are in binary_number.hpp and its
// neighbours; builtin.hpp has all of them. They are strict, and none throws, recurses without a bound, or takes memory
// for what the bytes only promise.
//
// Source: the functions *_recv of PostgreSQL, which are the only description of these forms.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tusk/protocol/expected.hpp>
#include <tusk/protocol/wire.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>

namespace tusk {

/// Says how values of `T` are read from the binary form. A specialisation has
///
///     static constexpr bool reads(tusk::oid type);                                        // asked once a column
///     static tusk::protocol::expected<T> parse(std::string_view bytes, tusk::oid type);   // of one that it reads
///
/// NULL is `from_text<T>::null()`.
template <class T>
struct from_binary;

/// Whether values of `T` can be read from the binary form.
template <class T>
concept binary_readable = readable<T> && requires(std::string_view bytes, oid type) {
  { from_binary<T>::reads(type) } -> std::same_as<bool>;
  { from_binary<T>::parse(bytes, type) } -> std::same_as<protocol::expected<T>>;
};

namespace types {

/// How many row values may be in one another. As text each has the quotes of the one inside doubled, so that no more
/// than some 30 fit in any message; in the binary form they are as many as their bytes, and reading them is recursive.
inline constexpr int max_binary_depth = 64;

/// Reads the binary form of a field, or of a part of one. `type` is its OID, one that `from_binary<T>::reads`.
template <class T>
protocol::expected<T> read_binary(std::string_view bytes, oid type, [[maybe_unused]] read_context const& in = {}) {
  if constexpr (requires { from_binary<T>::parse(bytes, type, in); }) {
    return from_binary<T>::parse(bytes, type, in);
  } else {
    return from_binary<T>::parse(bytes, type);
  }
}

/// Takes a binary form apart. It is sticky: the first thing that is not as it should be is kept with its position,
/// nothing more is taken then, integers are 0 and parts empty, and one question at the end, `finish`, is enough.
class binary_reader {
 public:
  explicit binary_reader(std::string_view bytes) noexcept
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()) {}

  /// A big-endian integer.
  template <std::integral T>
  T take() noexcept {
    if (left() < sizeof(T)) return fail(), T{};
    T const value = protocol::load_big_endian<T>(at_);
    at_ += sizeof(T);
    return value;
  }
  /// So many bytes; they are there, or it fails.
  std::string_view take(std::size_t size) noexcept {
    if (left() < size) return fail(), std::string_view();
    std::string_view const taken(at_, size);
    at_ += size;
    return taken;
  }
  /// A length and so many bytes; nothing for -1, which stands for NULL.
  std::optional<std::string_view> field() noexcept {
    auto const size = take<std::int32_t>();
    if (size == -1) return std::nullopt;
    if (size < 0) fail_at(position() - 4);
    return take(static_cast<std::size_t>(size < 0 ? 0 : size));
  }
  /// All that is left.
  std::string_view rest() noexcept { return take(left()); }

  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  std::size_t position() const noexcept { return static_cast<std::size_t>(at_ - begin_); }

  /// What comes next is not what it should be.
  void fail(std::error_code why = errc::malformed_binary) noexcept { fail_at(position(), why); }
  /// What was read before, at this position, is not what it should be.
  void fail_at(std::size_t position, std::error_code why = errc::malformed_binary) noexcept {
    if (!failed()) error_ = {why, position};
    end_ = at_;
  }
  bool failed() const noexcept { return static_cast<bool>(error_.code); }
  /// What was wrong; no code: all was as it should be, and nothing is left.
  protocol::parse_error finish() noexcept {
    if (!failed() && at_ != end_) fail();
    return error_;
  }

 private:
  char const* begin_;
  char const* at_;
  char const* end_;
  protocol::parse_error error_;
};

/// Where a value of so many bytes, which should have `size`, is wrong: where the bytes that are missing belong to, or
/// where those begin that are too many.
constexpr std::size_t misfit(std::size_t bytes, std::size_t size) noexcept { return bytes < size ? 0 : size; }

/// Whether the binary form of the type whose adapter a `T` has is a `T` in big-endian order.
template <class T>
concept fixed_in_binary = (std::signed_integral<T> && sizeof(T) >= 2 && sizeof(T) <= 8 && !std::same_as<T, wchar_t>) ||
                          std::same_as<T, float> || std::same_as<T, double>;

/// A value that is one big-endian integer, or one floating point number of IEEE 754.
template <class T>
requires std::integral<T> || std::floating_point<T> protocol::expected<T> parse_fixed(std::string_view bytes)
noexcept {
  if (bytes.size() != sizeof(T)) return protocol::parse_error{errc::malformed_binary, misfit(bytes.size(), sizeof(T))};
  if constexpr (std::integral<T>) {
    return protocol::load_big_endian<T>(bytes.data());
  } else {
    using word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    return std::bit_cast<T>(protocol::load_big_endian<word>(bytes.data()));
  }
}

/// An error of a part that begins at `position`.
inline protocol::parse_error shifted(protocol::parse_error error, std::size_t position) noexcept {
  return {error.code, error.position + position};
}

}  // namespace types

/// Whatever its values are read from, and NULL.
template <binary_readable T>
struct from_binary<std::optional<T>> {
  static constexpr bool reads(oid type) { return from_binary<T>::reads(type); }
  static protocol::expected<std::optional<T>> parse(std::string_view bytes, oid type) { return parse(bytes, type, {}); }
  static protocol::expected<std::optional<T>> parse(std::string_view bytes, oid type, types::read_context const& in) {
    auto value = types::read_binary<T>(bytes, type, in);
    if (!value) return value.error();
    return std::optional<T>(*std::move(value));
  }
};

}  // namespace tusk
