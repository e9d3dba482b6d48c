#include <tusk/protocol/backend.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace tusk::protocol {
namespace {

constexpr std::string_view names[] = {"AuthenticationOk",
                                      "AuthenticationKerberosV5",
                                      "AuthenticationCleartextPassword",
                                      "AuthenticationMD5Password",
                                      "AuthenticationGSS",
                                      "AuthenticationGSSContinue",
                                      "AuthenticationSSPI",
                                      "AuthenticationSASL",
                                      "AuthenticationSASLContinue",
                                      "AuthenticationSASLFinal",
                                      "BackendKeyData",
                                      "NegotiateProtocolVersion",
                                      "ErrorResponse",
                                      "NoticeResponse",
                                      "NotificationResponse",
                                      "ParameterStatus",
                                      "ReadyForQuery",
                                      "RowDescription",
                                      "DataRow",
                                      "CommandComplete",
                                      "EmptyQueryResponse",
                                      "ParseComplete",
                                      "BindComplete",
                                      "CloseComplete",
                                      "NoData",
                                      "PortalSuspended",
                                      "ParameterDescription",
                                      "FunctionCallResponse",
                                      "CopyInResponse",
                                      "CopyOutResponse",
                                      "CopyBothResponse",
                                      "CopyData",
                                      "CopyDone"};
static_assert(std::size(names) == backend_kinds);
static_assert(static_cast<std::size_t>(backend_kind::copy_done) + 1 == backend_kinds);

constexpr std::int32_t no_code = -1;

/// What tells one message of `backend_message` from another.
struct identity {
  char type;
  std::int32_t code;
};

template <std::size_t... I>
constexpr auto identities(std::index_sequence<I...>) {
  return std::array{[] {
    using message = std::variant_alternative_t<I, backend_message>;
    if constexpr (requires { message::code; })
      return identity{message::type, message::code};
    else
      return identity{message::type, no_code};
  }()...};
}
constexpr auto all = identities(std::make_index_sequence<backend_kinds>());

template <std::size_t I>
expected<backend_message> decode_as(std::string_view body) noexcept {
  auto message = decode<std::variant_alternative_t<I, backend_message>>(body);
  if (!message) return message.error();
  return backend_message(std::in_place_index<I>, *message);
}

template <std::size_t... I>
expected<backend_message> decode_kind(std::size_t kind, std::string_view body, std::index_sequence<I...>) noexcept {
  using decoder = expected<backend_message> (*)(std::string_view) noexcept;
  constexpr decoder decoders[] = {decode_as<I>...};
  return decoders[kind](body);
}

constexpr auto by_type = [] {
  std::array<backend_kind, 256> table{};
  table.fill(no_kind);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].code == no_code) table[static_cast<unsigned char>(all[i].type)] = static_cast<backend_kind>(i);
  return table;
}();

}  // namespace

std::string_view error_response::field(char code) const noexcept {
  for (error_field const& each : fields_sent)
    if (each.code == code) return each.value;
  return {};
}

std::string_view name(backend_kind kind) noexcept { return names[static_cast<std::size_t>(kind)]; }

constinit std::array<backend_kind, 256> const kinds_by_type = by_type;

backend_kind authentication_kind(std::string_view body) noexcept {
  if (body.size() < 4) return no_kind;
  auto const code = load_big_endian<std::int32_t>(body.data());
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].type == authentication_ok::type && all[i].code == code) return static_cast<backend_kind>(i);
  return no_kind;
}

expected<backend_message> decode_backend(char type, std::string_view body) noexcept {
  auto const kind = kind_of(type, body);
  if (kind == no_kind) return expected<backend_message>(errc::unknown_message);
  return decode_kind(static_cast<std::size_t>(kind), body, std::make_index_sequence<backend_kinds>());
}

}  // namespace tusk::protocol
