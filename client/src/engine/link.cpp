#include "engine/link.hpp"

namespace tusk::detail {

bool link::write_slowly() {
  while (!session_.output().empty() && !write_failed_) {
    client::io_result const wrote = bytes.write(session_.output());
    switch (wrote.status) {
      case client::io_status::done: session_.sent(wrote.bytes); break;
      case client::io_status::want_read:
      case client::io_status::want_write: return false;
      case client::io_status::closed:
      case client::io_status::failed: write_failed_ = true; break;
    }
  }
  return true;
}

link::arrival link::received(client::io_result const& got) {
  switch (got.status) {
    case client::io_status::done: session_.commit(got.bytes); return arrival::bytes;
    case client::io_status::want_read:
    case client::io_status::want_write:
      read_wants_write_ = got.status == client::io_status::want_write;
      if (!write_failed_) return arrival::nothing;
      reason_ = "sending failed and nothing more came";
      return arrival::gone;
    case client::io_status::closed: reason_ = "the server closed the connection"; return arrival::gone;
    case client::io_status::failed: reason_ = bytes.explain(got); return arrival::gone;
  }
  return arrival::nothing;
}

void link::say_goodbye() noexcept {
  try {
    session_.terminate();
    write();
  } catch (...) {
    return;  // no memory, or a trace's sink that throws
  }
}

}  // namespace tusk::detail
