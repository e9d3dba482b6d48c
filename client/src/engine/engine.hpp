// What a connection is: the engine that moves bytes between transport and session, and turns events into results.
//
//   start (encode requests) ─► step: write what the session has to send, read what the socket has, take the events
//                              ─► done: results or an error
//
// `step` is the only place where bytes move. The faces differ in how they wait between steps: the blocking one lets the
// step itself wait in its read, poll() never waits, and a wait callback is a loop around poll(). So what one face can
// do, all can.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/connection.hpp>
#include <tusk/protocol/session.hpp>
#include <vector>

#include "conninfo/conninfo.hpp"
#include "engine/connecting.hpp"
#include "engine/fork_watch.hpp"
#include "engine/kept_notices.hpp"
#include "engine/limit.hpp"
#include "engine/operation_lock.hpp"
#include "engine/session_types.hpp"
#include "engine/spare_memory.hpp"
#include "engine/statement_cache.hpp"
#include "engine/wait_slot.hpp"
#include "net/canceller.hpp"
#include "net/transport.hpp"

namespace tusk::detail {

/// Throws unless the text is UTF-8: that is how it goes to the server, and what is not is never passed on.
void require_utf8(std::string_view text);
/// The text of the error that a wrong number of arguments is.
std::string wrong_argument_count(std::size_t parameters, std::size_t arguments);

/// Statements that travel together. Shared with whoever tells of them afterwards: there may be a lot of text.
using statement_batch = std::vector<std::string>;

/// Whether the flag of set_interrupt_flag() was set; it is cleared.
bool take_interrupt() noexcept;
/// How long nobody waits without a look at the flag; empty if there is none.
std::optional<std::chrono::milliseconds> interrupt_slice() noexcept;

/// How far a batch came.
struct batch_progress {
  std::size_t completed = 0;  ///< statements that succeeded
  std::uint64_t rows = 0;     ///< that they touched or gave, as the server counts
};

/// Typecasters that come before those of the connection; null: none.
using first_casters = std::shared_ptr<types::caster_map const>;

/// See the top of this file. Public members lock; one operation at a time.
class engine {
 public:
  engine(std::string_view dsn, connect_options const& options);
  engine(std::shared_ptr<client::settings const> settings, connect_options const& options);
  engine(engine const&) = delete;
  engine& operator=(engine const&) = delete;
  ~engine();

  /// Waits until connected. For blocking connections.
  void connect();
  /// One that is not connected yet, with the same settings, options and queue of notifications.
  /// This one says goodbye, and is to be closed.
  std::shared_ptr<engine> another();

  /// `limit`, here and below: null if there is none.
  std::vector<result> exec(std::string_view script, within const* limit = nullptr);
  /// The same into an empty vector whose memory is used again, with a cursor's casters.
  void exec(std::string_view script, first_casters const& casters, std::vector<result>& into, within const* limit);
  /// Statements that travel together, up to the first that fails; `reached` is set in either case.
  std::vector<result> exec_all(std::shared_ptr<statement_batch const> statements, first_casters casters,
                               batch_progress& reached, within const* limit);
  result query(std::string_view sql, params const& args);
  result query(within const& limit, std::string_view sql, params const& args);
  std::shared_ptr<prepared_statement> prepare(std::string_view sql, within const* limit);
  result query(std::shared_ptr<prepared_statement> const& statement, params const& args);
  result query(within const& limit, std::shared_ptr<prepared_statement> const& statement, params const& args);
  /// The statement is closed with the next request.
  void release(prepared_statement const& statement) noexcept;
  void forget_statements();

  void ping();
  void load_types();
  void register_type(typecaster const& caster);
  oid type_oid(std::string_view name) const;
  std::string type_name(oid type) const;

  // transactions.cpp
  void commit(within const* limit = nullptr);
  void rollback();
  void reset();
  void start_reset();
  void run_now(char const* what, std::string_view statement);
  void start_now(std::string_view statement);
  void savepoint(std::string_view statement, std::string_view answer);
  void begin_later();
  bool begins_later() const;
  std::size_t enter_guard();
  void require_guard(std::size_t depth);
  bool leave_guard() noexcept;
  bool is_guarded() const;
  bool is_busy() const;
  tusk::transaction_status transaction_status() const;
  session_mode mode() const;
  void set_mode(session_mode const& mode, char const* what);
  void start_exec(std::string_view script, first_casters const& casters = {}, within const* limit = nullptr);
  void start_exec_all(std::shared_ptr<statement_batch const> statements, first_casters casters, within const* limit);
  batch_progress progress() const;
  void start_query(std::string_view sql, params const& args, within const* limit = nullptr);
  void start_ping();
  void start_load_types();
  std::vector<result> take_results();
  void cancel(std::chrono::milliseconds within);

