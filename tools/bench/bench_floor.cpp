// The floor: a raw Unix socket that sends the prepared request and reads to ReadyForQuery without parsing. Nobody can
// be faster. It looks at nothing, so its checksums are 0; it tells the bytes on the wire.

#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <sstream>
#include <system_error>

#include "bench.hpp"

namespace {

class client {
 public:
  using result = std::size_t;

  explicit client(std::string const& dsn) : descriptor_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    std::map<std::string, std::string> words;
    std::istringstream from(dsn);
    for (std::string word; from >> word;) words[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    auto const address = bench::socket_address(words["host"], words["port"]);
    if (::connect(descriptor_, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) fail("connecting");
    std::string const body = bench::int32(3 << 16) + bench::zero_ended("user") + bench::zero_ended(words["user"]) +
                             bench::zero_ended("database") + bench::zero_ended(words["dbname"]) + '\0';
    exchange(bench::message('\0', body));
  }
  client(client const&) = delete;
  client& operator=(client const&) = delete;
  ~client() { ::close(descriptor_); }

  void prepare(std::string const& sql) {
    using bench::message, bench::zero_ended, bench::int16, bench::int32;
    exchange(message('P', zero_ended("s") + zero_ended(sql) + int16(0)) + message('S', ""));
    request_ = message('B', zero_ended("") + zero_ended("s") + int16(0) + int16(0) + int16(0)) +
               message('E', zero_ended("") + int32(0)) + message('S', "");
    received_ = 0;
  }
  result fetch() { return exchange(request_); }
  std::uint64_t received() const { return received_; }

  static std::size_t size(result) { return 0; }
  static std::uint64_t first_int(result) { return 0; }
  static std::uint64_t sum_ints(result) { return 0; }
  static std::uint64_t touch_text(result) { return 0; }
  static std::uint64_t sum_records(result) { return 0; }

 private:
  [[noreturn]] static void fail(char const* what) { throw std::system_error(errno, std::generic_category(), what); }

  /// Sends, and reads until the bytes end like ReadyForQuery. Gives their number.
  std::size_t exchange(std::string const& request) {
    if (::send(descriptor_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
      fail("sending");
    constexpr std::size_t tail = 6;
    constexpr std::string_view ready{"Z\0\0\0\5", tail - 1};
    std::size_t total = 0;
    for (;;) {
      // The last bytes of what came before stand in front of what comes now.
      auto const count = ::recv(descriptor_, buffer_.data() + tail, buffer_.size() - tail, 0);
      if (count <= 0) fail("receiving");
      auto const size = static_cast<std::size_t>(count);
      total += size;
      received_ += size;
      std::memmove(buffer_.data(), buffer_.data() + size, tail);
      if (total >= tail && std::string_view(buffer_.data(), ready.size()) == ready) return total;
    }
  }

  int descriptor_;
  std::string request_;
  std::uint64_t received_ = 0;
  std::array<char, 65536> buffer_{};
};

}  // namespace

int main(int count, char** arguments) { return bench::run<client>(count, arguments); }
