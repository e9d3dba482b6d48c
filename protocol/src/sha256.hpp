// SHA-256 and HMAC-SHA-256, whose hashes and states are wiped at their end.
//
// The hash is OpenSSL's low-level SHA-256: its contexts are plain structs that copy in nanoseconds, which halves the
// time of PBKDF2, and they read no configuration. (The one-call SHA256() and HMAC() do: they use the default context.)
#pragma once

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "secrets.hpp"

namespace tusk::protocol {

// A hash or key that leaves nothing behind in memory.
class digest {
 public:
  digest() = default;
  // From as many bytes.
  explicit digest(std::string_view bytes) { std::ranges::copy(bytes.substr(0, size()), bytes_.begin()); }
  digest(digest const&) = default;
  digest& operator=(digest const&) = default;
  ~digest() { wipe(bytes_.data(), bytes_.size()); }

  static constexpr std::size_t size() { return SHA256_DIGEST_LENGTH; }
  unsigned char* data() { return bytes_.data(); }
  std::string_view text() const { return {reinterpret_cast<char const*>(bytes_.data()), size()}; }

  digest& operator^=(digest const& other) {
    for (std::size_t i = 0; i < size(); ++i) bytes_[i] = static_cast<unsigned char>(bytes_[i] ^ other.bytes_[i]);
    return *this;
  }

 private:
  std::array<unsigned char, SHA256_DIGEST_LENGTH> bytes_{};
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // SHA256_*, see the top of this file
// A hash under way; wiped at its end.
struct hash_state {
  SHA256_CTX context;

  hash_state() { SHA256_Init(&context); }
  hash_state(hash_state const&) = default;
  hash_state& operator=(hash_state const&) = default;
  ~hash_state() { wipe(&context, sizeof context); }

  void update(std::string_view text) { SHA256_Update(&context, text.data(), text.size()); }
  void finish(digest& out) { SHA256_Final(out.data(), &context); }
};
#pragma GCC diagnostic pop

inline digest sha256(std::string_view text) {
  hash_state state;
  digest out;
  state.update(text);
  state.finish(out);
  return out;
}

// HMAC-SHA-256 (RFC 2104) under one key: the states after the key's inner and outer pad are computed once and kept.
class hmac_key {
 public:
  explicit hmac_key(std::string_view key) {
    if (key.size() > block_size) {
      absorb(sha256(key).text());
    } else {
      absorb(key);
    }
  }

  digest sign(std::string_view text) const { return sign({text}); }
  // Of several texts in a row.
  digest sign(std::initializer_list<std::string_view> texts) const {
    hash_state work = inner_;
    digest out;
    for (std::string_view const text : texts) work.update(text);
    close(work, out);
    return out;
  }

  // `count` iterations of PBKDF2: u = sign(u), sum ^= u.
  void iterate(digest& u, digest& sum, std::uint32_t count) const {
    hash_state work;
    for (; count > 0; --count) {
      work = inner_;
      work.update(u.text());
      close(work, u);
      sum ^= u;
    }
  }

 private:
  static constexpr std::size_t block_size = SHA256_CBLOCK;

  void absorb(std::string_view key) {
    std::array<char, block_size> pad{};
    std::ranges::copy(key, pad.begin());
    for (char& c : pad) c = static_cast<char>(c ^ 0x36);
    inner_.update({pad.data(), pad.size()});
    for (char& c : pad) c = static_cast<char>(c ^ 0x36 ^ 0x5c);
    outer_.update({pad.data(), pad.size()});
    wipe(pad.data(), pad.size());
  }

  void close(hash_state& work, digest& out) const {
    work.finish(out);
    work = outer_;
    work.update(out.text());
    work.finish(out);
  }

  hash_state inner_;
  hash_state outer_;
};

}  // namespace tusk::protocol
