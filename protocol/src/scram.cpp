// How the bytes walk: create() keeps the password as two hash states; server_first() runs the first iteration, step()
// the others; finish() turns the salted password into our proof and into the proof that server_final() compares.
//
// The hash is OpenSSL's low-level SHA-256: its contexts are plain structs that copy in nanoseconds, which halves the
// time of PBKDF2, and they read no configuration. (The one-call SHA256() and HMAC() do: they use the default context.)
#define OPENSSL_SUPPRESS_DEPRECATED  // for SHA256_*

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/scram.hpp>
#include <utility>

#include "base64.hpp"

namespace tusk::protocol {
namespace {

// ---- SHA-256 and HMAC -----------------------------------------------------------------------------------------------

// A hash or key that leaves nothing behind in memory.
class digest {
 public:
  digest() = default;
  digest(digest const&) = default;
  digest& operator=(digest const&) = default;
  ~digest() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

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

// A hash under way; wiped at its end.
struct hash_state {
  SHA256_CTX context;

  hash_state() { SHA256_Init(&context); }
  hash_state(hash_state const&) = default;
  hash_state& operator=(hash_state const&) = default;
  ~hash_state() { OPENSSL_cleanse(&context, sizeof context); }

  void update(std::string_view text) { SHA256_Update(&context, text.data(), text.size()); }
  void finish(digest& out) { SHA256_Final(out.data(), &context); }
};

digest sha256(std::string_view text) {
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

  digest sign(std::string_view text) const {
    hash_state work = inner_;
    digest out;
    work.update(text);
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
    OPENSSL_cleanse(pad.data(), pad.size());
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

// ---- the grammar (RFC 5802, section 7) ------------------------------------------------------------------------------

// Reads a message of the form "x=value,y=value": what was wrong first is kept, so that it is asked for once, at the
// end.
class attribute_reader {
 public:
  explicit attribute_reader(std::string_view message) : rest_(message) {}

  bool failed() const { return error_.has_value(); }
  std::error_code error() const { return error_ ? make_error_code(*error_) : std::error_code(); }
  void fail(errc code) {
    if (!error_) error_ = code;
  }

  // The name of the attribute that comes next, or NUL where the message is at its end.
  char peek() const { return rest_ && !rest_->empty() ? rest_->front() : '\0'; }

  // The value of the next attribute, whose name must be `name`; empty after an error.
  std::string_view value_of(char name) {
    if (error_) return {};
    if (!rest_ || rest_->size() < 2 || rest_->at(1) != '=') return refuse(errc::sasl_malformed);
    if (rest_->front() == 'm') return refuse(errc::sasl_unknown_extension);
    if (rest_->front() != name) return refuse(errc::sasl_malformed);
    auto const comma = rest_->find(',');
    std::string_view const value = rest_->substr(2, comma == rest_->npos ? comma : comma - 2);
    if (value.find('\0') != value.npos) fail(errc::sasl_malformed);
    rest_ = comma == rest_->npos ? std::nullopt : std::optional(rest_->substr(comma + 1));
    return value;
  }

  // Skips optional extensions to the end of the message: letters that RFC 5802 does not use, values not empty.
  void finish() {
    while (rest_ && !error_) {
      char const name = peek();
      bool const letter = (name >= 'A' && name <= 'Z') || (name >= 'a' && name <= 'z');
      if (!letter || std::string_view("anrcsipve").find(name) != std::string_view::npos) fail(errc::sasl_malformed);
      if (value_of(name).empty()) fail(errc::sasl_malformed);
    }
  }

 private:
  std::string_view refuse(errc code) {
    fail(code);
    return {};
  }

  std::optional<std::string_view> rest_;  // nothing: at the end; empty: a comma promises an attribute that is missing
  std::optional<errc> error_;
};

bool is_printable(char c) { return c >= '!' && c <= '~' && c != ','; }

std::optional<std::uint32_t> parse_iterations(std::string_view text, std::uint32_t max, attribute_reader& reader) {
  if (text.empty() || text.front() == '0' || text.find_first_not_of("0123456789") != text.npos) {
    reader.fail(errc::sasl_bad_iterations);
    return std::nullopt;
  }
  std::uint32_t value = 0;
  bool const fits = std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
  if (fits && value <= max) return value;
  reader.fail(errc::sasl_too_many_iterations);
  return std::nullopt;
}

std::string escaped_name(std::string_view user) {
  std::string text;
  for (char const c : user) {
    if (c == ',') {
      text += "=2C";
    } else if (c == '=') {
      text += "=3D";
    } else {
      text += c;
    }
  }
  return text;
}

std::string_view gs2_header(channel_binding_use binding) {
  switch (binding) {
    case channel_binding_use::unsupported: return "n,,";
    case channel_binding_use::not_offered: return "y,,";
    case channel_binding_use::used: return "p=tls-server-end-point,,";
  }
  return "n,,";
}

}  // namespace

// ---- the exchange ---------------------------------------------------------------------------------------------------

struct scram_client::exchange {
  enum class phase { server_first, stepping, server_final, verified, failed };

  explicit exchange(scram_options const& options)
      : nonce(options.nonce),
        max_iterations(options.max_iterations),
        header(gs2_header(options.binding)),
        client_first(std::string(header) + "n=" + escaped_name(options.user) + ",r=" + nonce),
        binding(header),
        password(options.password) {
    if (options.binding == channel_binding_use::used) binding += options.binding_data;
  }

  std::error_code fail(std::error_code code) {
    at = phase::failed;
    wipe();
    return code;
  }

  // True if a message may be taken now; else `error` says why not.
  bool expects(phase wanted, std::error_code& error) {
    if (at == wanted) return true;
    error = fail(at == phase::failed ? errc::poisoned : errc::unexpected_message);
    return false;
  }

  void begin(std::string_view server_first, std::string_view full_nonce, std::string salt, std::uint32_t iterations);
  void finish();

  void wipe() {
    password.reset();
    u = salted = server_signature = digest();
  }

  phase at = phase::server_first;
  std::string nonce;
  std::uint32_t max_iterations;
  std::string_view header;   // the gs2 header, a literal
  std::string client_first;  // begins with the header
  std::string binding;       // what "c=" carries: the header, and the certificate's hash
  std::string client_final;
  std::string server_error;

  std::optional<hmac_key> password;
  std::uint32_t iterations_left = 0;
  digest u;       // PBKDF2's U_i
  digest salted;  // U_1 ^ ... ^ U_i: in the end the salted password
  std::string auth_message;
  digest server_signature;
};

void scram_client::exchange::begin(std::string_view server_first, std::string_view full_nonce, std::string salt,
                                   std::uint32_t iterations) {
  client_final = "c=" + base64_encode(binding) + ",r=" + std::string(full_nonce);
  auth_message = client_first.substr(header.size());
  auth_message.append(",").append(server_first).append(",").append(client_final);
  salt += std::string_view("\0\0\0\1", 4);  // the number of PBKDF2's only block
  u = salted = password->sign(salt);
  iterations_left = iterations - 1;
  at = phase::stepping;
}

void scram_client::exchange::finish() {
  hmac_key const salted_password(salted.text());
  digest proof = salted_password.sign("Client Key");
  digest const stored_key = sha256(proof.text());
  proof ^= hmac_key(stored_key.text()).sign(auth_message);
  digest const signature = hmac_key(salted_password.sign("Server Key").text()).sign(auth_message);
  client_final += ",p=" + base64_encode(proof.text());
  wipe();
  server_signature = signature;
  at = phase::server_final;
}

expected<scram_client> scram_client::create(scram_options const& options) {
  if (options.nonce.size() < 18) return {errc::bad_random, options.nonce.size()};
  auto const bad = std::ranges::find_if_not(options.nonce, is_printable);
  if (bad != options.nonce.end()) return {errc::bad_random, static_cast<std::size_t>(bad - options.nonce.begin())};
  if (options.password.empty()) return {errc::password_needed, 0};
  for (std::string_view const text : {options.password, options.user}) {
    if (auto const nul = text.find('\0'); nul != text.npos) return {errc::embedded_nul, nul};
  }
  if (options.binding == channel_binding_use::used && options.binding_data.empty()) {
    return {errc::channel_binding_impossible, 0};
  }
  return scram_client(std::make_unique<exchange>(options));
}

scram_client::scram_client(std::unique_ptr<exchange> state) noexcept : state_(std::move(state)) {}
scram_client::scram_client(scram_client&& other) noexcept = default;
scram_client& scram_client::operator=(scram_client&& other) noexcept = default;
scram_client::~scram_client() = default;

std::string_view scram_client::client_first() const noexcept {
  return state_ ? state_->client_first : std::string_view();
}

std::error_code scram_client::server_first(std::string_view message) {
  if (!state_) return errc::poisoned;
  std::error_code error;
  if (!state_->expects(exchange::phase::server_first, error)) return error;

  attribute_reader reader(message);
  auto const nonce = reader.value_of('r');
  if (nonce.size() <= state_->nonce.size() || !nonce.starts_with(state_->nonce) ||
      !std::ranges::all_of(nonce, is_printable)) {
    reader.fail(errc::sasl_bad_nonce);
  }
  auto const salt = base64_decode(reader.value_of('s'));
  if (!salt || salt->empty()) reader.fail(errc::sasl_malformed);
  auto const iterations = parse_iterations(reader.value_of('i'), state_->max_iterations, reader);
  reader.finish();
  if (reader.failed()) return state_->fail(reader.error());
  state_->begin(message, nonce, *salt, *iterations);
  return {};
}

bool scram_client::step(std::uint32_t iterations) {
  if (!state_ || state_->at != exchange::phase::stepping) return true;
  std::uint32_t const count = std::min(iterations, state_->iterations_left);
  state_->password->iterate(state_->u, state_->salted, count);
  state_->iterations_left -= count;
  if (state_->iterations_left > 0) return false;
  state_->finish();
  return true;
}

std::string_view scram_client::client_final() const noexcept {
  bool const ready = state_ && (state_->at == exchange::phase::server_final || verified());
  return ready ? state_->client_final : std::string_view();
}

std::error_code scram_client::server_final(std::string_view message) {
  if (!state_) return errc::poisoned;
  std::error_code error;
  if (!state_->expects(exchange::phase::server_final, error)) return error;

  attribute_reader reader(message);
  if (reader.peek() == 'e') {
    auto const reason = reader.value_of('e');
    bool const printable = std::ranges::all_of(reason, [](char c) { return c == ' ' || is_printable(c); });
    if (reason.empty() || !printable) reader.fail(errc::sasl_malformed);
    reader.finish();
    if (!reader.failed()) state_->server_error = reason;
    reader.fail(errc::sasl_server_error);
    return state_->fail(reader.error());
  }
  auto const signature = base64_decode(reader.value_of('v'));
  if (!signature || signature->size() != digest::size()) reader.fail(errc::sasl_malformed);
  reader.finish();
  if (reader.failed()) return state_->fail(reader.error());
  if (CRYPTO_memcmp(signature->data(), state_->server_signature.data(), digest::size()) != 0) {
    return state_->fail(errc::sasl_bad_signature);
  }
  state_->at = exchange::phase::verified;
  state_->wipe();
  return {};
}

bool scram_client::verified() const noexcept { return state_ && state_->at == exchange::phase::verified; }

std::string_view scram_client::server_error() const noexcept {
  return state_ ? state_->server_error : std::string_view();
}

std::string scram_nonce(std::span<std::byte const, 18> random) {
  return base64_encode({reinterpret_cast<char const*>(random.data()), random.size()});
}

}  // namespace tusk::protocol
