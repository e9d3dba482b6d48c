// The wire's primitive forms: big-endian integers, NUL-terminated strings, counted bytes, and lists of them.
//
// Every message is described once, by a function `fields(io, message)` that names its fields in wire order. Three
// visitors walk that description: `reader` fills the message from bytes, `sizer` adds up how long it will be and
// refuses what cannot be sent, `writer` then writes it without further checks. No visitor is asked "did that work?"
// between two fields: errors stick, and are collected once at the end.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tusk/protocol/byte_buffer.hpp>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/expected.hpp>
#include <tusk/protocol/limits.hpp>
#include <type_traits>
#include <utility>

namespace tusk::protocol {

/// A field's bytes, or NULL.
using field_value = std::optional<std::string_view>;

template <class T>
class list;

/// A message or an element of one: it has a static `fields(io, message)`.
template <class T>
concept described = requires {
  typename T::is_described;
};

/// Fills messages from bytes. Everything it hands out is a view into those bytes.
///
/// After the first error every read gives an empty value; `finish()` tells the error, or that bytes are left over.
class reader {
 public:
  explicit reader(std::string_view bytes) noexcept : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()) {}

  template <std::integral T>
  void integer(T& value) noexcept {
    value = {};
    if (left() < sizeof(T)) return fail(errc::truncated);
    value = load_big_endian<T>(at_);
    at_ += sizeof(T);
  }
  /// A byte that must hold an enumerator of E; `valid` says which are.
  template <class E>
  void enumerator(E& value, std::string_view valid) noexcept {
    value = {};
    if (left() < 1) return fail(errc::truncated);
    if (valid.find(*at_) == valid.npos) return fail(errc::bad_value);
    value = static_cast<E>(*at_++);
  }
  /// The format of a value: 0 text, 1 binary, and there is none but these.
  template <std::integral T>
  void format(T& value) noexcept {
    char const* const at = at_;
    integer(value);
    if (value != 0 && value != 1) {
      at_ = at;
      fail(errc::bad_value);
    }
  }
  void cstring(std::string_view& value) noexcept {
    value = {};
    auto const* nul = left() == 0 ? nullptr : static_cast<char const*>(std::memchr(at_, 0, left()));
    if (nul == nullptr) return fail(errc::missing_terminator);
    value = {at_, static_cast<std::size_t>(nul - at_)};
    at_ = nul + 1;
  }
  /// Exactly `count` bytes.
  void bytes(std::string_view& value, std::size_t count) noexcept {
    value = {};
    if (left() < count) return fail(errc::truncated);
    value = {at_, count};
    at_ += count;
  }
  void rest(std::string_view& value) noexcept { bytes(value, left()); }
  void nullable(field_value& value) noexcept;

  /// A list whose count, of type Count, precedes it.
  template <std::integral Count, class T>
  void counted(list<T>& value) noexcept;
  /// A list that ends at a NUL byte where the next element would begin.
  template <class T>
  void terminated(list<T>& value) noexcept;
  /// Whether a NUL comes next: the end of a terminated list, or an element that would be taken for it.
  bool at_end_of_list() const noexcept { return left() != 0 && *at_ == '\0'; }

  template <class T>
  void element(T& value) noexcept {
    if constexpr (std::integral<T>)
      integer(value);
    else if constexpr (std::same_as<T, std::string_view>)
      cstring(value);
    else if constexpr (std::same_as<T, field_value>)
      nullable(value);
    else
      T::fields(*this, value);
  }

  void fail(errc code) noexcept {
    if (!failed()) error_ = code, failed_at_ = at_;
    at_ = end_;
  }
  bool failed() const noexcept { return error_ != errc{}; }
  /// Whether everything was read, and well.
  bool complete() const noexcept { return error_ == errc{} && at_ == end_; }

  /// The first error, or `trailing_bytes` if not everything was read; a default error_code if all is well.
  parse_error finish() noexcept {
    if (!failed() && at_ != end_) fail(errc::trailing_bytes);
    if (!failed()) return {};
    return {error_, static_cast<std::size_t>(failed_at_ - begin_)};
  }

 private:
  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }

  char const* begin_;
  char const* at_;
  char const* end_;
  char const* failed_at_ = nullptr;
  errc error_{};
};