  // waiting.cpp
  void set_wait_callback(wait_callback callback);
  wait_callback get_wait_callback() const;
  void interrupt();

  poll_status poll();
  int fileno() const noexcept;
  int descriptor_to_wait_for();
  std::optional<std::chrono::milliseconds> timeout() const;
  bool isexecuting() const noexcept;
  bool is_async() const noexcept { return options_.async; }
  bool is_connecting_now() const noexcept { return (obstacles_ & is_connecting) != 0; }

  /// The face that this is the engine of; null when it is gone. It says so itself, when it moves too.
  connection* owner() const noexcept { return owner_; }
  void set_owner(connection* owner) noexcept { owner_ = owner; }

  void require_blocking(char const* what) const {
    if (options_.async) [[unlikely]]
      throw_asynchronous(what);
  }
  [[noreturn]] static void throw_asynchronous(char const* what);
  /// Why it is closed, the first time; then that it is.
  [[noreturn]] void throw_closed();

  /// Whether the owner is of a class of its own, which is asked and told of what is run.
  bool is_watched() const noexcept { return watched_; }
  void watch() noexcept { watched_ = true; }

  /// Who wants to be told when the asynchronous operation under way has ended, by poll(), with its error or null.
  using ending = std::function<void(std::exception_ptr)>;
  void when_ended(void const* who, ending tell);
  void forget(void const* who) noexcept;
  bool is_running(void const* who) const noexcept { return told_ == who; }
  bool has_ending() const noexcept { return told_ != nullptr; }
  ending take_ending();
  std::vector<result> peek_results() const;

  // handlers.cpp
  void on_notify(std::string_view channel, std::function<void(tusk::notify const&)> function);
  void on_notice(std::function<void(diagnostics const&)> function);
  /// Throws if it is a handler of this connection that asks.
  void refuse_in_handler() const;
  /// Throws what a handler has thrown, once.
  void rethrow_from_handlers();
  std::vector<diagnostics> take_notices();
  void trace(std::function<void(std::string_view)> sink);

  /// How far an asynchronous connection's session hook is: it is called when the session has begun, and what it starts
  /// belongs to it.
  enum class hook_stage : std::uint8_t { none, due, under_way };
  hook_stage session_hook_stage() const noexcept { return hook_stage_; }
  void set_session_hook_stage(hook_stage stage) noexcept { hook_stage_ = stage; }
  std::function<void(connection&)> const& session_hook() const noexcept { return options_.session_hook; }

  connection_info info() const;
  std::string dsn() const;
  std::string parameter_status(std::string_view name) const;
  bool closed() const noexcept { return (obstacles_ & is_closed) != 0; }
  void close() noexcept;
  adapter_registry& adapters() const noexcept { return *adapters_; }
  notification_queue const& notifications() const noexcept { return notifications_; }

 private:
  using lock = operation_guard;

  /// The operation under way.
  struct operation {
    bool active = false, ended = false;  // ended: done, but not handed over yet
    std::vector<std::shared_ptr<result_state>> results;
    std::exception_ptr error;                       // the first one
    std::string text;                               // what was asked, for the caret under an error's position
    prepared_statement const* running = nullptr;    // or the statement that was; it outlives the operation
    std::shared_ptr<prepared_statement> preparing;  // set while Parse and Describe are under way
    bool parsed = false, described = false;
    bool misnamed = false;                         // a column's name could not be read
    bool loads_types = false;                      // its rows are for types_
    bool begins = false;                           // BEGIN goes before it, and its answer is nobody's
    bool rolled_back = false;                      // inside a guard: a statement of it had the tag ROLLBACK
    std::shared_ptr<statement_batch const> batch;  // statements that travel together; null: it is no batch
    std::size_t batched = 0;                       // how many of them were handed to the session
    batch_progress reached;
    first_casters casters;
    std::string_view asked() const noexcept {
      if (batch) return reached.completed < batch->size() ? (*batch)[reached.completed] : std::string_view();
      return running != nullptr ? std::string_view(running->sql) : text;
    }
    std::optional<std::size_t> arguments;       // how many were given to the statement that is being prepared
    std::shared_ptr<column_set const> columns;  // of the rows that come next
  };

  // engine.cpp: stepping
  poll_status step(bool wait);
  [[gnu::always_inline]] poll_status step_open(bool wait);
  poll_status step_connecting();
  void startup_failed(std::string const& reason);
  void wait_until_done();
  [[gnu::always_inline]] bool write_output();
  bool send_all();
  [[gnu::always_inline]] bool read_input(bool wait);
  bool received(client::io_result const& got);
  void take_events();
  bool take_event();
  result answer();
  void answer_script(std::vector<result>& into);
  /// Whether a send and a receive that waits may be all of it.
  bool may_exchange() const { return transport_.is_bare() && !(wait_slot::any() && has_callback()); }
  [[gnu::always_inline]] bool exchange();
  void give_up() noexcept;
  void close_transport() noexcept;
  void say_goodbye() noexcept;
  void shut_down() noexcept;
  void wait_for(int descriptor, bool read, bool write, client::deadline until);
  void lost(std::string const& reason);
  void hang_up() noexcept;

