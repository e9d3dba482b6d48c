#include <tusk/protocol/replication.hpp>

namespace tusk::protocol {
namespace {

/// Tries the alternatives of `Variant` from number I on.
template <class Variant, std::size_t I = 0>
expected<Variant> decode_any(std::string_view data) noexcept {
  if constexpr (I == std::variant_size_v<Variant>) {
    return expected<Variant>(errc::unknown_message);
  } else {
    using message = std::variant_alternative_t<I, Variant>;
    if (data.front() != message::code) return decode_any<Variant, I + 1>(data);
    auto decoded = decode<message>(data);
    if (!decoded) return decoded.error();
    return Variant(*decoded);
  }
}

}  // namespace

expected<copy_payload_from_server> decode_from_server(std::string_view data) noexcept {
  if (data.empty()) return expected<copy_payload_from_server>(errc::truncated);
  return decode_any<copy_payload_from_server>(data);
}

expected<copy_payload_from_client> decode_from_client(std::string_view data) noexcept {
  if (data.empty()) return expected<copy_payload_from_client>(errc::truncated);
  return decode_any<copy_payload_from_client>(data);
}

}  // namespace tusk::protocol
