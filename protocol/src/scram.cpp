// How the bytes walk: create() keeps the password as two hash states; server_first() runs the first iteration, step()
// the others; finish() makes the two keys of the salted password, and of them our proof and the one that server_final()
// compares. Where both keys are known there is nothing to step.

#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/saslprep.hpp>
#include <tusk/protocol/scram.hpp>
#include <utility>

#include "base64.hpp"
#include "secrets.hpp"
#include "sha256.hpp"

namespace tusk::protocol {
namespace {

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
        binding(header) {
    if (options.binding == channel_binding_use::used) binding += options.binding_data;
    if (!options.client_key.empty()) client_key.emplace(options.client_key);
    if (!options.server_key.empty()) server_key.emplace(options.server_key);
    if (!has_keys()) absorb(options.password);
  }

  bool has_keys() const { return client_key && server_key; }

  void absorb(std::string_view text) {
    auto prepared = saslprep(text);
    password.emplace(prepared ? *prepared : text);
    if (prepared) tusk::protocol::wipe(*prepared);
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

  void begin(std::string_view server_first, std::string_view full_nonce);
  void finish();

  void wipe_work() {
    password.reset();
    u = salted = server_signature = digest();
  }
  void wipe() {
    wipe_work();
    client_key.reset();
    server_key.reset();
  }

  phase at = phase::server_first;
  std::string nonce;
  std::uint32_t max_iterations;
  std::string_view header;   // the gs2 header, a literal
  std::string client_first;  // begins with the header
  std::string binding;       // what "c=" carries: the header, and the certificate's hash
  std::string client_final;
  std::string server_error;

  std::string salt;
  std::uint32_t iterations = 0;
  std::optional<hmac_key> password;
  std::uint32_t iterations_left = 0;
  digest u;       // PBKDF2's U_i
  digest salted;  // U_1 ^ ... ^ U_i: in the end the salted password
  std::string auth_message;
  std::optional<digest> client_key, server_key;  // given, or made of the salted password
  digest server_signature;
};

void scram_client::exchange::begin(std::string_view server_first, std::string_view full_nonce) {
  client_final = "c=" + base64_encode(binding) + ",r=" + std::string(full_nonce);
  auth_message = client_first.substr(header.size());
  auth_message.append(",").append(server_first).append(",").append(client_final);
  at = phase::stepping;
  if (has_keys()) return;
  u = salted = password->sign({salt, std::string_view("\0\0\0\1", 4)});  // the number of PBKDF2's only block
  iterations_left = iterations - 1;
}

void scram_client::exchange::finish() {
  if (!has_keys()) {
    hmac_key const salted_password(salted.text());
    if (!client_key) client_key = salted_password.sign("Client Key");
    if (!server_key) server_key = salted_password.sign("Server Key");
  }
  digest proof = *client_key;
  proof ^= hmac_key(sha256(proof.text()).text()).sign(auth_message);
  client_final += ",p=" + base64_encode(proof.text());
  wipe_work();
  server_signature = hmac_key(server_key->text()).sign(auth_message);
  at = phase::server_final;
}

expected<scram_client> scram_client::create(scram_options const& options) {
  if (options.nonce.size() < 18) return {errc::bad_random, options.nonce.size()};
  auto const bad = std::ranges::find_if_not(options.nonce, is_printable);
  if (bad != options.nonce.end()) return {errc::bad_random, static_cast<std::size_t>(bad - options.nonce.begin())};
  for (std::string_view const key : {options.client_key, options.server_key}) {
    if (!key.empty() && key.size() != scram_keys::size) return {errc::bad_scram_key, key.size()};
  }
  bool const has_keys = !options.client_key.empty() && !options.server_key.empty();
  if (options.password.empty() && !has_keys) return {errc::password_needed, 0};
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
  auto salt = base64_decode(reader.value_of('s'));
  if (!salt || salt->empty()) reader.fail(errc::sasl_malformed);
  auto const iterations = parse_iterations(reader.value_of('i'), state_->max_iterations, reader);
  reader.finish();
  if (reader.failed()) return state_->fail(reader.error());
  state_->salt = std::move(*salt);
  state_->iterations = *iterations;
  state_->begin(message, nonce);
  return {};
}

std::string_view scram_client::salt() const noexcept { return state_ ? state_->salt : std::string_view(); }
std::uint32_t scram_client::iterations() const noexcept { return state_ ? state_->iterations : 0; }

void scram_client::use(scram_keys const& keys) {
  if (!state_ || state_->at != exchange::phase::stepping) return;
  state_->client_key.emplace(std::string_view(keys.client.data(), keys.client.size()));
  state_->server_key.emplace(std::string_view(keys.server.data(), keys.server.size()));
  state_->iterations_left = 0;
}

bool scram_client::step(std::uint32_t iterations) {
  if (!state_ || state_->at != exchange::phase::stepping) return true;
  if (std::uint32_t const count = std::min(iterations, state_->iterations_left); count > 0) {
    state_->password->iterate(state_->u, state_->salted, count);
    state_->iterations_left -= count;
  }
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
  state_->wipe_work();
  return {};
}

std::optional<scram_keys> scram_client::keys() const noexcept {
  if (!verified()) return std::nullopt;
  std::optional<scram_keys> keys(std::in_place);
  std::ranges::copy(state_->client_key->text(), keys->client.begin());
  std::ranges::copy(state_->server_key->text(), keys->server.begin());
  return keys;
}

bool scram_client::verified() const noexcept { return state_ && state_->at == exchange::phase::verified; }

std::string_view scram_client::server_error() const noexcept {
  return state_ ? state_->server_error : std::string_view();
}

std::string scram_nonce(std::span<std::byte const, 18> random) {
  return base64_encode({reinterpret_cast<char const*>(random.data()), random.size()});
}

}  // namespace tusk::protocol
