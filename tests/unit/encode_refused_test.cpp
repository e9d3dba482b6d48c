// What cannot be sent is refused before a byte of it is written: NUL in strings, sizes that the protocol does not allow
// or that would wrap, too many parameters.
//
// A size of gigabytes is simulated by a view that claims it and is never read. (A C string is searched for NUL, so that
// its limit is shown by the fields next to it: all of them go into one sum.)
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/frontend.hpp>
#include <tusk/protocol/replication.hpp>
#include <variant>

#include "support/backend_samples.hpp"
#include "support/frontend_samples.hpp"
#include "support/replication_samples.hpp"

namespace tusk::protocol {
namespace {

using namespace std::string_view_literals;

template <class Message>
void expect_refused(Message const& message, errc code) {
  byte_buffer out;
  *out.append(1) = '!';
  EXPECT_EQ(encode(out, message), make_error_code(code));
  EXPECT_EQ(out.view(), "!");
}

// ---- NUL -----------------------------------------------------------------------------------------------------------

/// A visitor that puts another text into the C string number `chosen` of a message.
class string_changer {
 public:
  string_changer(int chosen, std::string_view text) : left_(chosen), text_(text) {}
  void integer(auto&) {}
  void enumerator(auto&, std::string_view) {}
  void format(auto&) {}
  void cstring(std::string_view& value) {
    if (left_-- == 0) value = text_;
  }
  void bytes(std::string_view&, std::size_t) {}
  void rest(std::string_view&) {}
  void nullable(field_value&) {}
  template <class Count>
  void counted(auto&) {}
  void terminated(auto&) {}
  bool done() const noexcept { return left_ < 0; }

 private:
  int left_;
  std::string_view text_;
};

/// Refuses NUL at the start, in the middle and at the end of each C string of the message; how many there are.
template <class Any>
int check_strings(Any const& sample) {
  int count = 0;
  std::visit(
      [&count]<class Message>(Message const& message) {
        for (;; ++count) {
          for (auto const text : {"\0"sv, "\0abc"sv, "a\0bc"sv, "abc\0"sv}) {
            Message changed = message;
            string_changer changer(count, text);
            Message::fields(changer, changed);
            if (!changer.done()) return;
            SCOPED_TRACE("string number " + std::to_string(count));
            expect_refused(changed, errc::embedded_nul);
          }
        }
      },
      sample);
  return count;
}

TEST(EncodeRefuses, NulInEachStringOfEachMessage) {
  int strings = 0;
  auto const check = [&strings](auto const& samples) {
    for (auto const& row : samples) {
      SCOPED_TRACE(row.name);
      strings += check_strings(row.message);
    }
  };
  check(test::frontend_samples());
  EXPECT_EQ(strings, 21);
  check(test::backend_samples());
  check(test::payloads_from_server());
  check(test::payloads_from_client());
  EXPECT_EQ(strings, 34);
}

TEST(EncodeRefuses, NulInStringsOfLists) {
  list_storage<startup_parameter> parameters;
  EXPECT_EQ(parameters.add({"us\0er"sv, "tusk"}), errc::embedded_nul);
  EXPECT_EQ(parameters.add({"user", "tusk\0database"sv}), errc::embedded_nul);
  EXPECT_EQ(parameters.add({"user", "\0"sv}), errc::embedded_nul);
  EXPECT_TRUE(parameters.view().empty());

  list_storage<error_field> fields;
  EXPECT_EQ(fields.add({'M', "a\0b"sv}), errc::embedded_nul);
  list_storage<column_description> columns;
  column_description column;
  column.name = "a\0b"sv;
  EXPECT_EQ(columns.add(column), errc::embedded_nul);
  list_storage<std::string_view> mechanisms;
  EXPECT_EQ(mechanisms.add("SCRAM\0SHA"sv), errc::embedded_nul);
  list_storage<field_value> values;
  EXPECT_EQ(values.add("a\0b"sv), errc{}) << "a value may hold any byte";
}

// An empty name at the front of an element would be taken for the end of the list, and the rest for something else.
TEST(EncodeRefuses, ElementsThatWouldEndTheirList) {
  list_storage<startup_parameter> const parameters{{"user", "tusk"}, {"", "x"}, {"database", "tusk"}};
  startup_message startup;
  startup.parameters = parameters;
  expect_refused(startup, errc::bad_value);

  list_storage<std::string_view> const mechanisms{"SCRAM-SHA-256", ""};
  authentication_sasl sasl;
  sasl.mechanisms = mechanisms;
  expect_refused(sasl, errc::bad_value);

  list_storage<error_field> const fields{{'\0', "x"}};
  error_response error;
  error.fields_sent = fields;
  expect_refused(error, errc::bad_value);
}

TEST(EncodeRefuses, SaltsOfAnotherLength) {
  for (auto const* salt : {"", "abc", "abcde"}) {
    authentication_md5_password message;
    message.salt = salt;
    expect_refused(message, errc::bad_value);
  }
}

// ---- sizes ---------------------------------------------------------------------------------------------------------

std::string_view claimed(std::uint64_t size) {
  static char const one = 'x';
  return {&one, static_cast<std::size_t>(size)};
}

/// Makes a message in which `size` bytes are claimed, measures it and (only if it is too large) tries to encode it.
template <class Message, class Fill>
errc claim(std::uint64_t size, Fill fill) {
  Message message;
  fill(message, claimed(size));
  std::uint64_t length = 0;
  errc const result = measure(message, length);
  if (result == errc{}) {
    EXPECT_LE(length, Message::max_sent);
  } else {
    expect_refused(message, result);
  }
  return result;
}

struct sized {
  char const* name;
  std::uint64_t limit;     // of the whole message, without its type byte
  std::uint64_t overhead;  // of what stands around the bytes claimed
  errc (*claim)(std::uint64_t size);

