// Rows of C++ values as COPY FROM STDIN takes them: text, CSV or binary.
//
//   value ─► adapter<T>::text ─► escaped where it stands ─► '\n'           text, CSV
//   value ─► adapter<T>::binary, behind its length                         binary
//
// Text is written as COPY TO writes it, byte for byte. Source: PostgreSQL's documentation, "COPY", "File Formats".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <tusk/copy_format.hpp>
#include <tusk/elements.hpp>
#include <tusk/types/aggregate.hpp>
#include <tusk/types/argument.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/params.hpp>
#include <type_traits>
#include <utility>

namespace tusk::detail {

/// Whether the binary form of what an adapter writes is its text: that of strings, enums, xml.
template <class T>
concept text_in_binary = adaptable<T> &&(std::is_base_of_v<adapter<std::string_view>, adapter<T>> ||
                                         std::is_same_v<T, char const*> || requires { adapter<T>::labels; });

/// Gathers rows in a buffer that its owner empties. One thread at a time.
class copy_encoder {
 public:
  explicit copy_encoder(adapter_registry const* registry) noexcept : registry_(registry) {}

  /// Before the first row. Writes what stands in front of all rows, unless data was written before.
  void begin(copy_format const& how);
  bool has_begun() const noexcept { return begun_; }
  /// Behind the last row: writes what stands there.
  void end();

  /// A row of these values. If an adapter throws, nothing of the row is there.
  template <class... Values>
  void row(Values const&... values) {
    std::size_t const start = buffer_.size();
    try {
      begin_row(sizeof...(Values));
      (field(values), ...);
      end_row();
    } catch (...) {
      buffer_.truncate(start);
      throw;
    }
  }
  /// A row of a tuple's or an aggregate's members, of gathered params, or of the one value.
  template <class Row>
  void add(Row const& from) {
    if constexpr (std::is_same_v<Row, params>)
      add_params(from);
    else if constexpr (is_tuple<Row>)
      std::apply([this](auto const&... each) { this->row(each...); }, from);
    else if constexpr (types::aggregate<Row> && !argument<Row>)
      std::apply([this](auto const&... each) { this->row(each...); }, types::members(from));
    else
      row(from);
  }
  /// Data as it is.
  void write(std::string_view bytes) {
    has_data_ = true;
    buffer_.append(bytes.data(), bytes.size());
  }
  /// Whether there was any.
  bool has_data() const noexcept { return has_data_; }

  std::string_view bytes() const noexcept { return {buffer_.data(), buffer_.size()}; }
  std::size_t size() const noexcept { return buffer_.size(); }
  std::uint64_t rows() const noexcept { return rows_; }
  /// What was there was sent. The memory is used again.
  void clear() noexcept { buffer_.truncate(0); }
  void release() noexcept { buffer_ = {}; }

 private:
  static constexpr std::size_t length_size = 4;

  void begin_row(std::size_t columns);
  void end_row() {
    if (how_.kind != copy_kind::binary) buffer_.push_back('\n');
    ++rows_;
  }
  /// The delimiter, or room for the length; where the value begins.
  std::size_t begin_field() {
    if (how_.kind == copy_kind::binary) {
      buffer_.reserve(length_size);
      buffer_.commit(length_size);
    } else if (!std::exchange(is_first_, false)) {
      buffer_.push_back(how_.delimiter);
    }
    return buffer_.size();
  }
  void end_binary(std::size_t start, bool null) noexcept {
    auto const size = static_cast<std::int32_t>(buffer_.size() - start);  // below 2^30, as the buffer grants
    protocol::store_big_endian(buffer_.data() + start - length_size, null ? std::int32_t{-1} : size);
  }

  template <class T>
  void field(T const& value) {
    using type = types::adapted<T>;
    types::require_adapter<type>();
    if constexpr (types::holds_optional<type>) {
      if (value) return field(*value);
      return add_null();
    } else if constexpr (argument<type>) {  // otherwise the one message is enough
      if (how_.kind == copy_kind::binary)
        binary_field<type>(value);
      else
        text_field<type>(value);
    }
  }
  template <class T>
  void binary_field(T const& value) {
    if constexpr (binary_adaptable<T>) {
      std::size_t const start = begin_field();
      bool const null = types::is_null<T>(value);
      if (!null) {
        binary_writer out(buffer_);
        adapter<T>::binary(value, out);
      }
      end_binary(start, null);
    } else if constexpr (text_in_binary<T>) {
      std::size_t const start = begin_field();
      bool const null = types::is_null<T>(value);
      if (!null) {
        text_writer out(buffer_);
        adapter<T>::text(value, out);
      }
      end_binary(start, null);
    } else {
      if constexpr (adaptable<T>) {
        if (types::is_null<T>(value)) return add_null();
      }
      throw_no_binary();
    }
  }
  template <class T>
  void text_field(T const& value) {
    std::size_t const start = begin_field();
    if constexpr (types::has_fixed_type<T>()) {
      if (types::is_null<T>(value)) return append_null();
      text_writer out(buffer_);
      adapter<T>::text(value, out);
      if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, char>) {
        if (numbers_are_plain_) return;
      }
    } else {
      adapt_context const context(registry_);
      auto const how = types::write_argument<T>(value, buffer_, context, false);
      if (how.as == types::shape::null) return append_null();
      if (how.as == types::shape::sql) throw_is_sql();
    }
    escape(start);
  }

  void add_null() {
    std::size_t const start = begin_field();
    if (how_.kind == copy_kind::binary) return end_binary(start, true);
    append_null();
  }
  void append_null() { buffer_.append(how_.null.data(), how_.null.size()); }
  void add_params(params const& from);
  /// Of the value that stands from there on: whatever would be read as something else.
  void escape(std::size_t start);
  void escape_text(std::size_t start);
  void quote_csv(std::size_t start);
  [[noreturn]] static void throw_no_binary();
  [[noreturn]] static void throw_is_sql();

  adapter_registry const* registry_;
  types::text_buffer buffer_;
  copy_format how_;
  std::array<std::uint64_t, 4> specials_{};  // bytes that have to be looked at, eight times each
  std::string scratch_;
  std::uint64_t rows_ = 0;
  bool begun_ = false, has_data_ = false, is_first_ = true, is_only_ = false;
  bool numbers_are_plain_ = true;  // no number has a special byte, or means NULL
};

}  // namespace tusk::detail