  // events.cpp: what the server says
  bool take(protocol::event const& told);
  void take_other(protocol::event const& told);
  void take_error(protocol::error_response const& told);
  std::string advice_on(diagnostics const& fields) const;
  void take_violation(protocol::violation const& told);
  void take_parameters(protocol::parameter_description const& told);
  void take_columns(protocol::row_description const& told);
  bool remembers_columns() const noexcept {
    return last_description_.columns && last_description_.casters == operation_.casters;
  }
  void take_last_columns();
  std::shared_ptr<result_state> make_result(std::string_view tag);
  void take_ready();
  void take_types();
  void take_prepared(std::shared_ptr<prepared_statement> made);
  void forget_running();
  void leave_running();
  [[gnu::cold]] void heed(std::string_view tag);
  void take_begin(std::string_view tag);
  void forget_all();
  std::string answer_to_question();
  [[gnu::cold]] void distrust_results(text_trust instead);
  [[gnu::cold]] void done_with_doubts();
  void encoding_changed(std::string_view to);
  void done() {
    if ((obstacles_ & (is_foreign | is_parting)) != 0) [[unlikely]]
      done_with_doubts();
    operation_.active = false;
    operation_.ended = true;
    if (session_.shrink()) [[unlikely]]
      give_memory_back();
  }
  void give_memory_back() noexcept;
  [[gnu::always_inline]] void clear_results() noexcept {
    operation_.results.clear();
    release_if_large(operation_.results);
  }
  void fail(std::exception_ptr error) noexcept;
  void break_off(std::exception_ptr error) noexcept;

  // handlers.cpp: functions of the user's that are called while the lock is held
  template <class What>
  struct handler {
    std::function<void(What const&)> function;
    What told;  // what it is called with; here, so that its memory serves the next one
  };
  struct handlers {
    std::vector<std::shared_ptr<handler<tusk::notify>>> of_channels;  // in the channels' order
    std::size_t latest = 0;                                           // where the one stands that was found last
    std::shared_ptr<handler<diagnostics>> of_notices;
    std::function<void(std::string_view)> trace;
  };
  class handling;
  handlers& made_handlers();
  void take_notification(protocol::notification_response const& arrived);
  [[gnu::cold]] void refuse_notification(protocol::notification_response const& arrived);
  void take_notice(protocol::notice_response const& arrived);
  void add_warning(std::string_view message);
  template <class What>
  [[gnu::always_inline]] void run(handler<What> const& one) noexcept;
  [[gnu::cold]] void leave_to_parent() noexcept;
  client::progress step_connector();
  void rethrow_thrown();
  void show_messages(std::function<void(std::string_view)> sink, protocol::trace_from from,
                     std::string_view received = {});

  // operations.cpp: what is asked
  void require_open();
  [[noreturn]] static void throw_forked();
  [[noreturn]] void throw_parting();
  void require_turn();
  void require_idle();
  void begin(std::string_view text, params const& args);
  void require_readiness(std::string_view text, params const& args);
  [[gnu::always_inline]] void clear(std::string_view text);
  void begin_exec(std::string_view script, first_casters const& casters = {});
  void begin_bare(std::string_view script);
  [[gnu::always_inline]] void send_bare(std::string_view script);
  void begin_ping();
  void begin_load_types();
  void send_load_types();
  void begin_query(std::string_view sql, params const& args);
  void begin_unknown(std::string_view sql, params const& args);
  void begin_prepare(std::shared_ptr<prepared_statement> fresh);
  std::error_code parse_and_describe(std::shared_ptr<prepared_statement> fresh);
  void begin_prepared(std::shared_ptr<prepared_statement> const& statement, params const& args);
  void begin_again(std::shared_ptr<prepared_statement> const& statement, params const& args);
  void prepare_and_run(std::shared_ptr<prepared_statement> fresh, params const& args);
  void name_statement(prepared_statement& fresh);
  [[gnu::always_inline]] void run_prepared(prepared_statement const& statement, params const& args);
  void end_unit(std::error_code failed);
  /// Half a unit, for want of memory, would make the server wait for the other half.
  template <class Send>
  void send_whole(Send const& send) {
    try {
      send();
    } catch (...) {
      give_up();
      throw;
    }
  }
  void close_released();
  void finish();
  std::vector<result> all_results();
  result only_result();

  // batch.cpp
  void begin_exec_all(std::shared_ptr<statement_batch const> statements, first_casters casters);
  void feed_batch();
  std::error_code batch_statement(std::string_view statement);
  bool feeds_batch() const noexcept { return operation_.batch && operation_.batched < operation_.batch->size(); }
  void take_batched(std::string_view tag);

