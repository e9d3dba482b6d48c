#include <tusk/protocol/frontend.hpp>

namespace tusk::protocol {
namespace {

template <class Message>
expected<frontend_message> as(std::string_view body) noexcept {
  auto message = decode<Message>(body);
  if (!message) return message.error();
  return frontend_message(*message);
}

expected<frontend_message> decode_untyped(std::string_view body) noexcept {
  if (body.size() < 4) return expected<frontend_message>(errc::truncated, body.size());
  switch (load_big_endian<std::int32_t>(body.data())) {
    case ssl_request::code: return as<ssl_request>(body);
    case gssenc_request::code: return as<gssenc_request>(body);
    case cancel_request::code: return as<cancel_request>(body);
    default: return as<startup_message>(body);
  }
}

expected<frontend_message> decode_password(std::string_view body, password_kind kind) noexcept {
  switch (kind) {
    case password_kind::password: return as<password_message>(body);
    case password_kind::sasl_initial: return as<sasl_initial_response>(body);
    case password_kind::sasl: return as<sasl_response>(body);
    case password_kind::gss: return as<gss_response>(body);
  }
  return expected<frontend_message>(errc::unknown_message);
}

}  // namespace

expected<frontend_message> decode_frontend(char type, std::string_view body, password_kind kind) noexcept {
  switch (type) {
    case '\0': return decode_untyped(body);
    case password_message::type: return decode_password(body, kind);
    case query::type: return as<query>(body);
    case parse::type: return as<parse>(body);
    case bind::type: return as<bind>(body);
    case describe::type: return as<describe>(body);
    case execute::type: return as<execute>(body);
    case close::type: return as<close>(body);
    case sync::type: return as<sync>(body);
    case flush::type: return as<flush>(body);
    case terminate::type: return as<terminate>(body);
    case copy_data::type: return as<copy_data>(body);
    case copy_done::type: return as<copy_done>(body);
    case copy_fail::type: return as<copy_fail>(body);
    case function_call::type: return as<function_call>(body);
    default: return expected<frontend_message>(errc::unknown_message);
  }
}

}  // namespace tusk::protocol
