// The requests of the extended protocol: Parse, Bind, Describe, Execute, Close, and the Sync that ends a unit of them.

#include <cstring>
#include <iterator>

#include "session_inline.hpp"

namespace tusk::protocol {

std::error_code session::parse(protocol::parse const& message) { return send(message, {request_kind::parse}); }
std::error_code session::describe(protocol::describe const& message) {
  bool const statement = message.what == described_object::statement;
  return send(message, {statement ? request_kind::describe_statement : request_kind::describe_portal});
}
std::error_code session::close(protocol::close const& message) { return send(message, {request_kind::close}); }
std::error_code session::sync() { return send(protocol::sync{}, {request_kind::sync}); }

std::error_code session::flush() { return is_open() ? encode(output_, protocol::flush{}) : errc::not_ready; }

namespace {

/// An Execute of the unnamed portal for all rows, and a Sync.
constexpr std::string_view execute_and_sync("E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04", 15);
constexpr std::string_view execute_all = execute_and_sync.substr(0, 10);

/// A Bind to the unnamed portal and what goes behind it, written by hand: this is what most programs send most of the
/// time, nearly always without formats. A test holds it against `encode`. It stands `at`.
[[gnu::always_inline]] inline std::error_code append_bind(byte_buffer& output, char const*& at,
                                                          std::string_view statement, list<field_value> parameters,
                                                          value_formats const& formats, std::string_view end) {
  if (statement.find('\0') != statement.npos) [[unlikely]]  // first, while there is little to keep over the call
    return errc::embedded_nul;
  std::string_view const values = parameters.encoded(), sent_as = formats.parameters.encoded(),
                         wanted_as = formats.results.encoded();
  std::size_t const length =
      4 + 1 + statement.size() + 1 + 2 + sent_as.size() + 2 + values.size() + 2 + wanted_as.size();
  if (parameters.size() > max_parameters) [[unlikely]]
    return errc::too_many_parameters;
  if (length > max_sent_message) [[unlikely]]
    return errc::message_too_large;

  char* to = output.append(1 + length + end.size());
  at = to;
  auto const put = [&to](std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    to += bytes.size();
  };
  auto const put_list = [&](std::size_t count, std::string_view elements) {
    store_big_endian(to, static_cast<std::uint16_t>(count));
    to += 2;
    put(elements);
  };
  *to = protocol::bind::type;
  store_big_endian(to + 1, static_cast<std::uint32_t>(length));
  to[5] = '\0';  // the unnamed portal
  to += 6;
  put(statement);
  *to++ = '\0';
  put_list(formats.parameters.size(), sent_as);
  put_list(parameters.size(), values);
  put_list(formats.results.size(), wanted_as);
  put(end);
  return {};
}

/// Whether there are none, one, or one a value; how many columns there will be may be unknown.
bool fit(value_formats const& formats, std::size_t parameters, std::optional<std::uint16_t> columns) noexcept {
  auto const fits = [](list<std::int16_t> const& given, std::size_t values) {
    return given.size() <= 1 || given.size() == values;
  };
  return fits(formats.parameters, parameters) && (!columns || fits(formats.results, *columns));
}

}  // namespace

std::error_code session::bind(protocol::bind const& message) {
  bool const is_usual = message.portal.empty() && message.parameter_formats.empty() && message.result_formats.empty();
  if (!is_usual) return send(message, {request_kind::bind});
  if (!ready()) return errc::not_ready;
  queue_.make_room();
  char const* at = nullptr;
  if (auto const error = append_bind(output_, at, message.statement, message.parameters, {}, {})) return error;
  enqueue({request_kind::bind});
  return {};
}

std::error_code session::execute(protocol::execute const& message, std::optional<std::uint16_t> columns) {
  auto const kind = message.max_rows > 0 ? request_kind::execute_some : request_kind::execute;  // none is 0, or less
  queued_request const sent{kind, columns.has_value(), columns.value_or(0)};
  bool const is_usual = message.portal.empty() && message.max_rows == 0;
  if (!is_usual) return send(message, sent);
  if (!ready()) return errc::not_ready;
  queue_.make_room();
  std::memcpy(output_.append(execute_all.size()), execute_all.data(), execute_all.size());
  enqueue(sent);
  return {};
}

namespace {

constexpr protocol::execute all_rows{};

}  // namespace

std::error_code session::copy_in() {
  auto const failed = send(all_rows, {request_kind::execute_copy_in});
  if (!failed) copy_in_sent_ = state_ != state::skipping || queue_.syncs_before_copy_in();
  return failed;
}
std::error_code session::copy_out() { return send(all_rows, {request_kind::execute_copy_out}); }

std::error_code session::bind_and_execute(std::string_view statement, list<field_value> parameters,
                                          std::optional<std::uint16_t> columns, value_formats const& formats) {
  if (!fit(formats, parameters.size(), columns)) return errc::wrong_format_count;
  if (!ready()) return errc::not_ready;
  queue_.make_room(2);
  char const* at = nullptr;
  if (auto const error = append_bind(output_, at, statement, parameters, formats, execute_all)) return error;
  enqueue({request_kind::bind});
  queue_.push({request_kind::execute, columns.has_value(), columns.value_or(0)});
  return {};
}

std::error_code session::run(std::string_view statement, list<field_value> parameters, std::uint16_t columns) {
  if (!ready()) [[unlikely]]
    return errc::not_ready;
  queue_.make_room();
  if (auto const error = append_bind(output_, last_run_, statement, parameters, {}, execute_and_sync)) [[unlikely]]
    return error;
  queue_.push({request_kind::unit, true, columns});
  if (state_ <= state::open_unit) [[likely]]
    state_ = state::binding;
  return {};
}

std::error_code session::run(std::string_view statement, list<field_value> parameters, std::uint16_t columns,
                             value_formats const& formats) {
  if (!fit(formats, parameters.size(), columns)) return errc::wrong_format_count;
  if (!ready()) return errc::not_ready;
  queue_.make_room();
  if (auto const error = append_bind(output_, last_run_, statement, parameters, formats, execute_and_sync))
    return error;
  queue_.push({request_kind::unit, true, columns});
  if (state_ <= state::open_unit) [[likely]]
    state_ = state::binding;
  return {};
}

protocol::bind session::last_run() const noexcept {
  std::size_t const length = load_big_endian<std::uint32_t>(last_run_ + 1);
  auto const told = decode<protocol::bind>({last_run_ + 1 + 4, length - 4});
  return told ? *told : protocol::bind();
}

std::error_code session::run_once(std::string_view sql) {
  // The end of the Parse, the Bind, the Describe and the Execute.
  constexpr char rest[] =
      "\0\0\0"
      "B\0\0\0\x0c\0\0\0\0\0\0\0\0"
      "D\0\0\0\x06P\0"
      "E\0\0\0\x09\0\0\0\0";  // and the NUL that ends it
  constexpr request_kind behind[] = {request_kind::bind, request_kind::describe_portal, request_kind::execute};
  std::size_t const length = 4 + 1 + sql.size() + 1 + 2;
  if (!ready()) return errc::not_ready;
  if (length > max_sent_message) return errc::message_too_large;
  if (sql.find('\0') != sql.npos) return errc::embedded_nul;
  queue_.make_room(1 + std::size(behind));
  char* const to = output_.append(6 + sql.size() + sizeof rest);
  *to = protocol::parse::type;
  store_big_endian(to + 1, static_cast<std::uint32_t>(length));
  to[5] = '\0';
  if (!sql.empty()) std::memcpy(to + 6, sql.data(), sql.size());
  std::memcpy(to + 6 + sql.size(), rest, sizeof rest);
  enqueue({request_kind::parse_once});
  for (request_kind const each : behind) queue_.push({each});
  return {};
}

}  // namespace tusk::protocol
