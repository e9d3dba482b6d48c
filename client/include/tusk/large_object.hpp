// Large objects: values of up to 4 TiB that the server keeps outside of tables, and that are read and written in parts.
//
//   auto lo = tusk::large_object::create(conn);
//   lo.write("some bytes");
//   lo.seek(5);
//   lo.read(5) == "bytes";
//   conn.query("INSERT INTO picture VALUES ($1)", lo.id());
//   conn.commit();
//
//   oid id = tusk::large_object::import_file(conn, "picture.png");
//   tusk::large_object_buffer bytes(lo);   std::istream in(&bytes);        // a std::streambuf
//
// All of it is SQL functions (lo_open, loread, ...), a round trip a call; of at most 1 MiB, so that no call needs more
// memory than that. An object is open as long as its transaction: where statements commit by themselves it needs a
// guard (transaction.hpp). The functions are for blocking connections; on others the SQL functions do, inside a BEGIN.
//
// Source: PostgreSQL's documentation, "Large Objects".
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <streambuf>
#include <string>
#include <string_view>
#include <tusk/fwd.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/timestamp.hpp>
#include <vector>

namespace tusk {

namespace detail {
class connection_state;
}

/// What an object is opened for.
enum class lo_mode : std::uint8_t { read, write, read_write };
/// What large_object::seek counts from.
enum class lo_from : std::uint8_t { start, current, end };
/// Told of each part of a file that was copied: bytes so far, and of all. What it throws ends the copying.
using lo_progress = std::function<void(std::uint64_t done, std::uint64_t size)>;

/// One that is open. See the top of this file. Thread rule: as the connection's.
///
/// All throw what a statement throws: programming_error (42704) for an object that there is not. Also
/// programming_error: on an asynchronous connection; if the transaction has ended, which closes it; outside of a
/// transaction, where statements commit by themselves; after close().
class large_object {
 public:
  large_object(connection& conn, oid id, lo_mode mode = lo_mode::read_write);
  /// Makes one, and opens it. `id` 0: the server chooses; one that is there already is an integrity_error (23505).
  static large_object create(connection& conn, oid id = 0, lo_mode mode = lo_mode::read_write);
  large_object(large_object&& other) noexcept;
  large_object& operator=(large_object&& other) noexcept;
  /// Sends nothing: the end of the transaction closes it, if close() has not.
  ~large_object() = default;

  oid id() const noexcept { return id_; }

  /// The next bytes, up to `count`; fewer only at the end of the object.
  std::string read(std::size_t count = static_cast<std::size_t>(-1));
  /// The same into `to`; gives how many.
  std::size_t read(std::span<std::byte> to);
  /// Writes over what is there from here on, and beyond the end.
  void write(std::string_view bytes);
  void write(std::span<std::byte const> bytes);
  /// Goes to a place, also one behind the end: what is between is zero bytes once something is written there. Gives the
  /// place, from the start.
  std::uint64_t seek(std::int64_t offset, lo_from from = lo_from::start);
  std::uint64_t tell();
  /// Makes it this long: cut, or with zero bytes behind.
  void truncate(std::uint64_t size);
  /// Closing twice is fine.
  void close();

  /// Removes one for ever.
  static void unlink(connection& conn, oid id);
  /// Makes one of a file of this machine (not of the server's); gives its OID. Throws operational_error if the file
  /// cannot be read.
  static oid import_file(connection& conn, std::filesystem::path const& from, lo_progress const& progress = {});
  /// Writes a file of this machine, over one that is there. Throws operational_error if it cannot be written.
  static void export_file(connection& conn, oid id, std::filesystem::path const& to, lo_progress const& progress = {});

 private:
  large_object(std::shared_ptr<detail::connection_state> on, oid id, lo_mode mode);
  void open(lo_mode mode);
  template <class T, class... Args>
  T call(std::string_view function, Args const&... args);
  std::size_t read_part(char* to, std::size_t count);

  std::shared_ptr<detail::connection_state> state_;
  oid id_ = 0;
  int descriptor_ = -1;
  timestamptz since_;  // when its transaction began: the next one may have another object under this descriptor
};

/// Reads and writes an object through a std::iostream. It reads ahead and writes behind, 64 KiB at a time; sync()
/// (flush) writes. What the object throws makes the stream bad, or comes out where stream.exceptions() asks for it. The
/// object has to outlive it. Destroyed it writes what is left, and swallows errors: flush before.
class large_object_buffer : public std::streambuf {
 public:
  explicit large_object_buffer(large_object& of) : of_(&of) {}
  large_object_buffer(large_object_buffer const&) = delete;
  large_object_buffer& operator=(large_object_buffer const&) = delete;
  ~large_object_buffer() override;

 protected:
  int_type underflow() override;
  int_type overflow(int_type c) override;
  int sync() override;
  pos_type seekoff(off_type offset, std::ios_base::seekdir from, std::ios_base::openmode which) override;
  pos_type seekpos(pos_type to, std::ios_base::openmode which) override;

 private:
  void write_out();
  void drop_read();

  large_object* of_;
  std::vector<char> bytes_;
};

}  // namespace tusk
