// Fails each allocation in turn, of C++ and of OpenSSL, in a process that has not connected before: what comes of it is
// bad_alloc or an operational_error, never a crash, a hang, a wrong answer or, under AddressSanitizer, a leak; and then
// the process can connect as if nothing had been. (But where OpenSSL remembers by itself that it had no memory once,
// connecting may fail again, in the same words.)
//
//   failing_allocations           of C++'s each one, of OpenSSL's one or two of each place in its source
//   failing_allocations all       every one, which takes minutes
//
// The server is a process of its own, and so is each try: a fork of this one, in which nobody has used OpenSSL yet.
#include <openssl/crypto.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <tuple>
#include <tusk/tusk.hpp>
#include <vector>

#include "net/tls_context.hpp"
#include "support/echo_server.hpp"
#include "support/effort.hpp"
#include "support/scram_peer.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_peer.hpp"

// OSSL_LIB_CTX_new loses what it had made where a later part of it finds no memory (OpenSSL 3.0). Who called it is seen
// by whole stacks alone.
extern "C" char const* __asan_default_options();
extern "C" char const* __asan_default_options() { return "fast_unwind_on_malloc=0"; }
extern "C" char const* __lsan_default_suppressions();
extern "C" char const* __lsan_default_suppressions() { return "leak:OSSL_LIB_CTX_new\n"; }

namespace {

/// Counts allocations, and fails one, or all from that one on.
class failing {
 public:
  /// `file`, `line`: who asks for memory, where that is known.
  bool fails(char const* file = "", int line = 0) noexcept {
    if (!armed_) return false;
    long const now = ++count_;
    if (at_ < 0) note(file, line, now);
    return for_ever_ ? now >= at_ : now == at_;
  }
  void arm(long at, bool for_ever) noexcept {
    count_ = 0;
    at_ = at;
    for_ever_ = for_ever;
    armed_ = true;
  }
  void disarm() noexcept { armed_ = false; }
  /// For arm(never, ..): the first allocation of each place, and the other one of those that have two.
  static constexpr long never = -1;
  std::vector<long> samples() const {
    std::vector<long> all;
    for (std::size_t i = 0; i < used_; ++i) {
      all.push_back(places_[i].first);
      if (places_[i].count == 2) all.push_back(places_[i].second);
    }
    return all;
  }
  long count() const noexcept { return count_; }

 private:
  void note(char const* file, int line, long now) noexcept {
    for (std::size_t i = 0; i < used_; ++i) {
      if (places_[i].file != file || places_[i].line != line) continue;
      if (++places_[i].count == 2) places_[i].second = now;
      return;
    }
    if (used_ < most_places) places_[used_++] = {file, line, 1, now, 0};
  }

