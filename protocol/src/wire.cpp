#include <tusk/protocol/wire.hpp>

#include <openssl/crypto.h>

#include <algorithm>
#include <limits>
#include <new>

namespace tusk::protocol {

void byte_buffer::grow(std::size_t count) {
  std::size_t const held = size();
  if (count > std::numeric_limits<std::size_t>::max() / 4) throw std::bad_alloc();
  // Room at the front is used before more is allocated, but only if that moves few bytes.
  if (held + count <= capacity_ && held <= capacity_ / 2) {
    std::memmove(memory_.get(), memory_.get() + begin_, held);
  } else {
    // Many requests that go together are appended up to about 64 KiB, and then sent. Room for them is made in one step;
    // what of it is not used is never touched.
    constexpr std::size_t smallest = 256, several = 4096, portion = std::size_t{72} << 10;
    std::size_t wanted = std::max({held + count, 2 * capacity_, smallest});
    if (wanted > several) wanted = std::max(wanted, portion);
    auto larger = std::make_unique_for_overwrite<char[]>(wanted);
    if (held != 0) std::memcpy(larger.get(), memory_.get() + begin_, held);
    if (memory_) OPENSSL_cleanse(memory_.get(), capacity_);  // it may have held a password
    memory_ = std::move(larger);
    capacity_ = wanted;
  }
  begin_ = 0;
  end_ = held;
}

void byte_buffer::wipe() noexcept {
  if (!memory_) return;
  OPENSSL_cleanse(memory_.get(), begin_);
  OPENSSL_cleanse(memory_.get() + end_, capacity_ - end_);
}

void reader::nullable(field_value& value) noexcept {
  value.reset();
  std::int32_t length = 0;
  integer(length);
  if (failed() || length == -1) return;
  if (length < 0) return fail(errc::bad_count);
  std::string_view bytes_read;
  bytes(bytes_read, static_cast<std::size_t>(length));
  if (!failed()) value = bytes_read;
}

}  // namespace tusk::protocol
