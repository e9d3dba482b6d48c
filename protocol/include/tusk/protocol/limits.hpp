// Every limit on what may be sent or received, by name.
//
// The fixed ones come from the protocol or from what a server can send; `limits` holds those that a user may set.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tusk::protocol {

inline constexpr std::uint64_t unlimited = 0xffff'ffff'ffff'ffff;

/// Limits on what a server may make us allocate or compute. The defaults suit any server that is not hostile.
struct limits {
  /// Largest message taken once authenticated (bytes, its length word included): a row, a COPY chunk, an error.
  std::uint32_t max_message = 0x3fff'ffff;
  /// Largest iteration count accepted from a server for SCRAM (each 4096 cost about 0.6 ms).
  std::uint32_t max_scram_iterations = 100'000;
  /// Most bytes of rows kept for one operation: all results of a script, or of executemany, count together. Whatever
  /// passes it closes the connection. They are counted as they arrive, so that no more than a buffer (64 KiB) is held
  /// beyond it.
  std::uint64_t max_result = unlimited;
  /// Most bytes that wait to be sent on an asynchronous connection before no more operations are taken; the session
  /// itself does not look at it.
  std::uint64_t queued = std::uint64_t{64} << 20;
};

inline constexpr std::size_t max_startup_packet = 10'000;          ///< the server refuses longer ones
inline constexpr std::size_t max_sent_message = 0x3fff'ffff;       ///< below 1 GiB, the server's own limit
inline constexpr std::size_t max_password_message = 65'535;        ///< passwords and SASL tokens
inline constexpr std::size_t max_parameters = 65'535;              ///< the count is 16 bits, unsigned
inline constexpr std::uint32_t max_before_authentication = 2'000;  ///< Authentication and NegotiateProtocolVersion
inline constexpr std::uint32_t max_early_error = 30'000;           ///< ErrorResponse before authentication
inline constexpr std::uint32_t max_short_message = 30'000;         ///< messages that never carry user data
inline constexpr std::size_t max_settings_size = std::size_t{1}
                                                 << 20;  ///< reported settings: names, values, a NUL each
inline constexpr std::size_t max_settings = 1'000;       ///< how many; a server reports about 15

}  // namespace tusk::protocol
