#include "operations/copy_in_run.hpp"

#include <algorithm>
#include <tusk/protocol/utf8.hpp>
#include <utility>

#include "operations/first_word.hpp"

namespace tusk::detail {
namespace {

constexpr std::size_t longest_reason = 500;
constexpr std::size_t largest_data = std::size_t{1} << 20;  // of one CopyData

}  // namespace

copy_in_run::copy_in_run(session_context& in, std::string_view sql, std::optional<copy_format> const& format,
                         std::shared_ptr<adapter_registry> registry)
    : sql_operation(in),
      sql_(sql),
      stated_(read_copy_statement(sql, in.session.parameter("standard_conforming_strings") != "off")),
      format_(format),
      registry_(std::move(registry)),
      encoder_(registry_.get()) {
  require_utf8(sql_);
  if (!is_copy(first_word(sql_))) throw programming_error("copy_in needs a COPY ... FROM STDIN");
}

std::error_code copy_in_run::ask() {
  in_.close_released();
  protocol::parse parse;
  parse.sql = sql_;
  auto failed = begin();
  if (!failed) failed = in_.session.parse(parse);
  if (!failed) failed = in_.session.bind({});
  if (!failed) failed = in_.session.copy_in();
  if (!failed) failed = in_.session.flush();
  return failed;
}

fed copy_in_run::feed() {
  switch (stage_) {
    case stage::fresh: {
      stage_ = stage::asked;
      auto const failed = ask();
      if (!failed) return fed::later;
      stage_ = stage::over;
      return end_unit(failed);
    }
    case stage::asked: return fed::later;
    case stage::copying: {
      if (ends_ == ending::failed) {
        (void)in_.session.copy_fail(why_);
      } else {
        if (gives_) send_data();
        if (ends_ == ending::none) return fed::later;
        (void)in_.session.copy_done();
      }
      stage_ = stage::over;
      return end_unit({});
    }
    case stage::refused: stage_ = stage::over; return end_unit({});
    case stage::over: break;
  }
  return fed::whole;
}

void copy_in_run::send_data() {
  for (std::string_view left = encoder_.bytes(); !left.empty();) {
    auto const now = left.substr(0, largest_data);
    (void)in_.session.copy_data(now);
    left.remove_prefix(now.size());
  }
  given_ += encoder_.size();
  encoder_.clear();
  gives_ = false;
}

progress copy_in_run::take(protocol::event const& told) {
  if (auto const* response = std::get_if<protocol::copy_in_response>(&told)) {
    take_response(*response);
    return progress::under_way;
  }
  if (std::holds_alternative<protocol::copy_out_response>(told)) {
    refuse(std::make_exception_ptr(
        programming_error("copy_in was given a COPY ... TO STDOUT; copy_out runs it, and its data was dropped")));
    return progress::under_way;
  }
  bool const failed = std::holds_alternative<protocol::error_response>(told);
  auto const now = sql_operation::take(told);
  if (failed && now == progress::under_way) refuse(error());
  return now;
}

void copy_in_run::take_response(protocol::copy_in_response const& told) {
  stage_ = stage::copying;
  is_binary_ = told.overall_format != 0;
  if (!encoder_.has_begun() || ends_ == ending::failed) return;
  try {
    (void)row_format();
  } catch (std::exception const&) {
    fail(std::current_exception());
    give_up("the rows have another format");
  }
}

copy_format const& copy_in_run::row_format() const {
  if (!format_ && !stated_.is_certain)
    throw programming_error(
        "how this COPY statement wants its rows cannot be read from it with certainty; say it with {.format = ...}");
  copy_format const& how = format_ ? *format_ : stated_.format;
  bool const binary = how.kind == copy_kind::binary;
  if (is_binary_ && *is_binary_ != binary)
    throw programming_error(binary ? "the rows of this COPY are to be binary, but the server takes text"
                                   : "the rows of this COPY are to be text or CSV, but the server takes binary");
  if (!format_ && stated_.matches_header)
    throw programming_error("HEADER MATCH needs the columns' names in the first line: give the data with write()");
  if (!binary && !format_ && !stated_.is_utf8)
    throw programming_error("typed rows are written in UTF-8, and the COPY statement names another ENCODING");
  if (!binary && !in_.text_is_utf8() && !stated_.is_utf8)
    throw data_error("client_encoding is not UTF8 any more, so that the server would misread the rows");
  return how;
}

void copy_in_run::take_tag(std::string_view tag) {
  count_ = counted_rows(tag).value_or(0);
  if (stage_ == stage::asked)
    refuse(std::make_exception_ptr(programming_error(
        "copy_in was given a COPY that moves its data at the server; it was run: exec() is for such")));
}

void copy_in_run::refuse(std::exception_ptr why) noexcept {
  fail(std::move(why));
  if (stage_ != stage::over) stage_ = stage::refused;
  encoder_.clear();
}

void copy_in_run::finish() noexcept {
  gives_ = true;
  if (ends_ == ending::none) ends_ = ending::done;
}

void copy_in_run::give_up(char const* why) noexcept {
  if (ends_ != ending::none) return;
  ends_ = ending::failed;
  try {
    why_.assign(why, std::min(std::string_view(why).size(), longest_reason));
    if (protocol::find_invalid_utf8(why_) != why_.npos) why_.clear();  // it may have been cut in a character
  } catch (std::bad_alloc const&) {}
  encoder_.clear();
}

}  // namespace tusk::detail
