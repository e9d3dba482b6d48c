// A script: one or more statements as they stand, without parameters.
//
//   Query ─► (RowDescription, rows, CommandComplete) for each statement ─► ReadyForQuery
//   Parse Bind Execute (BEGIN) Query Sync                                  where a transaction has to begin
//
// BEGIN is a request of the extended protocol, so that the server skips the script if it fails; up to a Sync.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operations/sql_operation.hpp"

namespace tusk::detail {

/// See the top of this file.
class script : public sql_operation {
 public:
  /// Text and results have to live until it has ended, but for hold().
  script(session_context& in, std::string_view text, std::vector<result>& into, first_casters const& casters = {})
      : sql_operation(in), text_(text), into_(&into), casters_(casters) {}
  /// One that keeps what it needs.
  script(session_context& in, std::string text, first_casters const& casters = {})
      : sql_operation(in), own_text_(std::move(text)), text_(own_text_), into_(&own_), casters_(casters) {}
  /// Runs in whatever transaction there is, and begins none.
  void begin_nothing() noexcept { bare_ = true; }

  fed feed() override;
  std::string_view asked() const noexcept override { return text_; }
  bool is_barrier() const noexcept override { return true; }  // what is in it is not known
  std::span<result> results() noexcept override { return *into_; }
  void settle() noexcept override {
    text_ = {};
    std::string().swap(own_text_);
    if (error()) std::vector<result>().swap(own_);
  }

  /// Takes the whole answer, if it is there and gives columns that came before; true: it has ended. Otherwise it takes
  /// as much as that is.
  [[gnu::always_inline]] bool take_at_once() {
    auto came = protocol::query_answer::nothing;
    auto* const known = in_.descriptions.find(
        casters_, [&](auto const& columns) __attribute__((always_inline)) {
          came = in_.session.take_query_answer(columns);
          return came != protocol::query_answer::nothing;
        });
    if (known != nullptr) columns_ = in_.columns_of(*known);
    if (came != protocol::query_answer::all) [[unlikely]]
      return false;
    into_->emplace_back(make_result(std::get_if<protocol::unit_complete>(&in_.session.current())->tag, columns_));
    if (!in_.text_is_utf8()) [[unlikely]]
      distrust(text_trust::foreign);
    return true;
  }

 protected:
  void take_description(protocol::event const& told) override;
  /// Before it is fed; of one that keeps its text.
  void put_in_front(std::string_view statements) {
    own_text_.insert(0, statements);
    text_ = own_text_;
  }

 private:
  void take_tag(std::string_view tag) override;

  std::string own_text_;
  std::string_view text_;
  std::vector<result> own_;
  std::vector<result>* into_;
  first_casters casters_;
  bool bare_ = false;

 protected:
  std::shared_ptr<column_set const> columns_;  // of the rows that come next
};

}  // namespace tusk::detail
