#include <tusk/protocol/scram_keys.hpp>

#include <openssl/crypto.h>

#include <list>
#include <mutex>
#include <new>
#include <tusk/protocol/byte_buffer.hpp>

#include "secrets.hpp"
#include "sha256.hpp"

namespace tusk::protocol {

scram_keys::~scram_keys() { wipe(this, sizeof *this); }

struct scram_key_cache::contents {
  struct entry {
    digest of;
    scram_keys keys;
  };

  contents(std::span<std::byte const> secret, std::size_t most)
      : key({reinterpret_cast<char const*>(secret.data()), secret.size()}), capacity(most) {}

  /// The lengths keep one field from passing for a part of another.
  digest digest_of(scram_key_source const& source) const noexcept {
    char numbers[4 * sizeof(std::uint64_t)];
    store_big_endian(numbers, std::uint64_t{source.user.size()});
    store_big_endian(numbers + 8, std::uint64_t{source.password.size()});
    store_big_endian(numbers + 16, std::uint64_t{source.salt.size()});
    store_big_endian(numbers + 24, std::uint64_t{source.iterations});
    return key.sign({{numbers, sizeof numbers}, source.user, source.password, source.salt});
  }

  /// Moves the entry to the front; false if there is none.
  bool found(digest const& of) noexcept {
    for (auto at = entries.begin(); at != entries.end(); ++at) {
      if (CRYPTO_memcmp(at->of.text().data(), of.text().data(), digest::size()) != 0) continue;
      entries.splice(entries.begin(), entries, at);
      return true;
    }
    return false;
  }

  hmac_key key;
  std::size_t capacity;
  std::mutex access;
  std::list<entry> entries;  // the one used last is the first
};

scram_key_cache::scram_key_cache(std::span<std::byte const, 32> secret, std::size_t capacity)
    : contents_(std::make_unique<contents>(secret, capacity)) {}
scram_key_cache::~scram_key_cache() = default;

std::optional<scram_keys> scram_key_cache::find(scram_key_source const& source) noexcept {
  digest const of = contents_->digest_of(source);
  std::lock_guard const lock(contents_->access);
  if (!contents_->found(of)) return std::nullopt;
  return contents_->entries.front().keys;
}

void scram_key_cache::keep(scram_key_source const& source, scram_keys const& keys) noexcept {
  digest const of = contents_->digest_of(source);
  std::lock_guard const lock(contents_->access);
  auto& entries = contents_->entries;
  if (contents_->capacity == 0) return;
  if (contents_->found(of)) {
    entries.front().keys = keys;
    return;
  }
  try {
    entries.push_front({of, keys});
  } catch (std::bad_alloc const&) {
    return;  // then PBKDF2 runs again
  }
  if (entries.size() > contents_->capacity) entries.pop_back();
}

std::size_t scram_key_cache::size() const noexcept {
  std::lock_guard const lock(contents_->access);
  return contents_->entries.size();
}

}  // namespace tusk::protocol
