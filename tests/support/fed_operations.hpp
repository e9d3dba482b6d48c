// Operations in their queue, above a session without a socket: what is fed, and when, is seen message by message.
//
//   fed_operations on({.autocommit = true});
//   on.begin(some); on.begin(other);
//   on.flight()                "PDBES PDBES": what the server got since the last time, a group a unit
//   on.answer();               the server, which is that of echo_server.hpp, answers all of that
#pragma once

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tusk/types/params.hpp>
#include <utility>
#include <variant>

#include "engine/operation_queue.hpp"
#include "engine/session_context.hpp"
#include "operations/known_statement.hpp"
#include "operations/preparation.hpp"
#include "support/echo_server.hpp"

namespace tusk::test {

class fed_operations {
 public:
  explicit fed_operations(session_mode const& mode, connect_options const& options = {}) : context(options, mode) {
    context.obstacles.set(detail::obstacles::connecting, false);
    protocol::startup_options how;
    how.parameters = {{"user", "somebody"}};
    if (context.session.start(how)) throw std::logic_error("no session");
    context.session.sent(context.session.output().size());
    take(welcome());
  }

  detail::session_context context;
  detail::operation_queue queue{context.session, context.obstacles};

  void begin(detail::operation& what) {
    queue.push(what, nullptr, nullptr);
    queue.feed();
  }
  /// Sends what there is to send; the type of each message, with a space between units.
  std::string flight() {
    std::string told;
    std::string_view rest = context.session.output();
    while (!rest.empty()) {
      std::size_t size = 0;
      for (char const c : rest.substr(1, 4)) size = size << 8 | static_cast<unsigned char>(c);
      if (!told.empty() && (told.back() == 'S' || told.back() == 'Q')) told += ' ';
      told += rest[0];
      unanswered_ += server_.answer(rest.substr(0, size + 1));
      rest.remove_prefix(size + 1);
    }
    context.session.sent(context.session.output().size());
    return told;
  }
  /// The server answers what was sent; operations that had to wait for that are fed.
  void answer() {
    take(std::exchange(unanswered_, {}));
    queue.feed();
  }
  /// All until nothing is under way.
  void finish() {
    do {
      flight();
      answer();
    } while (!queue.empty());
  }
  /// Has the server know a statement.
  std::shared_ptr<detail::prepared_statement> learn(std::string_view sql) {
    detail::first_run what(context, detail::unknown_statement(context, sql, params::none()), params::none());
    begin(what);
    finish();
    auto const* const found = context.statements.find(sql, {});
    if (found == nullptr) throw std::logic_error("it was not kept: " + std::string(sql));
    return *found;
  }

 private:
  void take(std::string_view bytes) {
    while (!bytes.empty()) {
      auto const room = context.session.prepare();
      std::size_t const count = std::min(room.size(), bytes.size());
      bytes.copy(room.data(), count);
      context.session.commit(count);
      bytes.remove_prefix(count);
      while (!std::holds_alternative<protocol::want_bytes>(context.session.next()))
        hand_over(context.session.current());
    }
  }
  void hand_over(protocol::event const& told) {
    if (auto const* changed = std::get_if<protocol::parameter_status>(&told))
      return context.setting_changed(changed->name, changed->value);
    if (!queue.empty() && queue.front().take(told) == detail::progress::ended) queue.end_front();
  }

  echoing server_;
  std::string unanswered_;
};

}  // namespace tusk::test
