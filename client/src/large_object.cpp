// Large objects by their SQL functions.
//
// A descriptor is a number that means another object, or none, in the next transaction, and that the transaction has
// ended is not told. So each call names the time at which its transaction began, and gives no row in another one.
#include <tusk/large_object.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <system_error>
#include <tusk/connection.hpp>
#include <tusk/mapping.hpp>
#include <utility>

#include "calls.hpp"
#include "session_status.hpp"

namespace tusk {
namespace {

using bytes = std::vector<std::byte>;

constexpr std::size_t longest_call = 1 << 20;
constexpr std::string_view same_transaction =
    " WHERE pg_catalog.transaction_timestamp() OPERATOR(pg_catalog.=) $1::pg_catalog.timestamptz";

template <class T>
constexpr types::result_choice choice{detail::questions<T>};

void require_blocking(detail::connection_state const& on) {
  if (on.options.async)
    throw programming_error(
        "tusk::large_object cannot be used in asynchronous mode; use the SQL functions (lo_open, loread, ...) inside a "
        "BEGIN, or a connection without async");
}

void require_transaction(detail::connection_state& on) {
  require_blocking(on);
  if (!detail::will_be_in_transaction(on))
    throw programming_error(
        "a large object is open as long as its transaction, and statements commit by themselves here: begin one");
}

/// The only row of a statement of ours.
template <class... T, class... Args>
std::tuple<T...> ask(detail::connection_state& on, std::string_view sql, Args const&... args) {
  return detail::query(on, sql, detail::bound_for_rows<T...>(on.arguments.binding, args...))
      .template one<std::tuple<T...>>();
}

/// INV_READ and INV_WRITE.
int bits_of(lo_mode mode) {
  constexpr int writes = 0x20000, reads = 0x40000;
  return mode == lo_mode::read ? reads : mode == lo_mode::write ? writes : reads | writes;
}

class file {
 public:
  file(std::filesystem::path const& path, char const* mode)
      : name_(path.string()), at_(std::fopen(path.c_str(), mode)) {
    if (at_ == nullptr) fail("open");
  }
  file(file const&) = delete;
  file& operator=(file const&) = delete;
  ~file() {
    if (at_ != nullptr) std::fclose(at_);
  }
  std::size_t read(std::string& to) {
    std::size_t const size = std::fread(to.data(), 1, to.size(), at_);
    if (std::ferror(at_) != 0) fail("read");
    return size;
  }
  void write(std::string_view what) {
    if (std::fwrite(what.data(), 1, what.size(), at_) != what.size()) fail("write");
  }
  void close() {
    if (std::fclose(std::exchange(at_, nullptr)) != 0) fail("write");
  }

 private:
  [[noreturn]] void fail(char const* what) const {
    throw operational_error(std::string("could not ") + what + " file \"" + name_ +
                            "\": " + std::generic_category().message(errno));
  }