/// Adds up how many bytes a message takes, and refuses what the wire cannot carry. The sum is 64 bits wide and its
/// terms are sizes of objects in memory, so that it cannot wrap.
class sizer {
 public:
  template <std::integral T>
  void integer(T) noexcept {
    size_ += sizeof(T);
  }
  template <class E>
  void enumerator(E, std::string_view) noexcept {
    size_ += 1;
  }
  void format(auto value) noexcept { integer(value); }
  void cstring(std::string_view value) noexcept {
    if (!value.empty() && std::memchr(value.data(), 0, value.size()) != nullptr) fail(errc::embedded_nul);
    size_ += std::uint64_t{value.size()} + 1;
  }
  void bytes(std::string_view value, std::size_t count) noexcept {
    if (value.size() != count) fail(errc::bad_value);
    rest(value);
  }
  void rest(std::string_view value) noexcept { size_ += value.size(); }
  void nullable(field_value const& value) noexcept { size_ += 4 + std::uint64_t{value ? value->size() : 0}; }
  template <std::integral Count, class T>
  void counted(list<T> const& value) noexcept {
    if (!std::in_range<std::make_unsigned_t<Count>>(value.size())) fail(errc::too_many_parameters);
    size_ += sizeof(Count) + std::uint64_t{value.encoded().size()};
  }
  template <class T>
  void terminated(list<T> const& value) noexcept;

  void fail(errc code) noexcept {
    if (error_ == errc{}) error_ = code;
  }
  errc error() const noexcept { return error_; }
  std::uint64_t size() const noexcept { return size_; }

 private:
  std::uint64_t size_ = 0;
  errc error_{};
};

/// Writes fields into memory that a `sizer` has measured before; it cannot fail.
class writer {
 public:
  explicit writer(char* at) noexcept : at_(at) {}

  template <std::integral T>
  void integer(T value) noexcept {
    store_big_endian(at_, value);
    at_ += sizeof(T);
  }
  template <class E>
  void enumerator(E value, std::string_view) noexcept {
    *at_++ = static_cast<char>(value);
  }
  void format(auto value) noexcept { integer(value); }
  void cstring(std::string_view value) noexcept {
    rest(value);
    *at_++ = '\0';
  }
  void bytes(std::string_view value, std::size_t) noexcept { rest(value); }
  void rest(std::string_view value) noexcept {
    if (!value.empty()) std::memcpy(at_, value.data(), value.size());
    at_ += value.size();
  }
  void nullable(field_value const& value) noexcept {
    integer(value ? static_cast<std::int32_t>(value->size()) : std::int32_t{-1});
    if (value) rest(*value);
  }
  template <std::integral Count, class T>
  void counted(list<T> const& value) noexcept {
    integer(static_cast<Count>(value.size()));
    rest(value.encoded());
  }
  template <class T>
  void terminated(list<T> const& value) noexcept {
    cstring(value.encoded());
  }

 private:
  char* at_;
};

/// The elements of a list, as they stand on the wire: a view that decodes an element when it is looked at.
///
/// A list that came out of `decode` is well-formed. To make one for `encode` use `list_storage`. The view is valid as
/// long as the bytes it was made from.
template <class T>
class list {
 public:
  list() = default;
  /// `encoded` must hold exactly `count` well-formed elements; `reader` and `list_storage` see to it.
  list(std::string_view encoded, std::size_t count) noexcept : encoded_(encoded), count_(count) {}

  std::size_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  std::string_view encoded() const noexcept { return encoded_; }

  class iterator {
   public:
    using value_type = T;
    using reference = T const&;
    using pointer = T const*;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;
    iterator(std::string_view bytes, std::size_t left) noexcept : reader_(bytes), left_(left) { step(); }
    T const& operator*() const noexcept { return value_; }
    T const* operator->() const noexcept { return &value_; }
    iterator& operator++() noexcept {
      --left_;
      step();
      return *this;
    }
    void operator++(int) noexcept { ++*this; }
    friend bool operator==(iterator const& a, iterator const& b) noexcept { return a.left_ == b.left_; }

   private:
    void step() noexcept {
      if (left_ != 0) reader_.element(value_);
    }
    reader reader_{{}};
    std::size_t left_ = 0;
    T value_{};
  };

  iterator begin() const noexcept { return {encoded_, count_}; }
  iterator end() const noexcept { return {{}, 0}; }

  friend bool operator==(list const&, list const&) = default;

 private:
  std::string_view encoded_;
  std::size_t count_ = 0;
};

template <std::integral Count, class T>
void reader::counted(list<T>& value) noexcept {
  value = {};
  std::make_unsigned_t<Count> count = 0;
  integer(count);
  // Each element has at least one byte, so that a lying count ends here instead of in a long loop.
  if (failed()) return;
  if (count > left()) return fail(errc::bad_count);
  char const* const first = at_;
  T each{};
  for (std::size_t i = 0; i < count && !failed(); ++i) element(each);
  if (!failed()) value = {{first, static_cast<std::size_t>(at_ - first)}, count};
}

template <class T>
void reader::terminated(list<T>& value) noexcept {
  value = {};
  char const* const first = at_;
  std::size_t count = 0;
  T each{};
  while (left() != 0 && !at_end_of_list()) {
    element(each);
    ++count;
  }
  if (failed()) return;
  if (left() == 0) return fail(errc::missing_terminator);
  value = {{first, static_cast<std::size_t>(at_ - first)}, count};
  ++at_;
}

