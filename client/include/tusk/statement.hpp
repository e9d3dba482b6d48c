// A statement that was prepared by hand.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <tusk/pending.hpp>
#include <tusk/result.hpp>
#include <tusk/stream.hpp>
#include <tusk/types/params.hpp>
#include <tusk/within.hpp>

namespace tusk {

namespace detail {
class connection_state;
struct prepared_statement;
}  // namespace detail

/// A statement prepared at the server; see connection::prepare.
///
/// It moves. It holds what it needs of its connection: neither order of destruction dangles, but once the connection is
/// closed, `query` throws interface_error. When it goes, the server's statement is closed together with the next
/// `query` or `prepare`.
///
/// After DEALLOCATE ALL, connection::forget_statements(), reset() or reconnect() the next `query` prepares it again, in
/// the same round trip. If the server refuses to bind it, as it may when its tables were changed, `query` prepares and
/// runs it again by itself, as connection::query does. Until then the server does not choose its parameters' types
/// anew, whatever becomes of the tables; tools/docs/poolers.md has an example.
class statement {
 public:
  /// One that stands for nothing, as one that was moved from: its functions throw interface_error.
  statement() noexcept = default;
  statement(std::shared_ptr<detail::connection_state> state,
            std::shared_ptr<detail::prepared_statement> prepared) noexcept;
  statement(statement&&) noexcept = default;
  statement& operator=(statement&& other) noexcept;
  ~statement();

  /// Runs it with these arguments. Throws as connection::query does.
  template <class... Args>
  result query(Args const&... args) {
    if constexpr (sizeof...(Args) == 0)
      return query_params(params::none());
    else
      return query_params(params::bound(binding(), args...));
  }
  /// The same within a limit.
  template <class... Args>
  result query(within const& limit, Args const&... args) {
    return query_params(limit, params::bound(binding(), args...));
  }
  template <class... Args>
  result query(std::stop_token const& token, Args const&... args) {
    return query(within(token), args...);
  }

  /// The same started, see connection::start_query.
  template <class... Args>
  pending<result> start_query(Args const&... args) {
    return start_query_params(nullptr, params::bound(binding(), args...));
  }
  template <class... Args>
  pending<result> start_query(within const& limit, Args const&... args) {
    return start_query_params(&limit, params::bound(binding(), args...));
  }

  /// Runs it and gives its rows while it runs, see connection::stream.
  template <class... T, class... Args>
  tusk::stream<T...> stream(Args const&... args) {
    return stream<T...>(stream_options(), args...);
  }
  template <class... T, class... Args>
  tusk::stream<T...> stream(stream_options const& how, Args const&... args) {
    return tusk::stream<T...>(stream_params(how, detail::bound_for_rows<T...>(binding(), args...)));
  }

  /// The type of each parameter, as the server inferred it. Valid until the next `query`.
  std::span<oid const> parameters() const& noexcept;
  std::span<oid const> parameters() const&& = delete;
  /// The columns of its result; empty if it gives no rows. Valid until the next `query`.
  std::span<column_info const> columns() const& noexcept;
  std::span<column_info const> columns() const&& = delete;
  std::string_view sql() const& noexcept;
  std::string_view sql() const&& = delete;

 private:
  friend class pipeline;
  /// Throws programming_error if it is another connection's.
  std::shared_ptr<detail::prepared_statement> const* prepared_of(detail::connection_state const& on);
  detail::row_stream stream_params(stream_options const& how, params const& args);
  detail::pending_operation start_query_params(within const* limit, params const& args);
  result query_params(params const& args);
  [[gnu::noinline]] result query_watched(within const* limit, params const& args);
  result query_params(within const& limit, params const& args);
  bool follow() noexcept;
  void release() noexcept;
  /// Its parameters have the types that the server infers: others, maybe, when it is prepared again.
  types::binding binding() const noexcept { return {adapters(), format::text}; }
  adapter_registry const* adapters() const noexcept;

  std::shared_ptr<detail::connection_state> state_;
  std::shared_ptr<detail::prepared_statement> prepared_;
};

}  // namespace tusk
