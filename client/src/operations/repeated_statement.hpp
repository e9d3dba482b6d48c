// A statement that is run once for each of many sets of arguments, in one unit: connection::executemany.
//
//   [Close ...] [BEGIN] [Parse Describe]  Bind Execute  Bind Execute ...  Sync
//
// Elements are asked for as the socket takes them, so that any number of them needs no memory. One that needs other
// parameter types than those before it has its own Parse. If one cannot be had, or the statement gives rows, the unit
// fails at the server by itself, so that nothing of it stands.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <tusk/elements.hpp>
#include <vector>

#include "engine/handlers.hpp"
#include "operations/sql_operation.hpp"

namespace tusk::detail {

/// See the top of this file.
class repeated_statement final : public sql_operation {
 public:
  /// `from` and `told` have to live until it has ended.
  repeated_statement(session_context& in, handlers& told, std::string sql, element_source& from)
      : sql_operation(in), told_(told), sql_(std::move(sql)), from_(from) {}
  /// One that keeps its elements.
  repeated_statement(session_context& in, handlers& told, std::string sql, std::unique_ptr<element_source> from)
      : sql_operation(in), told_(told), sql_(std::move(sql)), kept_(std::move(from)), from_(*kept_) {}

  fed feed() override;
  progress take(protocol::event const& told) override;
  std::string_view asked() const noexcept override { return sql_; }
  bool is_barrier() const noexcept override { return has_begun_ || (may_change_ && in_.may_need_begin()); }
  std::span<result> results() noexcept override { return {}; }
  void settle() noexcept override { kept_.reset(); }
  std::pair<std::size_t, std::uint64_t> reached() const noexcept override { return {completed_, rows_}; }

 private:
  /// The statement for one choice of parameter types.
  struct variant {
    std::shared_ptr<prepared_statement> statement;
    std::uint64_t parse;  // the number of its Parse; 0: the server knew it before
    bool is_to_be_parsed;
  };

  bool pull() noexcept;
  void fail_with_element() noexcept;
  bool awaits_description() const noexcept;
  void choose(params const& element);
  std::error_code send(params const& element);
  std::error_code parse(variant& by);
  void take_tag(std::string_view tag) override;
  void take_description(protocol::event const& told) override;
  void plan_failed(bool may_heal) noexcept override;
  std::string advice(diagnostics const& fields) const override;

  handlers& told_;
  std::string sql_;
  std::unique_ptr<element_source> kept_;
  element_source& from_;
  params const* element_ = nullptr;
  std::vector<variant> variants_;
  std::size_t current_ = 0;                 // of variants_
  std::size_t unnamed_ = ~std::size_t{0};   // the one that is the unnamed statement now
  std::size_t pulled_ = 0, completed_ = 0;  // elements
  std::uint64_t rows_ = 0;
  bool begun_ = false, flushed_ = false, may_change_ = false;
};

}  // namespace tusk::detail