template <class T>
void sizer::terminated(list<T> const& value) noexcept {
  // An element that begins with NUL (an empty name) would end the list where it stands.
  reader in(value.encoded());
  T each{};
  for (std::size_t i = 0; i < value.size() && !in.failed(); ++i) {
    if (in.at_end_of_list()) fail(errc::bad_value);
    in.element(each);
  }
  size_ += std::uint64_t{value.encoded().size()} + 1;
}

/// Keeps the encoded form of a list that is to be sent. `add` refuses what the wire cannot carry; such an element is
/// not added, and `error()` remembers the first refusal.
template <class T>
class list_storage {
 public:
  list_storage() = default;
  list_storage(std::initializer_list<T> values) {
    for (T const& value : values) add(value);
  }
  errc add(T const& value);
  errc error() const noexcept { return error_; }
  /// Valid until the next `add` and as long as this object.
  list<T> view() const noexcept { return {encoded_, count_}; }
  operator list<T>() const noexcept { return view(); }

 private:
  std::string encoded_;
  std::size_t count_ = 0;
  errc error_{};
};

template <class T>
errc list_storage<T>::add(T const& value) {
  sizer measure;
  if constexpr (std::integral<T>)
    measure.integer(value);
  else if constexpr (std::same_as<T, std::string_view>)
    measure.cstring(value);
  else if constexpr (std::same_as<T, field_value>)
    measure.nullable(value);
  else
    T::fields(measure, value);
  if (measure.error() == errc{} && measure.size() > max_sent_message - encoded_.size())
    measure.fail(errc::message_too_large);
  if (measure.error() != errc{}) return error_ == errc{} ? error_ = measure.error() : measure.error();

  std::size_t const old = encoded_.size();
  encoded_.resize(old + static_cast<std::size_t>(measure.size()));
  writer out(encoded_.data() + old);
  if constexpr (std::integral<T>)
    out.integer(value);
  else if constexpr (std::same_as<T, std::string_view>)
    out.cstring(value);
  else if constexpr (std::same_as<T, field_value>)
    out.nullable(value);
  else
    T::fields(out, value);
  ++count_;
  return {};
}

/// Decodes the body of a message (what follows its length word) into `message`, which becomes a view into `body`.
/// Returns false if it is malformed; `in`, a reader of `body`, then tells the error.
template <described Message>
bool decode_with(reader& in, Message& message) noexcept {
  if constexpr (requires { Message::code; }) {
    auto code = Message::code;
    in.integer(code);
    if (code != Message::code) in.fail(errc::bad_value);
  }
  Message::fields(in, message);
  return in.complete();
}

/// Decodes the body of a message. The message is a view into `body`.
/// Fails with the codes of `errc`, at a position in `body`.
template <described Message>
expected<Message> decode(std::string_view body) noexcept {
  Message message{};
  reader in(body);
  if (!decode_with(in, message)) return in.finish();
  return message;
}

/// How long a message is on the wire, its length word included and its type byte not; or why it cannot be sent:
/// `embedded_nul`, `too_many_parameters`, `message_too_large`, or `bad_value` (a salt of another length than 4, an
/// empty name in a list that an empty name would end).
template <described Message>
errc measure(Message const& message, std::uint64_t& length) noexcept {
  sizer sum;
  if constexpr (requires { Message::code; }) sum.integer(Message::code);
  Message::fields(sum, message);
  length = 4 + sum.size();
  if (length > Message::max_sent) sum.fail(errc::message_too_large);
  return sum.error();
}

/// Writes a message that `measure` found to have that length.
template <described Message>
void write(writer& to, Message const& message, std::uint64_t length) noexcept {
  if constexpr (Message::type != '\0') to.integer(Message::type);
  to.integer(static_cast<std::uint32_t>(length));
  if constexpr (requires { Message::code; }) to.integer(Message::code);
  Message::fields(to, message);
}

/// Appends a whole message, type byte and length included, to `out`. On error nothing is appended.
/// Fails with the codes of `measure`.
template <described Message>
std::error_code encode(byte_buffer& out, Message const& message) {
  std::uint64_t length = 0;
  if (errc const error = measure(message, length); error != errc{}) return error;
  writer to(out.append((Message::type != '\0' ? 1 : 0) + static_cast<std::size_t>(length)));
  write(to, message, length);
  return {};
}

/// What every message inherits: an untyped one overrides `type`, a shorter one `max_sent`.
struct message_base {
  using is_described = void;
  static constexpr std::uint64_t max_sent = max_sent_message;
};

}  // namespace tusk::protocol
