// What a connection has for statements whose rows are known to the program as C++ types.
//
//   conn.query_value<long>("SELECT count(*) FROM item")
//   item one = conn.query_one<item>("SELECT * FROM item WHERE id = $1", 1);
//   for (auto [id, name] : conn.query_rows<int, std::string>("SELECT id, name FROM item")) ...
//
// As the types are known before the statement is run, its columns are asked for in the format that is read fastest;
// see connect_options::format. Otherwise each is query(), and result::one, result::rows or row::get.
#pragma once

#include <optional>
#include <string_view>
#include <tusk/mapping.hpp>
#include <tusk/result.hpp>
#include <tusk/types/params.hpp>
#include <tusk/within.hpp>

namespace tusk::detail {

/// See the top of this file. `T...`: a tuple of these types, or the one type: a tuple, an aggregate, ... (see row::as).
/// `args`: as connection::query takes them; gathered beforehand (one tusk::params) all columns come as text. All throw
/// what query and row::get throw.
template <class Connection>
class typed_queries {
 public:
  /// The rows, as result::rows gives them.
  template <class... T, class... Args>
  mapped_rows<row_of<T...>> query_rows(std::string_view sql, Args const&... args) {
    return asked<row_of<T...>>(nullptr, sql, args...).template rows<row_of<T...>>();
  }
  template <class... T, class... Args>
  mapped_rows<row_of<T...>> query_rows(within const& limit, std::string_view sql, Args const&... args) {
    return asked<row_of<T...>>(&limit, sql, args...).template rows<row_of<T...>>();
  }

  /// The only row. Throws data_error if there are more or none.
  template <class... T, class... Args>
  mapped<row_of<T...>> query_one(std::string_view sql, Args const&... args) {
    return asked<row_of<T...>>(nullptr, sql, args...).template one<row_of<T...>>();
  }
  template <class... T, class... Args>
  mapped<row_of<T...>> query_one(within const& limit, std::string_view sql, Args const&... args) {
    return asked<row_of<T...>>(&limit, sql, args...).template one<row_of<T...>>();
  }

  /// The same where there may be no row: then empty. Throws data_error if there are more than one.
  template <class... T, class... Args>
  std::optional<mapped<row_of<T...>>> query_optional(std::string_view sql, Args const&... args) {
    return optional_row<row_of<T...>>(asked<row_of<T...>>(nullptr, sql, args...));
  }
  template <class... T, class... Args>
  std::optional<mapped<row_of<T...>>> query_optional(within const& limit, std::string_view sql, Args const&... args) {
    return optional_row<row_of<T...>>(asked<row_of<T...>>(&limit, sql, args...));
  }

  /// The only value. Throws programming_error unless the statement gives one column, data_error unless it gives one
  /// row.
  template <class T, class... Args>
  T query_value(std::string_view sql, Args const&... args) {
    return only_value<T>(ask(nullptr, value_choice<T>, sql, args...));
  }
  template <class T, class... Args>
  T query_value(within const& limit, std::string_view sql, Args const&... args) {
    return only_value<T>(ask(&limit, value_choice<T>, sql, args...));
  }

 protected:
  typed_queries() = default;
  ~typed_queries() = default;

 private:
  template <class T>
  static constexpr types::result_choice value_choice{questions<T>};

  template <class Row, class... Args>
  result asked(within const* limit, std::string_view sql, Args const&... args) {
    return ask(limit, mapper<Row>::choice, sql, args...);
  }
  template <class... Args>
  result ask(within const* limit, types::result_choice const& choice, std::string_view sql, Args const&... args) {
    auto& on = static_cast<Connection&>(*this);
    auto const& bound = bound_for(choice, on.binding(), args...);
    return limit == nullptr ? on.query_params(sql, bound) : on.query_params(*limit, sql, bound);
  }
};

}  // namespace tusk::detail