  static constexpr std::size_t most_places = 4000;
  struct place {
    char const* file;
    int line;
    long count, first, second;
  } places_[most_places] = {};
  std::size_t used_ = 0;
  std::atomic<bool> armed_ = false;
  std::atomic<long> count_ = 0;
  long at_ = 0;
  bool for_ever_ = false;
};
failing of_cpp, of_openssl;

void* allocate(std::size_t size) {
  if (of_cpp.fails()) throw std::bad_alloc();
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* ssl_allocate(std::size_t size, char const* file, int line) {
  return of_openssl.fails(file, line) ? nullptr : std::malloc(size);
}
void* ssl_reallocate(void* memory, std::size_t size, char const* file, int line) {
  if (size != 0) return of_openssl.fails(file, line) ? nullptr : std::realloc(memory, size);
  std::free(memory);
  return nullptr;
}
void ssl_free(void* memory, char const*, int) { std::free(memory); }

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace tusk;

/// What a test of this file fails with.
struct wrong {
  std::string what;
};
void require(bool good, char const* what) {
  if (!good) throw wrong{what};
}
void require_answer(result const& rows, std::string_view wanted) {
  require(rows.size() == 1 && rows[0].get<std::string_view>(0) == wanted, "the answer is another statement's");
}

/// Connects, and uses the connection in each way. `made` is the connection, open or not, when this throws.
void use(std::string const& dsn, std::optional<connection>& made) {
  made.emplace(connect(dsn, {.autocommit = true}));
  connection& conn = *made;
  require(conn.info().authentication == "scram-sha-256-plus", "the session is not bound to the certificate");
  require_answer(conn.query("SELECT $1, $2", 7, "seven"), "SELECT $1, $2|7|seven");
  require_answer(conn.query("SELECT $1, $2", 8, "eight"), "SELECT $1, $2|8|eight");
  auto cursor = conn.cursor();
  cursor.execute("SELECT %s", "text");
  auto const row = cursor.fetchone();
  require(row && row->get<std::string_view>(0) == "SELECT 'text'", "the cursor's answer is another statement's");
  cursor.executemany("INSERT %s", std::vector<std::tuple<int>>{{1}, {2}, {3}});
  statement prepared = conn.prepare("SELECT $1");
  require_answer(prepared.query("again"), "SELECT $1|again");
  conn.exec("FORGET");  // they heal
  require_answer(prepared.query("anew"), "SELECT $1|anew");
  require_answer(conn.query("SELECT $1, $2", 9, "nine"), "SELECT $1, $2|9|nine");
  {
    auto first = conn.start_query("SELECT $1", "one"), second = conn.start_query("SELECT 2");
    require_answer(second.get(), "SELECT 2");
    require_answer(first.get(), "SELECT $1|one");
    pipeline unit = conn.pipeline();
    auto in_it = unit.query("SELECT $1", "three");
    unit.sync().get();
    require_answer(in_it.get(), "SELECT $1|three");
    (void)unit.query("SELECT 4");  // and left
  }
  for (auto const& each : conn.stream("SELECT $1", 5))
    require(each.get<std::string_view>(0) == "SELECT $1|5", "the stream's row is another statement's");
  conn.executemany("UPDATE $1", std::vector<int>{1, 2, 3});
  {
    transaction guard(conn);
    conn.exec("LISTEN here");
    conn.exec("NOTIFY here");
    guard.commit();
  }
  auto const told = conn.notifies.pop();
  require(told && told->channel == "here", "the notification is not there");
  conn.close();
}

/// One try, in a process of its own. 0: all is well.
int child(std::string const& dsn, failing& which, long at, bool for_ever) {
  ::alarm(30);
  try {
    {
      std::optional<connection> conn;
      which.arm(at, for_ever);
      try {
        use(dsn, conn);
      } catch (std::bad_alloc const&) {
      } catch (operational_error const&) {
      } catch (interface_error const&) {  // a destructor has closed it, which cannot throw
        which.disarm();
        require(conn && conn->closed(), "an open connection says that it is closed");
      }
      which.disarm();
      // What is still open works.
      if (conn && !conn->closed()) try {
          require_answer(conn->query("SELECT $1", "after"), "SELECT $1|after");
        } catch (operational_error const&) {
          require(conn->closed(), "an open connection does not work");
        }
    }
    std::optional<connection> conn;
    try {
      use(dsn, conn);
    } catch (operational_error const& e) {
      std::string_view const text = e.what();
      bool const of_tls = text.find("TLS") != text.npos || text.find("OpenSSL") != text.npos;
      if (&which != &of_openssl || !of_tls) throw;
    }
    return 0;
  } catch (wrong const& e) {
    std::fprintf(stderr, "%s\n", e.what.c_str());
  } catch (std::exception const& e) {
    std::fprintf(stderr, "an exception of another kind: %s\n", e.what());
  }
  return 1;
}

template <class Run>
int in_a_child(Run const& run) {
  std::fflush(nullptr);
  pid_t const id = ::fork();
  if (id < 0) std::abort();
  if (id == 0) std::exit(run());
  int status = 0;
  ::waitpid(id, &status, 0);
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  std::fprintf(stderr, "%s\n", WTERMSIG(status) == SIGALRM ? "it hangs" : ::strsignal(WTERMSIG(status)));
  return 128 + WTERMSIG(status);
}

/// What one run allocates: how often by C++, how often by OpenSSL, and behind these two which of OpenSSL's are to fail.
/// Empty if that run fails.
std::vector<long> counted(std::string const& dsn) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  int const status = in_a_child([&] {
    of_cpp.arm(failing::never, false);
    of_openssl.arm(failing::never, false);
    std::optional<connection> conn;
    try {
      use(dsn, conn);
    } catch (wrong const& e) {
      std::fprintf(stderr, "%s\n", e.what.c_str());
      return 1;
    }
    of_cpp.disarm();
    of_openssl.disarm();
    std::vector<long> counts = of_openssl.samples();
    counts.insert(counts.begin(), {of_cpp.count(), of_openssl.count()});
    auto const size = static_cast<ssize_t>(counts.size() * sizeof(long));  // fits into the pipe
    return ::write(ends[1], counts.data(), counts.size() * sizeof(long)) == size ? 0 : 1;
  });
  ::close(ends[1]);
  std::vector<long> counts(10'000);
  auto const got = status == 0 ? ::read(ends[0], counts.data(), counts.size() * sizeof(long)) : 0;
  ::close(ends[0]);
  counts.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)) / sizeof(long));
  return counts;
}

