#include "net/canceller.hpp"

#include <tusk/protocol/frontend.hpp>
#include <tusk/types/error.hpp>

namespace tusk::client {

canceller::canceller(settings const& how, client::route const& to, std::int32_t process_id, std::string_view key,
                     deadline until)
    : to_(to), dialer_(how, bytes_), until_(until) {
  protocol::byte_buffer buffer;
  protocol::cancel_request message;
  message.process_id = process_id;
  message.secret_key = key;
  (void)encode(buffer, message);
  request_ = buffer.view();
  buffer.wipe();
  dialer_.begin(*to.host, to.address, to.with_tls);
}

canceller::outcome canceller::fail(std::string_view why) {
  bool const sent = sent_ != 0;
  reason_ = "the cancel request to " + to_.address.text +
            (sent ? " was sent, but the server did not confirm it: " : " could not be sent: ");
  reason_ += why;
  bytes_.close();
  return *(ended_ = sent ? outcome::unknown : outcome::failed);
}

canceller::outcome canceller::step() {
  if (ended_) return *ended_;
  if (until_ && clock::now() >= *until_) return fail("its time is over");
  try {
    return open_ ? talk() : dial();
  } catch (tusk::error const& e) {  // of files that TLS needs, and that have changed
    return fail(e.what());
  }
}

canceller::outcome canceller::dial() {
  switch (dialer_.step()) {
    case dialer::outcome::want_read: return outcome::want_read;
    case dialer::outcome::want_write: return outcome::want_write;
    case dialer::outcome::no_tls: return fail("the server does not offer TLS any more, and the session has it");
    case dialer::outcome::failed: return fail(dialer_.reason());
    case dialer::outcome::open: break;
  }
  open_ = true;
  return talk();
}

canceller::outcome canceller::talk() {
  while (sent_ < request_.size()) {
    io_result const wrote = bytes_.write(std::string_view(request_).substr(sent_));
    if (wrote.status == io_status::want_read) return outcome::want_read;
    if (wrote.status == io_status::want_write) return outcome::want_write;
    if (wrote.status != io_status::done) return fail(bytes_.explain(wrote));
    sent_ += wrote.bytes;
  }
  char ignored[64];  // a server sends nothing; what it sends all the same is dropped
  io_result const got = bytes_.read(ignored, false);
  switch (got.status) {
    case io_status::done:
    case io_status::want_read: return outcome::want_read;
    case io_status::want_write: return outcome::want_write;
    // A connection that was reset is as much at its end as one that was closed: nothing of it is taken any more.
    case io_status::closed: break;
    case io_status::failed:
      if (got.error != 0) break;
      // With TLS 1.3 our certificate is refused only now; then the request was never read.
      sent_ = 0;
      return fail(bytes_.explain(got));
  }
  bytes_.close();
  return *(ended_ = outcome::done);
}

}  // namespace tusk::client
