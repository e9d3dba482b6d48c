// What the operations of a connection share: the session, the statements and types that are known there, how
// transactions begin, and what text means while client_encoding is not UTF8.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <tusk/options.hpp>
#include <tusk/protocol/session.hpp>
#include <tusk/session_mode.hpp>
#include <vector>

#include "engine/description_cache.hpp"
#include "engine/obstacles.hpp"
#include "engine/session_facts.hpp"
#include "engine/session_types.hpp"
#include "engine/spare_memory.hpp"
#include "engine/statement_cache.hpp"

namespace tusk::detail {

/// How transactions begin: by themselves with a statement, or because a guard asks for it; and who is to end them.
struct transaction_plan {
  session_mode mode;
  bool begin_asked = false;  ///< by a guard, whatever the mode
  bool begin_sent = false;   ///< and the operation behind it has not ended
  std::size_t guards = 0;    ///< that have not ended
  std::string two_phase =
      {};                    ///< the identifier of the transaction of tpc_begin(), until tpc_commit() or tpc_rollback()
  bool is_prepared = false;  ///< that one, by tpc_prepare()
};

/// What the user of a connection has changed that the next one would find, where a pool lends it.
struct user_changes {
  bool settings = false;   ///< maybe: of the session, or how transactions begin
  bool listens = false;    ///< maybe
  bool functions = false;  ///< handlers, a trace, a wait callback, a cursor factory
  session_mode mode = {};  ///< how transactions began before
};

/// See the top of this file. One thread at a time.
struct session_context {
  session_context(connect_options const& options, session_mode first);

  detail::obstacles obstacles;
  protocol::session session;
  statement_cache statements;
  session_types types{session};
  std::vector<std::string> released;  ///< names of statements that are to be closed
  /// Those that left the cache, or whose tusk::statement has gone, while an operation in the queue was to run them:
  /// they are closed when none is any more.
  std::vector<std::shared_ptr<prepared_statement>> evicted;
  /// Whose Parse is under way with their first run: another one of the same text is a passing one.
  std::vector<prepared_statement const*> being_prepared;
  transaction_plan transactions;
  description_cache descriptions;  ///< of scripts
  session_facts facts;
  user_changes changes;
  std::atomic<unsigned> lease{0};    ///< of a pool's: its number, which what was started in another one does not have
  std::size_t waiting_in_units = 0;  ///< bytes of requests of pipelines that wait to be encoded
  bool const names_statements;       ///< statement_cache_mode::named
  tusk::format const format;         ///< of arguments, and of results that are read as types which are known

  bool is_closed() const noexcept { return obstacles.any_of(obstacles::closed); }
  bool text_is_utf8() const noexcept { return !obstacles.any_of(obstacles::foreign); }

  /// Gives back what a large operation took for itself: an idle connection is small.
  [[gnu::always_inline]] void idle() noexcept {
    if (session.shrink() && released.empty()) [[unlikely]]
      release_if_large(released);
  }

  // ---- statements ----

  /// Closes what is to be closed, at the head of a unit.
  void close_released();
  /// Gives a statement a name that was never used; the one that it had is closed. Or none: the next statement replaces
  /// it then.
  void name_statement(prepared_statement& fresh);
  /// Forgets all of them; those that were kept are closed with the next request.
  void forget_statements();
  /// Forgets one, which is to be prepared anew when it is asked for again.
  void forget(prepared_statement const& gone);
  /// Whether such a statement will be known soon, maybe.
  bool is_being_prepared(statement_key const& asked) const noexcept {
    return std::any_of(being_prepared.begin(), being_prepared.end(), [&](prepared_statement const* each) {
      return statement_key{each->sql, each->types} == asked;
    });
  }
  /// What becomes of a statement whose Parse and Describe have been answered: `usable` if it can be run by what came.
  void keep(std::shared_ptr<prepared_statement> made, bool usable);

  // ---- transactions ----

  bool needs_begin() const noexcept {
    return session.transaction() == protocol::transaction_indicator::idle &&
           (!transactions.mode.autocommit || transactions.begin_asked);
  }
  /// Whether that may come to be: what is fed then has to know what became of all that went before.
  bool may_need_begin() const noexcept { return !transactions.mode.autocommit || transactions.guards != 0; }
  /// A statement by the extended protocol and without a Sync: if it fails the server skips what comes behind it.
  std::error_code send_command(std::string_view text);
  /// BEGIN like that.
  std::error_code send_begin();
  /// A statement inside a guard has ended, and may have ended the guard's transaction. ROLLBACK TO SAVEPOINT, whose tag
  /// is ROLLBACK too, does not.
  void look_at_guards() noexcept {
    bool const begins = transactions.begin_asked || transactions.begin_sent;
    if (session.transaction() == protocol::transaction_indicator::idle && !begins) break_guards();
  }
  void break_guards() noexcept { obstacles.set(obstacles::guard_broken, true); }

  // ---- results ----

  /// The columns that the server described, with what this connection knows of their types. `misnamed`: set if a name
  /// could not be read.
  std::shared_ptr<column_set const> describe(protocol::row_description const& told, bool plain,
                                             first_casters const& casters, bool& misnamed) const;
  /// What a description means that came again.
  std::shared_ptr<column_set const> const& columns_of(known_description& again) const {
    if (types.is_stale(*again.columns)) [[unlikely]]
      again.columns = types.resolve(again.columns->infos, true, again.casters.get());
    return again.columns;
  }
  /// A setting that the server has reported.
  void setting_changed(std::string_view name, std::string_view value);
};

}  // namespace tusk::detail
