// One line a message: what libpq 18 prints for the same bytes (its lines were compared with a real libpq, see
// tests/integration/trace_test.cpp), secrets masked, whatever the cuts.
#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tusk/protocol/trace.hpp>
#include <utility>
#include <vector>

#include "support/backend_samples.hpp"
#include "support/exact_buffer.hpp"
#include "support/frontend_samples.hpp"
#include "support/heap_bytes.hpp"
#include "support/recordings.hpp"
#include "support/scripted_server.hpp"

namespace tusk::protocol {
namespace {

using test::bytes;
using strings = std::vector<std::string>;
/// From whom, and what.
using talk = std::vector<std::pair<char, std::string>>;

/// The lines of a conversation, each part of which is fed in pieces of that size (0: whole).
strings lines_of(talk const& parts, std::size_t piece = 0, trace_from from = trace_from::startup,
                 limits const& limit = {}) {
  strings lines;
  tracer trace([&lines](std::string_view line) { lines.emplace_back(line); }, limit, from);
  for (auto const& [who, text] : parts) {
    for (std::size_t at = 0; at < text.size(); at += piece == 0 ? text.size() : piece) {
      test::exact_buffer const part(std::string_view(text).substr(at, piece == 0 ? text.npos : piece));
      who == 'F' ? trace.frontend(part.view()) : trace.backend(part.view());
    }
  }
  return lines;
}

// ---- every message -------------------------------------------------------------------------------------------------

std::map<std::string_view, std::string_view> const backend_lines{
    {"authentication_ok", "8\tAuthenticationOk"},
    {"authentication_kerberos", "8\tAuthenticationKerberosV5"},
    {"authentication_cleartext", "8\tAuthenticationCleartextPassword"},
    {"authentication_md5", "12\tAuthenticationMD5Password\t ***"},
    {"authentication_gss", "8\tAuthenticationGSS"},
    {"authentication_gss_continue", "11\tAuthenticationGSSContinue\t ***"},
    {"authentication_gss_continue_empty", "8\tAuthenticationGSSContinue\t ***"},
    {"authentication_sspi", "8\tAuthenticationSSPI"},
    {"authentication_sasl", "42\tAuthenticationSASL\t \"SCRAM-SHA-256-PLUS\" \"SCRAM-SHA-256\" \"\""},
    {"authentication_sasl_none", "9\tAuthenticationSASL\t \"\""},
    {"authentication_sasl_continue", "23\tAuthenticationSASLContinue\t ***"},
    {"authentication_sasl_final", "14\tAuthenticationSASLFinal\t ***"},
    {"backend_key_data", "12\tBackendKeyData\t *** ***"},
    {"backend_key_data_of_3_2", "24\tBackendKeyData\t *** ***"},
    {"negotiate_protocol_version", "27\tNegotiateProtocolVersion\t 196608 2 \"_pq_.a\" \"_pq_.bc\""},
    {"negotiate_protocol_version_only", "12\tNegotiateProtocolVersion\t 196610 0"},
    {"error_response", "34\tErrorResponse\t S \"ERROR\" C \"42P01\" M \"no such table\" \\x00"},
    {"error_response_without_fields", "5\tErrorResponse\t \\x00"},
    {"error_response_doubled_unknown_empty", "17\tErrorResponse\t C \"42601\" C \"\" \\xff \"?\" \\x00"},
    {"notice_response", "20\tNoticeResponse\t S \"NOTICE\" M \"hello\" \\x00"},
    {"notification_response", "15\tNotificationResponse\t 42 \"jobs\" \"7\""},
    {"notification_response_empty", "10\tNotificationResponse\t -2 \"\" \"\""},
    {"parameter_status", "17\tParameterStatus\t \"TimeZone\" \"UTC\""},
    {"parameter_status_empty", "17\tParameterStatus\t \"search_path\" \"\""},
    {"ready_idle", "5\tReadyForQuery\t I"},
    {"ready_in_transaction", "5\tReadyForQuery\t T"},
    {"ready_failed", "5\tReadyForQuery\t E"},
    {"row_description", "46\tRowDescription\t 2 \"id\" -2147483647 1 23 4 -1 0 \"\" 0 0 1043 65535 14 1"},
    {"row_description_without_columns", "6\tRowDescription\t 0"},
    {"data_row", "26\tDataRow\t 4 1 '1' -1 0 '' 3 'x y'"},
    {"data_row_with_zeros", "13\tDataRow\t 1 3 '\\x00\\xff\\x00'"},
    {"data_row_without_values", "6\tDataRow\t 0"},
    {"command_complete", "15\tCommandComplete\t \"INSERT 0 5\""},
    {"empty_query_response", "4\tEmptyQueryResponse"},
    {"parse_complete", "4\tParseComplete"},
    {"bind_complete", "4\tBindComplete"},
    {"close_complete", "4\tCloseComplete"},
    {"no_data", "4\tNoData"},
    {"portal_suspended", "4\tPortalSuspended"},
    {"parameter_description", "14\tParameterDescription\t 2 23 -1"},
    {"parameter_description_of_none", "6\tParameterDescription\t 0"},
    {"function_call_response", "11\tFunctionCallResponse\t 3 'abc'"},
    {"function_call_response_null", "8\tFunctionCallResponse\t -1"},
    {"copy_in_response", "11\tCopyInResponse\t \\x00 2 0 0"},
    {"copy_out_response", "9\tCopyOutResponse\t \\x01 1 1"},
    {"copy_both_response", "7\tCopyBothResponse\t \\x00 0"},
    {"copy_data", "9\tCopyData\t '1\\x09a\\x0a\\x00'"},
    {"copy_data_empty", "4\tCopyData\t ''"},
    {"copy_done", "4\tCopyDone"},
};

std::map<std::string_view, std::string_view> const frontend_lines{
    {"startup", "28\tStartupMessage\t 3 0 \"user\" \"tusk\" \"options\" \"\""},
    {"startup_of_3_2", "9\tStartupMessage\t 3 2"},
    {"ssl_request", "8\tSSLRequest\t 1234 5679"},
    {"gssenc_request", "8\tGSSENCRequest\t 1234 5680"},
    {"cancel_request", "16\tCancelRequest\t 1234 5678 *** ***"},
    {"cancel_request_of_3_2", "28\tCancelRequest\t 1234 5678 *** ***"},
    {"password", "11\tPasswordMessage\t ***"},
    {"password_empty", "5\tPasswordMessage\t ***"},
    {"sasl_initial_response", "32\tSASLInitialResponse\t \"SCRAM-SHA-256\" ***"},
    {"sasl_initial_response_without_data", "17\tSASLInitialResponse\t \"EXTERNAL\" ***"},
    {"sasl_response", "22\tSASLResponse\t ***"},
    {"gss_response", "7\tGSSResponse\t ***"},
    {"query", "13\tQuery\t \"SELECT 1\""},
    {"query_empty", "5\tQuery\t \"\""},
    {"parse", "27\tParse\t \"s1\" \"SELECT $1\" 2 23 -1"},
    {"parse_of_nothing", "8\tParse\t \"\" \"\" 0"},
    {"bind", "35\tBind\t \"p\" \"s1\" 2 0 1 3 2 '12' -1 0 '' 1 1"},
    {"bind_of_nothing", "12\tBind\t \"\" \"\" 0 0 0"},
    {"describe_statement", "8\tDescribe\t S \"s1\""},
    {"describe_portal", "6\tDescribe\t P \"\""},
    {"execute", "10\tExecute\t \"p\" 100"},
    {"execute_all", "9\tExecute\t \"\" 0"},
    {"close_statement", "8\tClose\t S \"s1\""},
    {"close_portal", "6\tClose\t P \"\""},
    {"sync", "4\tSync"},
    {"flush", "4\tFlush"},
    {"terminate", "4\tTerminate"},
    {"copy_data", "9\tCopyData\t '1\\x09a\\x0a\\x00'"},
    {"copy_done", "4\tCopyDone"},
    {"copy_fail", "12\tCopyFail\t \"no more\""},
    {"function_call", "26\tFunctionCall\t -2147483647 1 1 2 2 'ab' -1 1"},
    {"function_call_of_nothing", "14\tFunctionCall\t 0 0 0 0"},
};

class TracedBackend : public testing::TestWithParam<test::sample<backend_message>> {};
class TracedFrontend : public testing::TestWithParam<test::sample<frontend_message>> {};

TEST_P(TracedBackend, IsThisLine) {
  ASSERT_TRUE(backend_lines.contains(GetParam().name)) << "a sample without a line";
  EXPECT_EQ(lines_of({{'B', bytes(GetParam().bytes)}}),
            strings{"B\t" + std::string(backend_lines.at(GetParam().name))});
}

TEST_P(TracedFrontend, IsThisLine) {
  auto const& [name, message, sent] = GetParam();
  ASSERT_TRUE(frontend_lines.contains(name)) << "a sample without a line";
  bool const untyped = std::visit([](auto const& each) { return each.type == '\0'; }, message);
  std::string asked;
  switch (test::kind_of_password(message)) {
    case password_kind::password: break;
    case password_kind::sasl_initial: asked = bytes("'R' 00000009 0000000a 00"); break;
    case password_kind::sasl: asked = bytes("'R' 00000008 0000000b"); break;
    case password_kind::gss: asked = bytes("'R' 00000008 00000007"); break;
  }
  auto const lines =
      lines_of({{'B', asked}, {'F', bytes(sent)}}, 0, untyped ? trace_from::startup : trace_from::session);
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.back(), "F\t" + std::string(frontend_lines.at(name)));
}

INSTANTIATE_TEST_SUITE_P(, TracedBackend, testing::ValuesIn(test::backend_samples()), test::name_of_row);
INSTANTIATE_TEST_SUITE_P(, TracedFrontend, testing::ValuesIn(test::frontend_samples()), test::name_of_row);

// ---- conversations -------------------------------------------------------------------------------------------------

struct conversation {
  std::string_view name;
  talk parts;
  strings lines;
  friend std::ostream& operator<<(std::ostream& out, conversation const& row) { return out << row.name; }
};

std::string const ssl = bytes("00000008 04d2162f"), gssenc = bytes("00000008 04d21630"),
                  startup = bytes("00000009 00030000 00"), ok = bytes("'R' 00000008 00000000"),
                  ready = bytes("'Z' 00000005 'I'");
std::string const ssl_line = "F\t8\tSSLRequest\t 1234 5679", startup_line = "F\t9\tStartupMessage\t 3 0",
                  ok_line = "B\t8\tAuthenticationOk", ready_line = "B\t5\tReadyForQuery\t I";

strings malformed(std::string_view line) { return {startup_line, ok_line, std::string(line), ready_line}; }
/// The message comes in a session; after it the tracer goes on.
talk in_session(char who, std::string_view message) {
  return {{'F', startup}, {'B', ok}, {who, bytes(message)}, {'B', ready}};
}

std::vector<conversation> const conversations{
    {"tls_refused", {{'F', ssl}, {'B', "N"}, {'F', startup}}, {ssl_line, "B\t1\tSSLResponse\t N", startup_line}},
    {"gssapi_refused_then_tls",
     {{'F', gssenc}, {'B', "N"}, {'F', ssl}, {'B', "S"}, {'F', startup}, {'B', ok}},
     {"F\t8\tGSSENCRequest\t 1234 5680", "B\t1\tGSSENCResponse\t N", ssl_line, "B\t1\tSSLResponse\t S", startup_line,
      ok_line}},
    {"bytes_after_the_answer", {{'F', ssl}, {'B', "S" + ok}}, {ssl_line, "B\t1\tSSLResponse\t S", ok_line}},
    {"answer_not_known", {{'F', ssl}, {'B', "\x1b"}}, {ssl_line, "B\t1\tSSLResponse\t \\x1b"}},
    {"error_for_an_answer",
     {{'F', ssl}, {'B', bytes("'E' 00000009 'Mno'00 00")}, {'B', ok}},
     {ssl_line, "B\t9\tErrorResponse\t M \"no\" \\x00", ok_line}},
    {"password_of_unknown_kind", in_session('F', "'p' 0000000b 'secret!'"),
     malformed("F\t11\tPasswordMessage\t malformed: ***")},
    {"sasl_expected_password_sent",
     {{'F', startup}, {'B', bytes("'R' 00000009 0000000a 00")}, {'F', bytes("'p' 0000000b 'secret'00")}},
     {startup_line, "B\t9\tAuthenticationSASL\t \"\"", "F\t11\tSASLInitialResponse\t malformed: ***"}},
    {"authentication_not_known", in_session('B', "'R' 0000000c 00000063 'open'"),
     malformed("B\t12\tAuthentication\t malformed: ***")},
    {"key_cut_short", in_session('B', "'K' 00000007 'abc'"), malformed("B\t7\tBackendKeyData\t malformed: ***")},
    {"startup_malformed",
     {{'F', bytes("0000000b 00030000 'use'")}, {'F', bytes("'S' 00000004")}},
     {"F\t11\tStartupMessage\t malformed: ***", "F\t4\tSync"}},
    {"status_not_known", in_session('B', "'Z' 00000005 '?'"), malformed("B\t5\tReadyForQuery\t malformed: '?'")},
    {"bytes_left_over", in_session('B', "'Z' 00000006 'I' 00"), malformed("B\t6\tReadyForQuery\t malformed: 'I\\x00'")},
    {"lying_count", in_session('B', "'D' 0000000a ffff 0000 0000"),
     malformed("B\t10\tDataRow\t malformed: '\\xff\\xff\\x00\\x00\\x00\\x00'")},
    {"string_without_end", in_session('F', "'Q' 00000006 'ab'"), malformed("F\t6\tQuery\t malformed: 'ab'")},
    {"type_not_known", in_session('B', "'?' 00000009 'Ma' 00 00 'c'"),
     malformed("B\t9\tUnknown message: 3f\t 'Ma\\x00\\x00c'")},
    {"type_not_known_of_a_client", in_session('F', "07 00000004"), malformed("F\t4\tUnknown message: 07\t ''")},
    {"length_too_small",
     in_session('B', "'Z' 00000003 'abc'"),
     {startup_line, ok_line, "B\t3\tReadyForQuery\t impossible length"}},
    {"length_too_large",
     in_session('B', "'D' ffffffff 'abc'"),
     {startup_line, ok_line, "B\t4294967295\tDataRow\t impossible length"}},
    {"length_too_large_before_authentication",
     {{'F', startup}, {'B', bytes("'E' 00007531")}, {'F', bytes("'S' 00000004")}},
     {startup_line, "B\t30001\tErrorResponse\t impossible length", "F\t4\tSync"}},
    {"startup_too_small",
     {{'F', bytes("00000007 000300")}, {'F', startup}},
     {"F\t7\tStartupMessage\t impossible length"}},
    {"startup_too_large", {{'F', bytes("00002711")}}, {"F\t10001\tStartupMessage\t impossible length"}},
    {"line_feeds_and_quotes_as_they_are", in_session('F', "'Q' 0000000b 'a\"' 0a 'b' c3a9 00"),
     malformed("F\t11\tQuery\t \"a\"\nb\xc3\xa9\"")},
    {"cancel_after_tls",
     {{'F', ssl}, {'B', "S"}, {'F', bytes("00000010 04d2162e 00001267 80000001")}},
     {ssl_line, "B\t1\tSSLResponse\t S", "F\t16\tCancelRequest\t 1234 5678 *** ***"}},
};

class TracedConversation : public testing::TestWithParam<conversation> {};

TEST_P(TracedConversation, IsTheseLinesWhateverTheCuts) {
  for (std::size_t const piece : {0U, 1U, 2U, 3U, 5U, 7U})
    EXPECT_EQ(lines_of(GetParam().parts, piece), GetParam().lines);
}

INSTANTIATE_TEST_SUITE_P(, TracedConversation, testing::ValuesIn(conversations), test::name_of_row);

TEST(Trace, AMalformedMessageIsShownUpTo64Bytes) {
  std::string const shown(64, 'x');
  auto const line = [&](std::size_t size) {
    return lines_of({{'B', test::message('?', std::string(size, 'x'))}}, 0, trace_from::session).at(0);
  };
  EXPECT_EQ(line(64), "B\t68\tUnknown message: 3f\t '" + shown + "'");
  EXPECT_EQ(line(65), "B\t69\tUnknown message: 3f\t '" + shown + "' ...");
}

// ---- recordings ----------------------------------------------------------------------------------------------------

class TracedRecording : public testing::TestWithParam<test::recording> {};

TEST_P(TracedRecording, GivesALineAMessageWhateverTheCuts) {
  for (auto const& connection : GetParam().connections) {
    SCOPED_TRACE(connection.command);
    talk parts;
    for (auto const& each : connection.messages) {
      bool const asks = each.type == '\0' && each.body.size() == 4;  // the recording leaves the answer out
      parts.emplace_back(each.from_server ? 'B' : 'F', each.bytes());
      if (asks) parts.emplace_back('B', "N");
    }
    auto const whole = lines_of(parts);
    ASSERT_EQ(whole.size(), parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      EXPECT_EQ(whole[i].front(), parts[i].first);
      EXPECT_EQ(whole[i].find("malformed"), std::string::npos) << whole[i];
      EXPECT_EQ(whole[i].find("Unknown message"), std::string::npos) << whole[i];
    }
    for (std::size_t const piece : {1U, 7U, 100U}) EXPECT_EQ(lines_of(parts, piece), whole);
  }
}

INSTANTIATE_TEST_SUITE_P(, TracedRecording, testing::ValuesIn(test::recordings()), test::name_of_row);

// ---- secrets, memory, sinks ----------------------------------------------------------------------------------------

TEST(Trace, ShowsNoSecretWhereverItIsCut) {
  std::string const secret = "open_sesame";
  for (char const* const request : {"00000003", "00000005 'salt'", "0000000a 00", "0000000b", "00000007", "00000063"}) {
    std::string const asked = test::message('R', bytes(request)), told = test::message('p', secret + '\0');
    for (std::size_t end = 0; end <= told.size(); ++end) {
      std::string cut = told.substr(0, end);
      for (auto const& line : lines_of({{'F', startup}, {'B', asked}, {'F', cut}, {'F', told}}))
        EXPECT_EQ(line.find("sesame"), std::string::npos) << line;
    }
  }
}

TEST(Trace, MemoryGrowsAsBytesArriveNotAsALengthSays) {
  test::heap_watch const heap;
  tracer trace([](std::string_view) {}, {.max_message = 1 << 30}, trace_from::session);
  trace.backend(bytes("'D' 3fffffff"));
  EXPECT_LT(heap.growth(), 64U * 1024);
  std::string const piece(100'000, 'x');
  trace.backend(piece);
  EXPECT_LT(heap.growth(), 4 * piece.size());
}

TEST(Trace, AMessageUpToTheLimitIsShownWhole) {
  limits const limit{.max_message = 1000};
  std::string const row = test::message('d', std::string(996, 'x'));
  EXPECT_EQ(lines_of({{'B', row}}, 0, trace_from::session, limit),
            strings{"B\t1000\tCopyData\t '" + std::string(996, 'x') + "'"});
  EXPECT_EQ(lines_of({{'B', test::message('d', std::string(997, 'x'))}}, 0, trace_from::session, limit),
            strings{"B\t1001\tCopyData\t impossible length"});
}

TEST(Trace, ALargeMessageLeavesNoLargeBufferBehind) {
  test::heap_watch const heap;
  std::size_t longest = 0;
  tracer trace([&longest](std::string_view line) { longest = line.size(); }, {}, trace_from::session);
  {
    std::string const row = test::message('d', std::string(4'000'000, '\xff'));
    for (std::size_t at = 0; at < row.size(); at += 65536) trace.backend(std::string_view(row).substr(at, 65536));
  }
  EXPECT_GT(longest, 16'000'000U);
  EXPECT_LT(heap.growth(), 256U * 1024);
}

TEST(Trace, WhatTheSinkThrowsEndsThatDirectionOnly) {
  strings lines;
  tracer trace(
      [&lines](std::string_view line) {
        if (line.find("Sync") != line.npos) throw std::runtime_error("enough");
        lines.emplace_back(line);
      },
      {}, trace_from::session);
  EXPECT_THROW(trace.frontend(bytes("'S' 00000004 'H' 00000004")), std::runtime_error);
  trace.frontend(bytes("'H' 00000004"));
  trace.backend(ready);
  EXPECT_EQ(lines, strings{ready_line});
}

}  // namespace
}  // namespace tusk::protocol
