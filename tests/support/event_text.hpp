// Events of a session as one line of text each, rows included: what conversations compare and failures show.
//
//   ReadyForQuery I      CommandComplete SELECT 2 {1|one}{2|NULL}      ErrorResponse FATAL 57P01 shut down
#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <tusk/protocol/session.hpp>
#include <variant>

namespace tusk::test {

inline std::string text_of(protocol::row_set const& rows) {
  std::string result;
  for (protocol::row_fields const row : rows) {
    result += result.empty() ? " {" : "{";
    for (unsigned i = 0; i < row.size(); ++i) {
      if (i != 0) result += '|';
      auto const field = row[i];
      result += field.is_null() ? "NULL" : std::string(field.text());
    }
    result += '}';
  }
  return result;
}

/// What a violation looks like; `type` is NUL where no message did it.
inline std::string violation_text(std::error_code code, protocol::state in, char type) {
  std::string text = "violation in " + std::string(name(in));
  if (type != '\0') text += std::string(" by '") + type + "'";
  return text + ": " + code.message();
}

/// Writes an event down, and takes the rows of the session if a statement has ended.
class event_writer {
 public:
  explicit event_writer(protocol::session& of) : session_(of) {}

  std::string operator()(protocol::want_bytes const&) const { return "want bytes"; }
  std::string operator()(protocol::working const&) const { return "working"; }
  std::string operator()(protocol::violation const& e) const { return violation_text(e.code, e.in, e.type); }
  std::string operator()(protocol::error_response const& e) const {
    return "ErrorResponse " + words({e.field('V'), e.field('C'), e.field('M')});
  }
  std::string operator()(protocol::notice_response const& e) const {
    for (protocol::error_field const& each : e.fields_sent)
      if (each.code == 'M') return "NoticeResponse " + std::string(each.value);
    return "NoticeResponse";
  }
  std::string operator()(protocol::notification_response const& e) const {
    return "NotificationResponse " + words({std::to_string(e.process_id), e.channel, e.payload});
  }
  std::string operator()(protocol::parameter_status const& e) const {
    return "ParameterStatus " + std::string(e.name) + "=" + std::string(e.value);
  }
  std::string operator()(protocol::ready_for_query const& e) const {
    return std::string("ReadyForQuery ") + static_cast<char>(e.status);
  }
  std::string operator()(protocol::parse_complete const&) const { return "ParseComplete"; }
  std::string operator()(protocol::close_complete const&) const { return "CloseComplete"; }
  std::string operator()(protocol::no_data const&) const { return "NoData"; }
  std::string operator()(protocol::parameter_description const& e) const {
    std::string text = "ParameterDescription";
    for (auto const oid : e.type_oids) text += ' ' + std::to_string(oid);
    return text;
  }
  std::string operator()(protocol::row_description const& e) const {
    std::string text = "RowDescription";
    for (protocol::column_description const& each : e.columns) text += ' ' + std::string(each.name);
    return text;
  }
  std::string operator()(protocol::command_complete const& e) const {
    std::string const text = "CommandComplete " + std::string(e.tag);
    return text + text_of(session_.take_rows());
  }
  std::string operator()(protocol::empty_query_response const&) const {
    return "EmptyQueryResponse" + text_of(session_.take_rows());
  }
  std::string operator()(protocol::portal_suspended const&) const {
    return "PortalSuspended" + text_of(session_.take_rows());
  }
  std::string operator()(protocol::unit_complete const& e) const {
    std::string const text = std::string("UnitComplete ") + static_cast<char>(e.status) + " " + std::string(e.tag);
    return text + text_of(session_.take_rows());
  }
  std::string operator()(protocol::request_skipped const&) const {
    return "RequestSkipped " + std::to_string(session_.answering());
  }
  std::string operator()(protocol::rows_gathered const&) const {
    return "RowsGathered" + text_of(session_.take_rows());
  }
  std::string operator()(protocol::copy_in_response const&) const { return "CopyInResponse"; }
  std::string operator()(protocol::copy_out_response const&) const { return "CopyOutResponse"; }
  std::string operator()(protocol::copy_both_response const&) const { return "CopyBothResponse"; }
  std::string operator()(protocol::copy_data const& e) const { return "CopyData " + std::string(e.data); }

 private:
  static std::string words(std::initializer_list<std::string_view> parts) {
    std::string text;
    for (std::string_view const each : parts) (text += text.empty() ? "" : " ") += each;
    return text;
  }
  protocol::session& session_;
};

inline std::string text_of(protocol::event const& told, protocol::session& of) {
  return std::visit(event_writer(of), told);
}

}  // namespace tusk::test