  std::string name_;
  std::FILE* at_;
};

}  // namespace

// ---- open and closed ----

large_object::large_object(connection& conn, oid id, lo_mode mode) : large_object(conn.state_, id, mode) {}

large_object::large_object(std::shared_ptr<detail::connection_state> on, oid id, lo_mode mode)
    : state_(std::move(on)), id_(id) {
  if (!state_) throw interface_error("the connection was moved from");
  require_transaction(*state_);
  std::tie(descriptor_, since_) = ask<int, timestamptz>(
      *state_, "SELECT pg_catalog.lo_open($1::pg_catalog.oid, $2), pg_catalog.transaction_timestamp()", id,
      bits_of(mode));
}

large_object large_object::create(connection& conn, oid id, lo_mode mode) {
  auto& on = conn.state();
  require_transaction(on);
  auto const [made] = ask<oid>(on, "SELECT pg_catalog.lo_create($1::pg_catalog.oid)", id);
  return {conn, made, mode};
}

large_object::large_object(large_object&& other) noexcept
    : state_(std::move(other.state_)),
      id_(other.id_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      since_(other.since_) {}

large_object& large_object::operator=(large_object&& other) noexcept {
  large_object made(std::move(other));
  std::swap(state_, made.state_);
  std::swap(id_, made.id_);
  std::swap(descriptor_, made.descriptor_);
  std::swap(since_, made.since_);
  return *this;
}

void large_object::close() {
  if (descriptor_ < 0) return;
  call<int>("lo_close($2)");
  descriptor_ = -1;
}

void large_object::unlink(connection& conn, oid id) {
  require_blocking(conn.state());
  ask<int>(conn.state(), "SELECT pg_catalog.lo_unlink($1::pg_catalog.oid)", id);
}

/// `function`: with its arguments, of which $2 is the descriptor.
template <class T, class... Args>
T large_object::call(std::string_view function, Args const&... args) {
  if (descriptor_ < 0) throw programming_error("the large object is closed");
  bool const over = detail::is_idle(*state_);
  if (!over) {
    auto const answer =
        detail::query(*state_, "SELECT pg_catalog." + std::string(function) + std::string(same_transaction),
                      detail::bound_for(choice<T>, state_->arguments.binding, since_, descriptor_, args...));
    if (!answer.empty()) return detail::only_value<T>(answer);
  }
  throw programming_error("the large object is closed: the transaction in which it was opened has ended");
}

// ---- reading and writing ----

std::size_t large_object::read_part(char* to, std::size_t count) {
  auto const part = call<bytes>("loread($2, $3)", static_cast<int>(std::min(count, longest_call)));
  if (part.size() > count) throw operational_error("the server gave more of a large object than was asked for");
  if (!part.empty()) std::memcpy(to, part.data(), part.size());
  return part.size();
}

std::size_t large_object::read(std::span<std::byte> to) {
  std::size_t done = 0;
  while (done != to.size()) {
    std::size_t const part = read_part(reinterpret_cast<char*>(to.data()) + done, to.size() - done);
    if (part == 0) break;
    done += part;
  }
  return done;
}

std::string large_object::read(std::size_t count) {
  std::string all;
  while (all.size() != count) {
    std::size_t const before = all.size(), wanted = std::min(count - before, longest_call);
    all.resize(before + wanted);
    std::size_t const part = read_part(all.data() + before, wanted);
    all.resize(before + part);
    if (part < wanted) break;
  }
  return all;
}

void large_object::write(std::span<std::byte const> what) {
  while (!what.empty()) {
    auto const part = what.first(std::min(what.size(), longest_call));
    auto const written = call<int>("lowrite($2, $3)", part);
    if (written < 0 || static_cast<std::size_t>(written) != part.size())
      throw operational_error("the server wrote " + std::to_string(written) + " of " + std::to_string(part.size()) +
                              " bytes to a large object");
    what = what.subspan(part.size());
  }
}
void large_object::write(std::string_view what) { write(std::as_bytes(std::span(what.data(), what.size()))); }

std::uint64_t large_object::seek(std::int64_t offset, lo_from from) {
  return static_cast<std::uint64_t>(call<std::int64_t>("lo_lseek64($2, $3, $4)", offset, static_cast<int>(from)));
}
std::uint64_t large_object::tell() { return static_cast<std::uint64_t>(call<std::int64_t>("lo_tell64($2)")); }
void large_object::truncate(std::uint64_t size) {
  if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    throw programming_error("a large object has at most 4 TiB");
  call<int>("lo_truncate64($2, $3)", static_cast<std::int64_t>(size));
}

// ---- files ----

oid large_object::import_file(connection& conn, std::filesystem::path const& from, lo_progress const& progress) {
  file in(from, "rb");
  std::error_code unknown;
  std::uint64_t const size = std::filesystem::file_size(from, unknown);
  large_object to = create(conn, 0, lo_mode::write);
  try {
    std::string part(longest_call, '\0');
    for (std::uint64_t done = 0; std::size_t const read = in.read(part);) {
      to.write(std::string_view(part).substr(0, read));
      done += read;
      if (progress) progress(done, unknown ? done : std::max(size, done));
    }
    to.close();
  } catch (...) {
    if (detail::is_quiet(conn.state())) unlink(conn, to.id());  // else it goes with its transaction
    throw;
  }
  return to.id();
}

void large_object::export_file(connection& conn, oid id, std::filesystem::path const& to, lo_progress const& progress) {
  large_object from(conn, id, lo_mode::read);
  std::uint64_t const size = from.seek(0, lo_from::end);
  from.seek(0);
  file out(to, "wb");
  for (std::uint64_t done = 0;;) {
    std::string const part = from.read(longest_call);
    if (part.empty()) break;
    out.write(part);
    done += part.size();
    if (progress) progress(done, std::max(size, done));
  }
  out.close();
  from.close();
}

// ---- as a stream ----

namespace {
constexpr std::size_t buffer_size = 64 << 10;
}

large_object_buffer::~large_object_buffer() {
  try {
    write_out();
  } catch (...) {
    // Who wants to know has called sync().
  }
}

void large_object_buffer::write_out() {
  if (pbase() == nullptr) return;
  auto const size = static_cast<std::size_t>(pptr() - pbase());
  setp(nullptr, nullptr);
  of_->write(std::string_view(bytes_.data(), size));
}

/// The object stands behind what was read ahead.
void large_object_buffer::drop_read() {
  auto const ahead = egptr() - gptr();
  setg(nullptr, nullptr, nullptr);
  if (ahead != 0) of_->seek(-ahead, lo_from::current);
}

large_object_buffer::int_type large_object_buffer::underflow() {
  write_out();
  bytes_.resize(buffer_size);
  std::size_t const size = of_->read(std::as_writable_bytes(std::span(bytes_)));
  setg(bytes_.data(), bytes_.data(), bytes_.data() + size);
  return size == 0 ? traits_type::eof() : traits_type::to_int_type(bytes_[0]);
}

large_object_buffer::int_type large_object_buffer::overflow(int_type c) {
  drop_read();
  write_out();
  bytes_.resize(buffer_size);
  setp(bytes_.data(), bytes_.data() + bytes_.size());
  if (!traits_type::eq_int_type(c, traits_type::eof())) sputc(traits_type::to_char_type(c));
  return traits_type::not_eof(c);
}

int large_object_buffer::sync() {
  write_out();
  drop_read();
  return 0;
}

large_object_buffer::pos_type large_object_buffer::seekoff(off_type offset, std::ios_base::seekdir from,
                                                           std::ios_base::openmode) {
  sync();
  auto const whence = from == std::ios_base::beg   ? lo_from::start
                      : from == std::ios_base::cur ? lo_from::current
                                                   : lo_from::end;
  return static_cast<off_type>(of_->seek(offset, whence));
}
large_object_buffer::pos_type large_object_buffer::seekpos(pos_type to, std::ios_base::openmode which) {
  return seekoff(to, std::ios_base::beg, which);
}

}  // namespace tusk
