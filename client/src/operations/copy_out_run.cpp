#include "operations/copy_out_run.hpp"

#include <utility>

#include "operations/first_word.hpp"

namespace tusk::detail {

copy_out_run::copy_out_run(session_context& in, std::string_view sql, std::optional<copy_format> const& format)
    : sql_operation(in),
      sql_(sql),
      stated_(read_copy_statement(sql, in.session.parameter("standard_conforming_strings") != "off")),
      format_(format) {
  require_utf8(sql_);
  if (!is_copy(first_word(sql_))) throw programming_error("copy_out needs a COPY ... TO STDOUT");
}

fed copy_out_run::feed() {
  in_.close_released();
  protocol::parse parse;
  parse.sql = sql_;
  auto failed = begin();
  if (!failed) failed = in_.session.parse(parse);
  if (!failed) failed = in_.session.bind({});
  if (!failed) failed = in_.session.copy_out();
  return end_unit(failed);
}

progress copy_out_run::take(protocol::event const& told) {
  if (auto const* data = std::get_if<protocol::copy_data>(&told)) [[likely]] {
    ++rows_;
    bytes_ += data->data.size();
    if (!is_left_) chunk_.append(data->data);
    return progress::under_way;
  }
  if (auto const* response = std::get_if<protocol::copy_out_response>(&told)) {
    has_copied_ = true;
    is_binary_ = response->overall_format != 0;
    if (!is_typed_) return progress::under_way;
    try {
      check_format();
    } catch (std::exception const&) {
      fail(std::current_exception());
      is_left_ = true;
    }
    return progress::under_way;
  }
  if (std::holds_alternative<protocol::copy_in_response>(told)) {
    fail(std::make_exception_ptr(
        programming_error("copy_out was given a COPY ... FROM STDIN; copy_in runs it, and it was refused")));
    return progress::under_way;
  }
  return sql_operation::take(told);
}

void copy_out_run::take_tag(std::string_view tag) {
  count_ = counted_rows(tag).value_or(0);
  if (!has_copied_)
    fail(std::make_exception_ptr(programming_error(
        "copy_out was given a COPY that moves its data at the server; it was run: exec() is for such")));
}

std::optional<copy_chunk> copy_out_run::take_chunk() {
  if (!has_chunk()) return {};
  return std::exchange(chunk_, {});
}

void copy_out_run::leave() noexcept {
  is_left_ = true;
  chunk_ = {};
  forgive();
}

copy_format const& copy_out_run::row_format() {
  if (!format_ && !stated_.is_certain)
    throw programming_error(
        "how this COPY statement gives its rows cannot be read from it with certainty; say it with {.format = ...}");
  is_typed_ = true;
  check_format();
  return format_ ? *format_ : stated_.format;
}

void copy_out_run::check_format() {
  bool const binary = (format_ ? *format_ : stated_.format).kind == copy_kind::binary;
  if (is_binary_ && *is_binary_ != binary)
    throw programming_error(binary ? "the rows of this COPY are to be binary, but the server gives text"
                                   : "the rows of this COPY are to be text or CSV, but the server gives binary");
  if (binary) return;
  if (!format_ && !stated_.is_utf8)
    throw programming_error("typed rows are read as UTF-8, and the COPY statement names another ENCODING");
  if (!in_.text_is_utf8()) throw data_error("client_encoding is not UTF8 any more, so that the rows would be misread");
}

}  // namespace tusk::detail
