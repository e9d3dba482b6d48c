#include "net/resolver.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

namespace tusk::client {

struct resolver::shared {
  shared() = default;
  shared(shared const&) = delete;
  shared& operator=(shared const&) = delete;
  ~shared() {
    if (event >= 0) ::close(event);
  }

  void look_up(int flags);
  void give_up(int number) {
    error = "the system has no means to look it up: " + std::generic_category().message(number);
    done = true;
  }

  std::string host, port;
  int event = -1;
  std::vector<endpoint> addresses;
  std::string error;
  std::atomic<bool> done = false;
};

namespace {

endpoint make_endpoint(addrinfo const& from) {
  char text[NI_MAXHOST] = "";
  ::getnameinfo(from.ai_addr, from.ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  auto const* bytes = reinterpret_cast<std::byte const*>(from.ai_addr);
  endpoint result{{bytes, bytes + from.ai_addrlen}, text, false};
  if (from.ai_family == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, from.ai_addr, sizeof address);
    result.is_loopback = (ntohl(address.sin_addr.s_addr) >> 24) == 127;
  } else if (from.ai_family == AF_INET6) {
    sockaddr_in6 address{};
    std::memcpy(&address, from.ai_addr, sizeof address);
    result.is_loopback = IN6_IS_ADDR_LOOPBACK(&address.sin6_addr);
  }
  return result;
}

}  // namespace

void resolver::shared::look_up(int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* found = nullptr;
  int const outcome = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  auto const free = [](addrinfo* list) { ::freeaddrinfo(list); };
  std::unique_ptr<addrinfo, decltype(free)> const freed(found, free);
  if (outcome != 0) {
    error = outcome == EAI_SYSTEM ? std::generic_category().message(errno) : ::gai_strerror(outcome);
    return;
  }
  for (addrinfo const* each = found; each != nullptr; each = each->ai_next)
    if (each->ai_family == AF_INET || each->ai_family == AF_INET6) addresses.push_back(make_endpoint(*each));
  if (addresses.empty()) error = "the name has no IPv4 or IPv6 address";
}

void resolver::start(std::string const& host, std::uint16_t port) {
  // The event before this one is closed when this one is open, so that the descriptor's number differs.
  auto const previous = std::exchange(shared_, std::make_shared<shared>());
  shared_->host = host;
  shared_->port = std::to_string(port);
  shared_->look_up(AI_NUMERICHOST);
  if (!shared_->addresses.empty()) {
    shared_->done = true;
    return;
  }
  shared_->error.clear();
  shared_->event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (shared_->event < 0) return shared_->give_up(errno);

  // The thread inherits the mask: no signal handler of the program ever runs on it.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([state = shared_]() noexcept {
      try {
        state->look_up(0);
      } catch (...) {
        state->error = "out of memory";
      }
      state->done = true;
      std::uint64_t const one = 1;
      (void)!::write(state->event, &one, sizeof one);
    }).detach();
  } catch (std::system_error const& e) {
    shared_->give_up(e.code().value());
  } catch (...) {
    shared_->give_up(ENOMEM);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

bool resolver::done() const noexcept { return shared_->done; }
int resolver::descriptor() const noexcept { return shared_ ? shared_->event : -1; }
std::vector<endpoint> const& resolver::addresses() const noexcept { return shared_->addresses; }
std::string const& resolver::error() const noexcept { return shared_->error; }

}  // namespace tusk::client
