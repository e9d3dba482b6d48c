// A unit of a pipeline: statements that travel together and fail together.
//
//   [Close ...] [BEGIN]  request request ...  Sync               a request: [Parse Describe] Bind Execute
//   the events of each request, in order ─► request_skipped for those behind one that failed ─► ReadyForQuery
//
// It is open until sync(): what is added is encoded at once, as far as may stand in the output. One that is abandoned
// fails at the server by itself, so that nothing of it stands.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/types/params.hpp>
#include <vector>

#include "engine/slab.hpp"
#include "operations/sql_operation.hpp"

namespace tusk::detail {

class unit;

/// One statement of a unit, which hands it its events.
class unit_request final : public sql_operation {
 public:
  /// How its statement goes to the server.
  enum class way : std::uint8_t {
    known,      ///< by its name
    parsed,     ///< with its Parse
    by_name,    ///< by the name that an earlier request of the unit gave it
    by_itself,  ///< with its own Parse, without a name
  };

  /// `args` have to live until it was encoded, but for keep(). `number`: in the unit, from 0.
  unit_request(session_context& in, std::shared_ptr<unit> of, std::size_t number,
               std::shared_ptr<prepared_statement> statement, way how, params const& args);

  /// Puts it into the session's output.
  std::error_code encode();
  std::size_t size() const noexcept;
  void keep() override { args_ = &kept_args_.emplace(*args_); }
  /// The number of its last message.
  std::uint64_t last() const noexcept { return last_; }
  /// Nobody has it that could ask for its result.
  void forgo_result() noexcept { is_awaited_ = false; }
  /// The answer to its Execute has come, well or not.
  void complete();
  void complete(std::string_view tag) {
    take_tag(tag);
    complete();
  }
  /// It was not run.
  void skip(std::exception_ptr const& because);
  std::size_t number() const noexcept { return number_; }

  fed feed() override { return fed::nothing; }  // the unit encodes it
  std::string_view asked() const noexcept override { return statement_->sql; }
  std::span<result> results() noexcept override { return {&result_, has_result_ ? 1U : 0U}; }
  void require_takeable() const override;
  operation const& cancelled() noexcept override;

 private:
  void take_tag(std::string_view tag) override;
  void take_description(protocol::event const& told) override;
  bool was_described() const noexcept override { return how_ == way::known; }
  void plan_failed(bool may_heal) noexcept override;
  std::string advice(diagnostics const&) const override;

  std::shared_ptr<unit> of_;
  std::shared_ptr<prepared_statement> statement_;
  std::shared_ptr<column_set const> columns_;
  params const* args_;  // until it was encoded
  std::optional<params> kept_args_;
  std::size_t args_count_;
  result result_;
  std::uint64_t last_ = 0;
  std::size_t number_;
  way how_;
  bool has_result_ = false, is_awaited_ = true, misnamed_ = false;
};

/// See the top of this file.
class unit final : public sql_operation, public std::enable_shared_from_this<unit> {
 public:
  explicit unit(session_context& in) : sql_operation(in) {}
  ~unit() override { settle(); }

  /// Adds a statement; the caller has the engine go on feeding if has_unfed() then. `at_once`: it may be encoded now.
  /// Throws programming_error if it cannot go by Parse and Bind, or would end our transaction.
  std::shared_ptr<unit_request> add(std::string_view sql, params const& args, bool at_once = false);
  std::shared_ptr<unit_request> add(std::shared_ptr<prepared_statement> const& statement, params const& args,
                                    bool at_once = false);
  /// Whether something that was added waits to be encoded.
  bool has_unfed() const noexcept { return unfed_ != 0; }
  /// Nothing more is added.
  void sync() noexcept { is_open_ = false; }
  /// The same; nothing of it is to stand, and `why` is what its requests give.
  void abandon(std::exception_ptr why) noexcept;
  bool is_open() const noexcept { return is_open_; }
  /// Whether one of its requests was to be cancelled; all of it is then.
  bool is_cancelled() const noexcept { return is_cancelled_; }
  /// Why nothing of it stands; null: it was not abandoned.
  std::exception_ptr const& abandoned() const noexcept { return abandoned_; }

  fed feed() override;
  progress take(protocol::event const& told) override;
  std::string_view asked() const noexcept override;
  bool is_barrier() const noexcept override { return has_begun_; }
  std::span<result> results() noexcept override { return {}; }
  void settle() noexcept override {
    if (waiting_ != 0) in_.waiting_in_units -= std::exchange(waiting_, 0);
  }

 private:
  friend class unit_request;
  std::shared_ptr<unit_request> push(std::shared_ptr<prepared_statement> statement, unit_request::way how,
                                     params const& args, bool at_once);
  void require_fit(prepared_statement const& statement) const;
  std::shared_ptr<prepared_statement> const* in_flight(statement_key const& asked) const noexcept;
  void described(std::shared_ptr<prepared_statement> const& fresh, bool usable);
  fed end_with_sync();
  void end_requests(std::exception_ptr const& error) noexcept;
  void take_tag(std::string_view) override {}
  void lost() noexcept override { end_requests(error()); }

  slab_source memory_;                                       // of the requests
  std::deque<std::shared_ptr<unit_request>> requests_;       // that have not ended
  std::vector<std::shared_ptr<prepared_statement>> parsed_;  // by this unit, and not described yet
  std::size_t unfed_ = 0;                                    // so many of the last of them are not encoded
  std::size_t waiting_ = 0;                                  // their bytes
  std::size_t count_ = 0;
  prepared_statement const* described_ = nullptr;  // whose columns the session knows where encoding is
  std::uint64_t begin_ = 0;                        // the number of the last message before the first request
  std::exception_ptr abandoned_;
  bool is_open_ = true, begun_ = false, is_cancelled_ = false;
  bool encoding_changes_ = false;  // by a request that has ended
};

}  // namespace tusk::detail