  // transactions.cpp: BEGIN, which goes with the first statement
  bool needs_begin() const noexcept {
    return session_.transaction() == protocol::transaction_status::idle && (!mode_.autocommit || begin_asked_);
  }
  void send_begin();
  void require_unguarded(char const* what) const;
  std::string run_control(std::string_view statement, within const* limit = nullptr);
  std::string answered_tags();
  [[noreturn]] void distrust(std::string_view statement, std::string_view answer);
  void look_at_guards() noexcept;
  void break_guards() noexcept { set_obstacle(is_guard_broken, true); }
  void begin_reset();
  void begin_now(std::string_view statement);
  session_mode first_mode() const;
  void require_transactions(char const* what) const;

  // waiting.cpp: single steps, limits, wait callbacks
  poll_status step_all();
  poll_status step_for_callback();
  void wait_by_steps();
  void wait_by(wait_callback const& callback);
  wait_slot::held callback_in_force() const;
  [[gnu::cold]] bool has_callback() const;
  std::unique_ptr<client::limit> admit(within const* limit);
  int descriptor() const noexcept;
  client::deadline until() const;

  // cancelling.cpp: requests over a connection of their own
  /// A request that came before what it is to cancel would do nothing: all of that is sent first. But not of a batch,
  /// of which a server that waits in its midst reads no more.
  bool is_cancelling() const noexcept {
    return canceller_ != nullptr && (session_.output().empty() || operation_.batch);
  }
  std::optional<poll_status> step_cancel();
  std::unique_ptr<client::canceller> make_canceller(client::deadline until) const;
  void cancel_now(client::deadline until);
  void wait_for_cancels();

  // What keeps an operation from beginning, in one word: whether it is closed, whether a cancel request may be on its
  // way that nobody confirmed, whether it is connecting, whether client_encoding was changed, whether a handler runs,
  // whether a wait callback steps it for another one, whether a handler's exception waits to be thrown, whether this is
  // a forked child, whether the transaction of the open guards has ended without them, and above these how many threads
  // are cancelling.
  static constexpr unsigned is_closed = 1, is_doubtful = 2, is_connecting = 4, is_foreign = 8, is_handling = 16,
                            is_waited = 32, is_thrown = 64, is_forked = 128, is_guard_broken = 256, is_parting = 512,
                            one_cancel = 1024;
  bool text_is_utf8() const noexcept { return (obstacles_ & is_foreign) == 0; }
  void set_obstacle(unsigned which, bool there) noexcept {
    if (there)
      obstacles_ |= which;
    else
      obstacles_ &= ~which;
  }

  connect_options options_;
  std::shared_ptr<client::settings const> settings_;
  mutable operation_lock mutex_;
  client::transport transport_;
  protocol::session session_;
  std::unique_ptr<client::connector> connector_;  // while connecting
  operation operation_;
  statement_cache statements_;
  session_types types_{session_};
  std::shared_ptr<adapter_registry> adapters_ = std::make_shared<adapter_registry>();
  std::vector<std::string> released_;  // names of statements to close
  notification_queue notifications_;
  kept_notices notices_;
  std::unique_ptr<handlers> handlers_;  // null: none was ever set
  std::exception_ptr thrown_;           // by a handler, the first time
  bool close_asked_ = false;            // by a handler
  hook_stage hook_stage_;
  client::route route_;                           // once the connection is open; then it does not change
  std::unique_ptr<client::canceller> canceller_;  // one that is stepped with the operation, while it is under way
  std::unique_ptr<client::limit> limit_;          // of the operation under way
  wait_slot waiter_;
  std::exception_ptr parting_;                   // why the connection was closed, for the next call
  std::unique_ptr<diagnostics const> farewell_;  // a notice that says why the server goes, while nothing came after it
  std::atomic<unsigned> obstacles_ = 0;
  // The RowDescription of a script that came last, and what it meant: mostly the next one is the same.
  struct {
    std::string encoded;
    std::size_t count = 0;
    first_casters casters;
    std::shared_ptr<column_set const> columns;
    protocol::list<protocol::column_description> list() const noexcept { return {encoded, count}; }
  } last_description_;
  ending tell_;                              // when the operation has ended
  std::atomic<void const*> told_ = nullptr;  // read without the lock, which another thread's operation may hold
  connection* owner_ = nullptr;
  bool watched_ = false;
  session_mode mode_;
  bool begin_asked_ = false;  // by a guard, whatever the mode
  std::size_t guards_ = 0;    // that have not ended
  bool write_failed_ = false, read_wants_write_ = false, computing_ = false;
  fork_watch in_child_{mutex_, obstacles_, is_forked};  // the last one, as it refers to the others
};

}  // namespace tusk::detail