  friend std::ostream& operator<<(std::ostream& out, sized const& row) { return out << row.name; }
};

class SizeLimit : public testing::TestWithParam<sized> {};

TEST_P(SizeLimit, IsKept) {
  auto const& row = GetParam();
  std::uint64_t const most = row.limit - row.overhead;
  EXPECT_EQ(row.claim(0), errc{});
  EXPECT_EQ(row.claim(most), errc{});
  constexpr std::uint64_t gib = 1 << 30;
  for (std::uint64_t const size :
       {most + 1,    most + 2,    gib - 5, gib - 4,     gib - 1,       gib,         gib + 1,
        2 * gib - 5, 2 * gib - 1, 2 * gib, 2 * gib + 1, 4 * gib - 9,   4 * gib - 8, 4 * gib - 5,
        4 * gib - 4, 4 * gib - 1, 4 * gib, 4 * gib + 1, 4 * gib + 100, 8 * gib,     std::uint64_t{1} << 62}) {
    if (size > std::numeric_limits<std::size_t>::max()) continue;
    if (size > most) {
      EXPECT_EQ(row.claim(size), errc::message_too_large) << size;
    }
  }
}

#define CLAIM(message, member) \
  [](std::uint64_t size) { return claim<message>(size, [](message& m, std::string_view v) { m.member = v; }); }
#define CLAIM_LIST(message, member, element)                                                             \
  [](std::uint64_t size) {                                                                               \
    return claim<message>(size, [](message& m, std::string_view v) { m.member = list<element>(v, 1); }); \
  }

INSTANTIATE_TEST_SUITE_P(
    , SizeLimit,
    testing::Values(sized{"copy_data", max_sent_message, 4, CLAIM(copy_data, data)},
                    sized{"cancel_request", max_sent_message, 12, CLAIM(cancel_request, secret_key)},
                    sized{"bind_parameters", max_sent_message, 12, CLAIM_LIST(bind, parameters, field_value)},
                    sized{"bind_formats", max_sent_message, 12, CLAIM_LIST(bind, parameter_formats, std::int16_t)},
                    sized{"parse_types", max_sent_message, 8, CLAIM_LIST(parse, parameter_types, std::uint32_t)},
                    sized{"function_call", max_sent_message, 14, CLAIM_LIST(function_call, arguments, field_value)},
                    sized{"sasl_initial_response", max_password_message, 9, CLAIM(sasl_initial_response, data)},
                    sized{"sasl_response", max_password_message, 4, CLAIM(sasl_response, data)},
                    sized{"gss_response", max_password_message, 4, CLAIM(gss_response, data)},
                    sized{"data_row", max_sent_message, 6, CLAIM_LIST(data_row, values, field_value)},
                    sized{"function_call_response", max_sent_message, 8, CLAIM(function_call_response, value)},
                    sized{"backend_key_data", max_sent_message, 8, CLAIM(backend_key_data, secret_key)},
                    sized{"authentication_sasl_final", max_sent_message, 8, CLAIM(authentication_sasl_final, data)},
                    sized{"xlog_data", max_sent_message, 29, CLAIM(xlog_data, data)},
                    sized{"backup_data", max_sent_message, 5, CLAIM(backup_data, data)}),
    test::name_of_row);

// Two sizes, each allowed, whose sum is not: and one whose sum would wrap at 4 GiB.
TEST(EncodeRefuses, SumsOfSizes) {
  bind message;
  message.parameters = list<field_value>(claimed(max_sent_message / 2), 1);
  message.parameter_formats = list<std::int16_t>(claimed(max_sent_message / 2), 1);
  expect_refused(message, errc::message_too_large);
  message.parameters = list<field_value>(claimed(0x8000'0000), 1);
  message.parameter_formats = list<std::int16_t>(claimed(0x8000'0000), 1);
  expect_refused(message, errc::message_too_large);
}

TEST(EncodeRefuses, ValuesThatDoNotFitTheirList) {
  list_storage<field_value> values{"before"};
  EXPECT_EQ(values.add(claimed(max_sent_message)), errc::message_too_large);
  EXPECT_EQ(values.add(claimed(max_sent_message - 13)), errc::message_too_large);
  EXPECT_EQ(values.add(claimed(0xffff'ffff)), errc::message_too_large);
  EXPECT_EQ(values.add(claimed(0x7fff'ffff)), errc::message_too_large);
  EXPECT_EQ(values.view().size(), 1U);
  EXPECT_EQ(values.view().encoded().size(), 10U);
}

TEST(EncodeRefuses, PayloadsByTheLimitOfTheirCopyData) {
  byte_buffer out;
  backup_data message;
  message.data = claimed(max_sent_message - 4);
  EXPECT_EQ(encode_payload(out, message), make_error_code(errc::message_too_large));
  backup_archive archive;
  archive.name = "a\0b"sv;
  EXPECT_EQ(encode_payload(out, archive), make_error_code(errc::embedded_nul));
  EXPECT_TRUE(out.empty());
}

// Strings can be searched for NUL in earnest where the limit is small.
TEST(EncodeRefuses, LongPasswordsAndStartupPackets) {
  password_message password;
  std::string const text(max_password_message, 'p');
  byte_buffer out;
  password.password = std::string_view(text).substr(0, max_password_message - 5);
  EXPECT_EQ(encode(out, password), std::error_code());
  EXPECT_EQ(out.size(), max_password_message + 1);
  password.password = std::string_view(text).substr(0, max_password_message - 4);
  expect_refused(password, errc::message_too_large);

  for (std::size_t const over : {0U, 1U}) {
    std::string const value(max_startup_packet - 4 - 4 - 1 - 2 - 1 + over, 'v');
    list_storage<startup_parameter> const parameters{{"o", value}};
    startup_message startup;
    startup.parameters = parameters;
    if (over != 0) {
      expect_refused(startup, errc::message_too_large);
    } else {
      byte_buffer packet;
      EXPECT_EQ(encode(packet, startup), std::error_code());
      EXPECT_EQ(packet.size(), max_startup_packet);
    }
  }
}

// ---- counts --------------------------------------------------------------------------------------------------------

TEST(EncodeRefuses, MoreThan65535Parameters) {
  list_storage<field_value> values;
  for (int i = 0; i < 65535; ++i) ASSERT_EQ(values.add(std::nullopt), errc{});
  bind message;
  message.parameters = values;
  byte_buffer out;
  EXPECT_EQ(encode(out, message), std::error_code());
  auto const decoded = decode<bind>(out.view().substr(5));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->parameters, message.parameters);

  ASSERT_EQ(values.add(std::nullopt), errc{});
  message.parameters = values;
  expect_refused(message, errc::too_many_parameters);
}

// 65536 + 3 elements would be counted as 3, and the rest read as other messages.
TEST(EncodeRefuses, CountsThatWouldWrap) {
  parse message;
  std::string const types(4 * (65536 + 3), '\0');
  message.parameter_types = list<std::uint32_t>(types, 65536 + 3);
  expect_refused(message, errc::too_many_parameters);

  row_description described;
  described.columns = list<column_description>(types, 65536);
  expect_refused(described, errc::too_many_parameters);
}

}  // namespace
}  // namespace tusk::protocol
