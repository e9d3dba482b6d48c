// A statement that is prepared: by hand, or because it is run for the first time.
//
//   [Close ...] Parse Describe Sync ─► ParseComplete, ParameterDescription, RowDescription or NoData, ReadyForQuery
//   [Close ...] [BEGIN] Parse Describe Bind Execute Sync                           first_run
//   [Close ...] [ROLLBACK BEGIN] Parse Describe Bind Execute Sync                  first_run, of one that heals
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <tusk/statement.hpp>
#include <tusk/types/params.hpp>

#include "operations/known_statement.hpp"

namespace tusk::detail {

/// Its Parse, and the Describe of it.
std::error_code parse_and_describe(protocol::session& into, prepared_statement const& fresh);

/// See the top of this file.
class preparation : public sql_operation {
 public:
  /// `fresh` is described by it; its name is chosen here. Throws programming_error unless its text is UTF-8 and no
  /// COPY, and operational_error if the system gives no random bytes for a name.
  preparation(session_context& in, std::shared_ptr<prepared_statement> fresh);

  fed feed() override;
  std::string_view asked() const noexcept override { return fresh_->sql; }
  std::span<result> results() noexcept override { return {}; }
  bool is_barrier() const noexcept override { return false; }  // it runs nothing

 protected:
  /// Of a statement that is known: there is nothing to prepare.
  struct is_known {};
  preparation(session_context& in, std::shared_ptr<prepared_statement> known, is_known) noexcept
      : sql_operation(in), fresh_(std::move(known)) {}
  void ready() override;
  void take_description(protocol::event const& told) override;
  /// How many there are; none: it is not run.
  virtual std::optional<std::size_t> arguments() const noexcept { return {}; }
  std::shared_ptr<column_set const> columns_;
  std::shared_ptr<prepared_statement> fresh_;

 private:
  void take_tag(std::string_view) override {}
  std::string advice(diagnostics const& fields) const override;
  /// The server takes more parameters in a statement's text than Bind can carry.
  bool can_never_run() const noexcept { return fresh_->parameters.size() > protocol::max_parameters; }

  bool parsed_ = false, described_ = false;
  bool misnamed_ = false;  // a column's name could not be read
};

/// Values as Bind carries them; views.
struct bound_values {
  bound_values(std::string_view wire, std::string_view sent_as, std::size_t count)
      : values(wire, count), formats(sent_as, sent_as.size() / 2) {}
  explicit bound_values(params const& args) : bound_values(args.wire(), args.formats(), args.count()) {}
  protocol::list<protocol::field_value> values;
  protocol::list<std::int16_t> formats;
};

/// Prepares a statement and runs it in the same unit.
class first_run final : public preparation {
 public:
  /// `args` have to live until it was fed. Throws as preparation does.
  first_run(session_context& in, std::shared_ptr<prepared_statement> fresh, params const& args)
      : first_run(in, std::move(fresh), bound_values(args), false) {}
  /// The same with values that were bound before. `begins_again`: behind a BEGIN that went in front of it and that
  /// another error has made void.
  first_run(session_context& in, std::shared_ptr<prepared_statement> fresh, bound_values const& args, bool begins_again)
      : preparation(in, std::move(fresh)), args_(args), begins_again_(begins_again) {
    if (!fresh_->is_passing) in_.being_prepared.push_back(fresh_.get());
  }
  ~first_run() override { settle(); }

  fed feed() override;
  progress take(protocol::event const& told) override;
  void keep() override {
    kept_values_ = args_.values.encoded();
    kept_formats_ = args_.formats.encoded();
    args_ = {kept_values_, kept_formats_, args_.values.size()};
  }
  void settle() noexcept override {
    if (!std::exchange(is_settled_, true)) std::erase(in_.being_prepared, fresh_.get());
  }
  std::span<result> results() noexcept override { return {&result_, has_result_ ? 1U : 0U}; }
  bool is_barrier() const noexcept override { return is_barrier_with(*fresh_); }

 private:
  void take_tag(std::string_view tag) override;
  std::optional<std::size_t> arguments() const noexcept override { return args_.values.size(); }

  std::string kept_values_, kept_formats_;
  bound_values args_;
  bool begins_again_;  // until ROLLBACK is answered
  bool has_result_ = false, is_settled_ = false;
  result result_;
};

/// One whose statement is given out when it has ended.
class started_preparation final : public preparation {
 public:
  started_preparation(std::shared_ptr<connection_state> const& on, std::shared_ptr<prepared_statement> fresh);
  /// Throws interface_error if the connection is gone, or lent to somebody else.
  statement given() const;

 private:
  std::weak_ptr<connection_state> on_;
  unsigned const lease_;  // in which it was started
};

/// Chooses the name of a statement, and looks at its text. Throws as preparation does.
void prepare_name(session_context& in, prepared_statement& fresh);

/// A statement that is asked for by its text and not known yet. Throws programming_error if the text is not UTF-8, or
/// has not as many places as there are arguments.
std::shared_ptr<prepared_statement> unknown_statement(session_context const& in, std::string_view sql,
                                                      params const& args);

}  // namespace tusk::detail
