#include <tusk/pool.hpp>

#include <tusk/types/error.hpp>

#include "pool/pool_lending.hpp"

namespace tusk {
namespace {

within const* pointer_to(std::optional<within> const& limit) noexcept { return limit ? &*limit : nullptr; }

/// Whoever calls keeps it, so that the pool may be destroyed while the call waits.
std::shared_ptr<detail::lending> kept(std::shared_ptr<detail::lending> const& of) noexcept { return of; }

}  // namespace

void lease::release() noexcept {
  if (auto const from = std::exchange(from_, nullptr)) from->give_back(*this);
}
void lease::discard() noexcept {
  if (auto const from = std::exchange(from_, nullptr)) from->discard(*this);
}
void lease::throw_ended() {
  throw interface_error(
      "the lease of this connection has ended, and the pool may have lent it to somebody else; "
      "acquire() another one");
}

pool::pool(std::string_view dsn, pool_options options, connect_options how)
    : lending_(std::make_shared<detail::lending>(dsn, std::move(options), std::move(how))) {}
pool::~pool() { lending_->close(nullptr); }

lease pool::acquire(std::source_location where) { return detail::lending::acquire(lending_, nullptr, where); }
lease pool::acquire(within const& limit, std::source_location where) {
  return detail::lending::acquire(lending_, &limit, where);
}
std::size_t pool::maintain(std::optional<within> const& limit) { return kept(lending_)->maintain(pointer_to(limit)); }
void pool::warm_up(std::optional<within> const& limit) { kept(lending_)->warm_up(pointer_to(limit)); }
void pool::run(std::stop_token const& stop) { kept(lending_)->run(stop); }
bool pool::close(std::optional<within> const& limit) { return kept(lending_)->close(pointer_to(limit)); }
bool pool::closed() const { return lending_->closed(); }
pool_statistics pool::statistics() const { return lending_->statistics(); }

}  // namespace tusk
