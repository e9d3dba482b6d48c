// What stands inside a CopyData in the streaming replication protocol and in a base backup (PostgreSQL, chapter
// "Frontend/Backend Protocol", "Streaming Replication Protocol"; base backups as servers from 15 on send them: older
// ones send plain tar, which has no form of its own).
//
// These messages have a type byte and no length: they end where their CopyData ends. So each is described as a CopyData
// that begins with a fixed byte, its `code`, and wire.hpp serves them like all others: `encode(out, message)` appends a
// whole CopyData, `decode<T>(data)` reads what CopyData carried. A decoded message is a view into `data`.
//
// Positions in the WAL count its bytes; a clock counts microseconds since midnight of 2000-01-01, UTC.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <tusk/protocol/backend.hpp>
#include <tusk/protocol/wire.hpp>
#include <variant>

namespace tusk::protocol {

/// Base of all of them.
struct copy_payload : message_base {
  static constexpr char type = copy_data::type;
  /// A byte that says yes (1) or no (0).
  static void flag(auto& io, auto& value) { io.enumerator(value, std::string_view("\0\1", 2)); }
};

// ---- replication, from the server ----

/// A section of the WAL, or what a logical slot's plugin made of it.
struct xlog_data : copy_payload {
  static constexpr char code = 'w';
  std::uint64_t wal_start = 0;  ///< where `data` begins in the WAL
  std::uint64_t wal_end = 0;    ///< the present end of WAL on the server
  std::int64_t sent_at = 0;     ///< the server's clock
  std::string_view data;
  static void fields(auto& io, auto& m) {
    io.integer(m.wal_start);
    io.integer(m.wal_end);
    io.integer(m.sent_at);
    io.rest(m.data);
  }
};
/// The server is alive; it may want to hear the same of the client.
struct primary_keepalive : copy_payload {
  static constexpr char code = 'k';
  std::uint64_t wal_end = 0;     ///< the present end of WAL on the server
  std::int64_t sent_at = 0;      ///< the server's clock
  bool reply_requested = false;  ///< answer soon, or the server gives the connection up
  static void fields(auto& io, auto& m) {
    io.integer(m.wal_end);
    io.integer(m.sent_at);
    flag(io, m.reply_requested);
  }
};

// ---- replication, from the client ----

/// How far the client has come. Each position is that of the last byte plus 1.
struct standby_status_update : copy_payload {
  static constexpr char code = 'r';
  std::uint64_t written = 0;  ///< received and written
  std::uint64_t flushed = 0;  ///< safe on disk; the server may forget what comes before
  std::uint64_t applied = 0;
  std::int64_t sent_at = 0;      ///< the client's clock
  bool reply_requested = false;  ///< asks for a keepalive
  static void fields(auto& io, auto& m) {
    io.integer(m.written);
    io.integer(m.flushed);
    io.integer(m.applied);
    io.integer(m.sent_at);
    flag(io, m.reply_requested);
  }
};
/// The oldest transactions that a standby's queries still see. Both xmin 0: there will be no more feedback.
struct hot_standby_feedback : copy_payload {
  static constexpr char code = 'h';
  std::int64_t sent_at = 0;  ///< the client's clock
  std::uint32_t xmin = 0;
  std::uint32_t xmin_epoch = 0;
  std::uint32_t catalog_xmin = 0;  ///< of the standby's own slots
  std::uint32_t catalog_xmin_epoch = 0;
  static void fields(auto& io, auto& m) {
    io.integer(m.sent_at);
    io.integer(m.xmin);
    io.integer(m.xmin_epoch);
    io.integer(m.catalog_xmin);
    io.integer(m.catalog_xmin_epoch);
  }
};

// ---- base backup, from the server ----

/// An archive begins: the data directory, or one tablespace. Its bytes follow in `backup_data`.
struct backup_archive : copy_payload {
  static constexpr char code = 'n';
  std::string_view name;  ///< of the file to write, as "base.tar"
  std::string_view path;  ///< of the tablespace; empty for the data directory
  static void fields(auto& io, auto& m) {
    io.cstring(m.name);
    io.cstring(m.path);
  }
};
/// The manifest begins. Its bytes follow in `backup_data`.
struct backup_manifest : copy_payload {
  static constexpr char code = 'm';
  static void fields(auto&, auto&) {}
};
/// A piece of the archive or the manifest.
struct backup_data : copy_payload {
  static constexpr char code = 'd';
  std::string_view data;
  static void fields(auto& io, auto& m) { io.rest(m.data); }
};
/// How much of the backup is done.
struct backup_progress : copy_payload {
  static constexpr char code = 'p';
  std::int64_t bytes_done = 0;  ///< of all archives, before compression
  static void fields(auto& io, auto& m) { io.integer(m.bytes_done); }
};

// ---- all of them ----

/// What a server sends inside CopyData; the conversation tells replication from backup.
using copy_payload_from_server =
    std::variant<xlog_data, primary_keepalive, backup_archive, backup_manifest, backup_data, backup_progress>;
/// What a client sends inside CopyData.
using copy_payload_from_client = std::variant<standby_status_update, hot_standby_feedback>;

/// Decodes what a CopyData carried; `unknown_message` if it begins with another byte than those above.
expected<copy_payload_from_server> decode_from_server(std::string_view data) noexcept;
/// The same for what a client sent.
expected<copy_payload_from_client> decode_from_client(std::string_view data) noexcept;

/// Appends what CopyData is to carry, without CopyData's own type and length. Fails as `encode` does.
template <std::derived_from<copy_payload> Payload>
std::error_code encode_payload(byte_buffer& out, Payload const& message) {
  std::uint64_t length = 0;  // that of the CopyData
  if (errc const error = measure(message, length); error != errc{}) return error;
  writer to(out.append(static_cast<std::size_t>(length - 4)));
  to.integer(Payload::code);
  Payload::fields(to, message);
  return {};
}

}  // namespace tusk::protocol