/// A library context that could not be made is not remembered: the default one, which a configuration file rules, would
/// take its place.
int make_library(long at) {
  of_openssl.arm(at, false);
  try {
    (void)client::tls_library();
  } catch (std::bad_alloc const&) {}
  of_openssl.disarm();
  if (client::tls_library() != nullptr) return 0;
  std::fprintf(stderr, "there is no library context of our own\n");
  return 1;
}

struct a_try {
  failing* which;
  char const* name;
  long at;
  bool for_ever;
};
/// They wait for the server more than they work.
constexpr std::size_t side_by_side = 4;

/// The server, until this process closes the pipe.
[[noreturn]] void serve(int told, int ended, test::temporary_folder const& files) {
  using namespace tusk::test;
  {
    certificate const& ca = authority(key_kind::ecdsa);
    certificate const own({.issuer = &ca, .key_of = &ca});
    scripted_server server([&](peer& client) {
      tls_peer secure(client, own);
      if (!secure.begin()) return;
      play_scram(secure, {.offer_plus = true, .end_point = own.end_point()});
      echo(secure);
    });
    std::string const dsn = server.dsn("host=localhost connect_timeout=20 sslmode=verify-full sslrootcert=" +
                                       files.write("ca.crt", ca.pem()));
    if (::write(told, dsn.c_str(), dsn.size()) < 0) std::abort();
    ::close(told);
    char nothing = 0;
    while (::read(ended, &nothing, 1) > 0) {}
  }
  ::_exit(0);
}

}  // namespace

int main(int count, char** arguments) {
  if (CRYPTO_set_mem_functions(ssl_allocate, ssl_reallocate, ssl_free) != 1) return 2;
  bool const all = count > 1 && std::string_view(arguments[1]) == "all";
  test::temporary_folder const files;
  int told[2], ended[2];
  if (::pipe(told) != 0 || ::pipe(ended) != 0) return 2;
  pid_t const server = ::fork();
  if (server == 0) {
    ::close(told[0]);
    ::close(ended[1]);
    serve(told[1], ended[0], files);
  }
  ::close(told[1]);
  ::close(ended[0]);
  std::string dsn;
  char memory[4096];
  for (ssize_t got = 0; (got = ::read(told[0], memory, sizeof memory)) > 0;)
    dsn.append(memory, static_cast<std::size_t>(got));

  auto const counts = counted(dsn);
  if (counts.size() < 2) return 1;
  std::vector<a_try> tries;
  auto const add = [&](failing& which, char const* name, long at) {
    for (bool const for_ever : {false, true})
      if (all || for_ever == (tries.size() % 3 == 0)) tries.push_back({&which, name, at, for_ever});
  };
  for (long at = 1; at <= counts[0]; ++at) add(of_cpp, "operator new", at);
  if (all)
    for (long at = 1; at <= counts[1]; ++at) add(of_openssl, "OpenSSL", at);
  else
    for (std::size_t i = 2; i < counts.size(); ++i) add(of_openssl, "OpenSSL", counts[i]);
  auto const run = [&](std::size_t first) {
    int failures = 0;
    for (std::size_t i = first; i < tries.size(); i += side_by_side) {
      if (!all && i / side_by_side % test::effort_divisor != 0) continue;
      a_try const& each = tries[i];
      if (in_a_child([&] { return child(dsn, *each.which, each.at, each.for_ever); }) == 0) continue;
      std::fprintf(stderr, "^ allocation %ld by %s%s\n", each.at, each.name, each.for_ever ? ", and all after it" : "");
      ++failures;
    }
    return std::min(failures, 100);
  };
  std::vector<pid_t> runs;
  for (std::size_t first = 0; first < side_by_side; ++first) {
    runs.push_back(::fork());
    if (runs.back() == 0) ::_exit(run(first));
  }
  int failures = 0, status = 0;
  for (pid_t const each : runs) {
    ::waitpid(each, &status, 0);
    failures += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }
  for (long at = 1; at <= 20; ++at) failures += in_a_child([at] { return make_library(at); }) == 0 ? 0 : 1;
  std::printf("%zu tries over %ld allocations by operator new and %ld by OpenSSL, %d failed\n", tries.size(), counts[0],
              counts[1], failures);
  ::close(ended[1]);
  ::waitpid(server, &status, 0);
  return failures == 0 ? 0 : 1;
}
