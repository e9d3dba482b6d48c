// The statements that a connection has prepared at its server, found again by their text and parameter types.
//
// Each has a name that no session uses twice, `tusk_<random>_<number>`: behind a pooler sessions of different clients
// meet at one server session, and a name that another client gave to another statement must not be found there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tusk/result.hpp>
#include <tusk/types/oid.hpp>
#include <unordered_map>
#include <vector>

namespace tusk::detail {

struct result_form;

/// A statement that the server knows under a name.
struct prepared_statement {
  std::string name;
  std::string sql;
  std::vector<oid> types;                             ///< as they were declared; 0: left to the server
  std::vector<oid> parameters;                        ///< as the server inferred them
  mutable std::shared_ptr<column_set const> columns;  ///< made again when typecasters were registered since
  mutable std::shared_ptr<result_form const> form;    ///< the one that was asked for last; null: none
  bool cached = false;                                ///< kept by its text; otherwise it belongs to a tusk::statement
  bool is_passing = false;                            ///< parsed to run once, without a name
  bool may_change_transaction = false;                ///< by its first word
  mutable std::uint64_t era = 0;  ///< the cache's when the server got to know it; another one: the server does not know
};

/// What a statement is found by; views into a prepared_statement, or of what is asked for.
struct statement_key {
  std::string_view sql;
  std::span<oid const> types;
  [[gnu::always_inline]] friend bool operator==(statement_key const& a, statement_key const& b) noexcept {
    return a.sql == b.sql && std::equal(a.types.begin(), a.types.end(), b.types.begin(), b.types.end());
  }
};

/// Bounded; when it is full the least recently used statement goes. One thread at a time.
class statement_cache {
 public:
  explicit statement_cache(std::size_t capacity) : capacity_(capacity) {}

  /// The statement of that text and those types, which becomes the most recently used; or null.
  [[gnu::always_inline]] std::shared_ptr<prepared_statement> const* find(std::string_view sql,
                                                                         std::span<oid const> types) {
    // Often it is the same again, and comparing costs less than looking it up.
    if (!used_.empty() && key_of(*used_.front()) == statement_key{sql, types}) return &used_.front();
    return look_up({sql, types});
  }
  /// Whether there is one of the same text and types.
  bool has(prepared_statement const& like) const { return by_text_.contains(key_of(like)); }
  /// Adds a statement, which it must not have; returns the one that had to go, if any: it must be closed at the server.
  std::shared_ptr<prepared_statement> add(std::shared_ptr<prepared_statement> fresh);
  /// Forgets one statement, kept or not: it is to be prepared again. Its name must be closed at the server.
  void forget(prepared_statement const& which);
  /// Forgets all statements, a tusk::statement's too; returns the names of those that were kept.
  std::vector<std::string> forget_all();
  /// Whether the server knows it by its name.
  bool knows(prepared_statement const& which) const noexcept { return which.era == era_; }
  /// The server knows it from now on.
  void learn(prepared_statement const& which) const noexcept { which.era = era_; }
  /// A name that was never used. Throws operational_error if the system gives no random bytes.
  std::string next_name();

 private:
  struct hash {
    std::size_t operator()(statement_key const& of) const noexcept;
  };
  using list = std::list<std::shared_ptr<prepared_statement>>;

  std::shared_ptr<prepared_statement> const* look_up(statement_key const& asked);
  static statement_key key_of(prepared_statement const& of) noexcept { return {of.sql, of.types}; }

  list used_;  // most recently used first
  std::unordered_map<statement_key, list::iterator, hash> by_text_;
  std::size_t capacity_;
  std::uint64_t era_ = 1;  // goes up when all are forgotten
  std::string prefix_;     // of the names; empty until the first is made
  std::uint64_t last_number_ = 0;
};

}  // namespace tusk::detail
