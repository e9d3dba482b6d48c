#include "engine/startup.hpp"

#include <utility>
#include <variant>

#include "engine/kept_notices.hpp"

namespace tusk::client {
namespace {

/// A step that always finds more ends after about 1 MiB.
constexpr std::size_t reads_a_step = (std::size_t{1} << 20) / protocol::frame_reader::chunk_capacity;

template <class Message>
void tell(std::function<void(Message const&)> const& function, protocol::event const& told) {
  if (function) function(*std::get_if<Message>(&told));
}

}  // namespace

startup::startup(protocol::limits const& limits, transport& bytes, connecting_observer const& observer)
    : limits_(limits), bytes_(bytes), observer_(observer), session_(limits) {}

void startup::renew() {
  session_ = protocol::session(limits_);
  computing_ = write_failed_ = one_text_column_ = false;
  statements_ = 0;
  answer_.clear();
}

std::error_code startup::begin(protocol::startup_options how) {
  renew();
  if (auto const failed = session_.start(std::move(how))) return failed;
  if (observer_.begun) observer_.begun();
  return {};
}

void startup::ask(std::string_view query) {
  answer_.clear();
  statements_ = 0;
  one_text_column_ = false;
  (void)session_.query(query);
}

void startup::leave() {
  session_.terminate();
  bytes_.write(session_.output());
}

/// Sends what there is to send. True if nothing is left, or nothing can be sent any more.
bool startup::write() {
  while (!session_.output().empty() && !write_failed_) {
    io_result const wrote = bytes_.write(session_.output());
    switch (wrote.status) {
      case io_status::done: session_.sent(wrote.bytes); break;
      case io_status::want_read:
      case io_status::want_write: return false;
      case io_status::closed:
      case io_status::failed: write_failed_ = true; break;  // the server's last words may wait to be read
    }
  }
  return true;
}

/// Nothing: there are bytes for the session.
std::optional<startup::outcome> startup::read() {
  io_result const got = bytes_.read(session_.prepare(), false);
  switch (got.status) {
    case io_status::done: session_.commit(got.bytes); return {};
    case io_status::want_read: return write_failed_ ? lost("sending failed and nothing more came") : outcome::want_read;
    case io_status::want_write:  // TLS has something to say first
      return write_failed_ ? lost("sending failed and nothing more came") : outcome::want_write;
    case io_status::closed: return lost("the server closed the connection");
    case io_status::failed: return lost(bytes_.explain(got), got.error);
  }
  return {};
}

startup::outcome startup::lost(std::string reason, int error) {
  bool const foreign = session_.state() == protocol::state::startup;
  reason_ = std::move(reason) + (foreign ? " before it answered; is it a PostgreSQL server?" : " during the startup");
  code_ = {error, std::generic_category()};
  return outcome::lost;
}

startup::outcome startup::step() {
  for (std::size_t turn = 0; turn < reads_a_step && !interrupted_; ++turn) {
    bool sent = true;
    std::optional<outcome> ended;
    if (!computing_) {
      sent = write();
      ended = read();
    }
    if (!ended) ended = take_events();
    if (ended) return *ended == outcome::want_read && !sent ? outcome::want_write : *ended;
  }
  return outcome::busy;
}

/// Nothing: more bytes are needed.
std::optional<startup::outcome> startup::take_events() {
  while (!interrupted_) {
    protocol::event const& told = session_.next();
    computing_ = std::holds_alternative<protocol::working>(told);
    if (computing_) return outcome::busy;
    if (std::holds_alternative<protocol::want_bytes>(told)) return {};
    if (auto const ended = take(told)) return ended;
  }
  return outcome::busy;
}

/// Whether the server's text is not UTF-8.
bool startup::is_foreign() const noexcept {
  std::string_view const encoding = session_.parameter("client_encoding");
  return !encoding.empty() && encoding != "UTF8" && encoding != "UNICODE";  // two names of one
}

std::optional<startup::outcome> startup::take(protocol::event const& told) {
  using namespace protocol;
  if (auto const* how = std::get_if<protocol::violation>(&told)) {
    violation_ = *how;
    return outcome::violated;
  }
  if (auto const* error = std::get_if<error_response>(&told)) {
    if (session_.state() != state::ended) return {};  // the question failed, which its answer shows
    words_ = {};
    detail::write_fields(error->fields_sent, words_, is_foreign());
    return outcome::refused;
  }
  if (std::holds_alternative<ready_for_query>(told)) return outcome::ready;
  if (auto const* columns = std::get_if<row_description>(&told)) {
    one_text_column_ = columns->columns.size() == 1;
    for (column_description const& each : columns->columns) one_text_column_ &= each.format_code == 0;
  } else if (std::holds_alternative<command_complete>(told)) {
    take_answer();
  } else if (std::holds_alternative<notice_response>(told)) {
    tell(observer_.notice, told);
  } else if (std::holds_alternative<notification_response>(told)) {
    tell(observer_.notification, told);
  } else if (std::holds_alternative<parameter_status>(told)) {
    tell(observer_.setting, told);
  }
  return {};
}

void startup::take_answer() {
  answer_.clear();
  protocol::row_set const rows = session_.take_rows();
  if (++statements_ == 1 && one_text_column_ && rows.size() == 1) answer_ = (*rows.begin())[0].text();
  one_text_column_ = false;
}

}  // namespace tusk::client
