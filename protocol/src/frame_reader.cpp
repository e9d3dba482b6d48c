#include <tusk/protocol/frame_reader.hpp>

#include <algorithm>
#include <cstring>
#include <new>
#include <tusk/protocol/frontend.hpp>

namespace tusk::protocol {
namespace {

// The length word counts itself, so that the shortest message has 4.
constexpr std::uint32_t no_fields = 4, smallest_startup = 8, largest_startup = max_startup_packet;

struct length_rule {
  char type;
  std::uint32_t minimum, maximum;
};
constexpr std::uint32_t user_limit = 0xffff'ffff;  // limits::max_message decides

constexpr length_rule before_authentication[] = {
    {'R', 8, max_before_authentication}, {'v', 8, max_before_authentication}, {'E', 8, max_early_error}};

constexpr length_rule from_server[] = {{'R', 8, max_before_authentication},
                                       {'v', 8, max_before_authentication},
                                       {'K', 12, 4 + 4 + 256},
                                       {'E', 5, user_limit},
                                       {'N', 5, user_limit},
                                       {'A', 10, user_limit},
                                       {'S', 6, max_short_message},
                                       {'Z', 5, 5},
                                       {'T', 6, user_limit},
                                       {'D', 6, user_limit},
                                       {'C', 5, max_short_message},
                                       {'I', no_fields, no_fields},
                                       {'1', no_fields, no_fields},
                                       {'2', no_fields, no_fields},
                                       {'3', no_fields, no_fields},
                                       {'n', no_fields, no_fields},
                                       {'s', no_fields, no_fields},
                                       {'t', 6, user_limit},
                                       {'V', 8, user_limit},
                                       {'G', 7, max_short_message},
                                       {'H', 7, max_short_message},
                                       {'W', 7, max_short_message},
                                       {'d', no_fields, user_limit},
                                       {'c', no_fields, no_fields}};

constexpr length_rule from_client[] = {
    {'p', 4, max_password_message}, {'Q', 5, user_limit},         {'P', 8, user_limit},
    {'B', 12, user_limit},          {'D', 6, max_short_message},  {'E', 9, max_short_message},
    {'C', 6, max_short_message},    {'S', no_fields, no_fields},  {'H', no_fields, no_fields},
    {'X', no_fields, no_fields},    {'d', no_fields, user_limit}, {'c', no_fields, no_fields},
    {'f', 5, user_limit},           {'F', 14, user_limit}};

using rule_table = std::array<length_range, 256>;
/// The lists above, by type byte.
constexpr rule_table spread(std::span<length_rule const> rules) {
  rule_table result{};
  result.fill({});  // as it is already, but g++ 12 puts zeros between the elements that are changed below
  for (auto const& each : rules)
    result[static_cast<unsigned char>(each.type)] = {each.minimum, each.maximum - each.minimum};
  return result;
}
constexpr rule_table early_rules = spread(before_authentication), server_rules = spread(from_server),
                     client_rules = spread(from_client), no_rules{};

}  // namespace

buffer_memory allocate_buffer(std::size_t size) {
  auto* const memory = static_cast<char*>(std::malloc(size));
  if (memory == nullptr) throw std::bad_alloc();
  return buffer_memory(memory);
}

void shrink_buffer(buffer_memory& memory, std::size_t size) noexcept {
  auto* const smaller = static_cast<char*>(std::realloc(memory.get(), size));
  if (smaller == nullptr) return;  // then it stays as large as it was
  (void)memory.release();
  memory.reset(smaller);
}

frame_reader::frame_reader(peer from, limits const& limit)
    : max_message_(std::min(limit.max_message, 0x7fff'ff00u)),
      rules_(from == peer::client ? client_rules.data() : early_rules.data()),
      untyped_(from == peer::client) {}

void frame_reader::authenticated() noexcept {
  if (rules_ == early_rules.data()) rules_ = server_rules.data();
}

frame_status frame_reader::next_untyped(frame& out) noexcept {
  if (error_ != errc{}) return frame_status::invalid;
  std::size_t const held = end_ - begin_;
  if (held < 4) return frame_status::incomplete;
  char const* const at = memory_.get() + begin_;
  auto const length = load_big_endian<std::uint32_t>(at);
  if (length < smallest_startup || length > largest_startup) return refuse('\0', length);
  if (held < length) return frame_status::incomplete;
  out = {'\0', {at + 4, length - 4}};
  begin_ += length;
  // After a StartupMessage every message has a type; the requests leave the choice open.
  auto const code = load_big_endian<std::int32_t>(at + 4);
  untyped_ = code == ssl_request::code || code == gssenc_request::code || code == cancel_request::code;
  return frame_status::complete;
}

frame_status frame_reader::refuse(char type, std::uint32_t length) noexcept {
  if (error_ == errc{}) {
    std::uint32_t const minimum = untyped_ ? smallest_startup : rules_[static_cast<unsigned char>(type)].minimum;
    bool const known = minimum != length_range{}.minimum;
    error_ = !known ? errc::unknown_message : length < minimum ? errc::length_too_small : errc::length_too_large;
    rules_ = no_rules.data();  // nothing more is taken, whatever follows
  }
  return frame_status::invalid;
}

std::size_t frame_reader::wanted_capacity() const noexcept {
  std::size_t const held = end_ - begin_;
  // A buffer that one read filled is too small for this traffic.
  std::size_t capacity = capacity_ == 0 ? first_capacity
                         : filled_      ? std::min<std::size_t>(capacity_, chunk_capacity) * 4
                                        : capacity_;
  capacity = std::min(capacity, chunk_capacity);
  if (held < 5) return capacity;
  // A long message doubles the buffer as its bytes arrive, never because of what it declares.
  std::size_t const whole =
      std::size_t{load_big_endian<std::uint32_t>(memory_.get() + begin_ + (untyped_ ? 0 : 1))} + 1;
  if (whole > capacity || held >= capacity)
    capacity = std::max(chunk_capacity, std::min(2 * held, std::max(whole, held + 1)));
  return capacity;
}

void frame_reader::renew() {
  std::size_t const held = end_ - begin_;
  if (held_ || begin_ == 0 || wanted_capacity() > capacity_) {
    detach();
    return;
  }
  std::memmove(memory_.get(), memory_.get() + begin_, held);
  begin_ = 0;
  end_ = static_cast<std::uint32_t>(held);
}

frame_reader::chunk frame_reader::detach() {
  std::size_t const held = end_ - begin_;
  std::size_t capacity = wanted_capacity();
  bool const reuses = spares_ != 0 && capacity <= chunk_capacity;
  if (reuses) capacity = chunk_capacity;
  auto fresh = reuses ? std::move(spare_[--spares_]) : allocate_buffer(capacity);
  if (held != 0) std::memcpy(fresh.get(), memory_.get() + begin_, held);
  chunk old{std::exchange(memory_, std::move(fresh)), begin_, capacity_};
  capacity_ = static_cast<std::uint32_t>(capacity);
  begin_ = 0;
  end_ = static_cast<std::uint32_t>(held);
  held_ = filled_ = false;
  return old;
}

void frame_reader::shrink() noexcept {
  if (begin_ == end_ && !held_ && capacity_ > first_capacity) release();
}

void frame_reader::keep(buffer_memory spare) noexcept {
  if (is_large() && spares_ != spare_.size()) spare_[spares_++] = std::move(spare);
}

void frame_reader::release() noexcept {
  memory_.reset();
  while (spares_ != 0) spare_[--spares_].reset();
  capacity_ = begin_ = end_ = 0;
  held_ = false;
}

}  // namespace tusk::protocol
