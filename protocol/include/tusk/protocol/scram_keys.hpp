// SCRAM's two keys, and a place to keep them, so that PBKDF2 runs once for a pool and not once a connection.
//
//   server_first() ── salt, iterations ──► store.find() ── keys ──► the proof, at once
//                                             │ nothing
//                                             ▼
//                                   PBKDF2 ──► the proof ──► the server's proof is right ──► store.keep()
//
// What is kept belongs to one user, password, salt and iteration count: with another password nothing is found, and
// PBKDF2 runs. The password itself is not kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace tusk::protocol {

/// ClientKey and ServerKey (RFC 5802, section 3). Whoever has them can log in, and can pretend to be the server, as
/// long as the password's salt stays. Wiped at their end.
struct scram_keys {
  static constexpr std::size_t size = 32;  ///< bytes of each

  scram_keys() = default;
  scram_keys(scram_keys const&) = default;
  scram_keys& operator=(scram_keys const&) = default;
  ~scram_keys();

  std::array<char, size> client{}, server{};
};

/// All that keys are made of. The views live as long as the call.
struct scram_key_source {
  std::string_view user, password;
  std::string_view salt;  ///< as bytes
  std::uint32_t iterations = 0;
};

/// Where a session keeps keys (startup_options::kept_keys). It may be asked by several sessions on several threads.
class scram_key_store {
 public:
  virtual ~scram_key_store() = default;

  /// The keys that were kept for exactly this source, or nothing.
  virtual std::optional<scram_keys> find(scram_key_source const& source) noexcept = 0;
  /// Keeps keys, if it can. Called only when the server has proved that they are right.
  virtual void keep(scram_key_source const& source, scram_keys const& keys) noexcept = 0;
};

/// Keys in memory, those used last: the usual store.
///
/// An entry is found by an HMAC-SHA-256 over the whole source, password included, under a secret of this cache: so
/// another password finds nothing, and an entry alone tells nothing of the password that could be tried out faster than
/// with PBKDF2. Entries are wiped when they go. Any thread.
class scram_key_cache final : public scram_key_store {
 public:
  /// `secret`: from a cryptographically secure random source. `capacity`: the most entries; some hundreds at most, as
  /// each is looked at.
  explicit scram_key_cache(std::span<std::byte const, 32> secret, std::size_t capacity = 64);
  ~scram_key_cache() override;
  scram_key_cache(scram_key_cache const&) = delete;
  scram_key_cache& operator=(scram_key_cache const&) = delete;

  std::optional<scram_keys> find(scram_key_source const& source) noexcept override;
  void keep(scram_key_source const& source, scram_keys const& keys) noexcept override;
  std::size_t size() const noexcept;

 private:
  struct contents;
  std::unique_ptr<contents> contents_;
};

}  // namespace tusk::protocol
