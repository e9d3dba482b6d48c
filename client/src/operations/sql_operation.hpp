// What the operations that run SQL have in common: BEGIN in front of them, the ends of their statements, errors.
//
//   [BEGIN ─► CommandComplete]  statement ─► take_tag() ... ─► the last ReadyForQuery ─► ready()
//
// A kind of operation says what it sends, and what it makes of a description and of a statement's end.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <tusk/result.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/params.hpp>

#include "engine/operation.hpp"
#include "engine/recycling_allocator.hpp"
#include "engine/result_form.hpp"
#include "engine/session_context.hpp"

namespace tusk::detail {

/// Whether a text of SQL has that word, of small letters, in whatever case.
bool has_word(std::string_view text, std::string_view word) noexcept;
/// Throws unless the text is UTF-8: that is how it goes to the server, and what is not is never passed on.
void require_utf8(std::string_view text);
/// Throws data_error if the server would misread them, because client_encoding is not UTF8 any more.
void require_readable(session_context const& in, std::string_view text, params const& args);
/// What Bind says of formats: those of the arguments, and of a result that is not all text.
inline protocol::value_formats formats_of(params const& args, result_form const* form = nullptr) noexcept {
  std::string_view const bound = args.formats(), asked = form == nullptr ? std::string_view() : form->formats;
  return {{bound, bound.size() / 2}, {asked, asked.size() / 2}};
}
/// Throws programming_error if a statement with that first word cannot go by Parse and Bind: behind a COPY the server
/// would read no further message of them. What the server alone finds out, that it enters COPY, is refused then.
void require_no_copy(std::string_view first_word);

/// See the top of this file.
class sql_operation : public operation {
 public:
  progress take(protocol::event const& told) override;
  /// Its results so far.
  virtual std::span<result> results() noexcept = 0;
  /// Throws if what it gave may not be taken by its handle now.
  virtual void require_takeable() const {}
  /// It is to be cancelled, which it has to be told; what stands for it in the queue.
  virtual operation const& cancelled() noexcept { return *this; }
  /// Whether it has begun the transaction that it runs in.
  bool has_begun_transaction() const noexcept { return has_begun_; }
  /// Whether it runs in no transaction, or in one that it has begun itself: known once it is in front.
  bool is_alone() const noexcept {
    return has_begun_ || in_.session.transaction() == protocol::transaction_indicator::idle;
  }
  /// How many statements of it have succeeded, and the rows that these touched or gave, where it counts.
  virtual std::pair<std::size_t, std::uint64_t> reached() const noexcept { return {}; }

 protected:
  explicit sql_operation(session_context& in) noexcept : in_(in) {}

  /// A statement has ended, well; its rows are in the session until take_rows().
  virtual void take_tag(std::string_view tag) = 0;
  /// ParseComplete, ParameterDescription, RowDescription, NoData.
  virtual void take_description(protocol::event const&) {}
  /// All answers have come.
  virtual void ready() {}
  /// The server has refused a statement, in a way that may come from its plan. `may_heal`: it was not bound yet, and
  /// nothing speaks against preparing and running it again.
  virtual void plan_failed(bool may_heal) noexcept { (void)may_heal; }
  /// The server knows no statement any more.
  virtual void statements_forgotten() {}
  /// Whether more than one statement was sent.
  virtual bool is_several() noexcept { return results().size() > 1; }
  /// Whether the columns of its results were described before it was sent.
  virtual bool was_described() const noexcept { return false; }
  /// What a program can do about a server's error that it cannot know from the server; mostly nothing.
  virtual std::string advice(diagnostics const&) const { return {}; }

  /// Puts BEGIN in front, where one is needed.
  std::error_code begin() {
    if (!in_.needs_begin()) [[likely]]
      return {};
    begins_ = has_begun_ = true;
    return in_.send_begin();
  }
  /// The same in place of one whose transaction has failed.
  std::error_code begin_again() {
    begins_ = has_begun_ = true;
    auto const failed = in_.send_command("ROLLBACK");
    return failed ? failed : in_.send_begin();
  }
  /// Whether one statement is a barrier: BEGIN went in front of it, or it may begin or end a transaction itself, where
  /// whether the next one needs BEGIN depends on that.
  bool is_barrier_with(prepared_statement const& statement) const noexcept {
    return has_begun_ || (statement.may_change_transaction && in_.may_need_begin());
  }
  /// Ends a unit with Sync. If part of it could not be sent the server still gets its Sync, so that what was sent has
  /// an end; the operation fails with our own error then.
  fed end_unit(std::error_code failed);
  /// Has a unit fail at its end, so that nothing of it stands: an Execute of a portal that does not exist.
  std::error_code fail_at_server();
  /// A unit of many requests is fed on once less waits to be sent, in bytes, about.
  static constexpr std::size_t portion = std::size_t{64} << 10;
  /// What the statement that has just ended gave.
  [[gnu::always_inline]] std::shared_ptr<result_state> make_result(std::string_view tag,
                                                                   std::shared_ptr<column_set const> const& columns);
  /// The last answer has come.
  progress finish();
  /// The session cannot go on.
  progress break_off(std::string const& why);
  /// What a RowDescription means; mostly it is one that came before.
  void take_columns(protocol::row_description const& told, first_casters const& casters,
                    std::shared_ptr<column_set const>& into);
  /// Results came while client_encoding was, or may have been, another one.
  [[gnu::cold]] void distrust(text_trust instead);
  [[gnu::cold]] void heed(std::string_view tag);

  session_context& in_;
  bool begins_ = false;       // BEGIN goes before it, and its answer is nobody's
  bool has_begun_ = false;    // the same, until the end
  bool rolled_back_ = false;  // inside a guard: a statement of it had the tag ROLLBACK
  std::uint8_t awaited_ = 1;  // how many ReadyForQuery

  /// It is ours alone until the operation has ended.
  static result_state& state_of(result const& of) noexcept;
  static bool is_shared(result const& which) noexcept { return which.state_.use_count() > 1; }

 private:
  progress take_error(protocol::error_response const& told);
};

/// Whether heed() has to look at a tag, behind which a NUL stands. By the first letter, which those of SELECT, INSERT,
/// UPDATE and FETCH are not.
inline bool may_concern_others(std::string_view tag) noexcept {
  constexpr auto bit = [](char c) { return 1U << (c & 31); };
  constexpr unsigned letters =
      bit('C') | bit('D') | bit('L') | bit('P') | bit('R');  // COMMIT, DISCARD, LISTEN, PREPARE TRANSACTION, ROLLBACK
  char const first = *tag.data();
  return (letters >> (first & 31) & 1) != 0 || (first == 'S' && tag.data()[1] == 'E' && tag.data()[2] == 'T');  // SET
}

inline std::shared_ptr<result_state> sql_operation::make_result(std::string_view tag,
                                                                std::shared_ptr<column_set const> const& columns) {
  auto made = std::allocate_shared<result_state>(recycling_allocator<result_state>(), columns, tag, in_.text_is_utf8());
  if (made->columns->has_binary) [[unlikely]]
    made->text_limit = result_state::no_text;
  if (may_concern_others(tag)) [[unlikely]]  // first: taking the rows ends the view
    heed(tag);
  in_.session.take_rows(made->rows);
  return made;
}

}  // namespace tusk::detail
