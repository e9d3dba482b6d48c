// The protocol version: how it is negotiated, and how long the cancel key may be in each.
#include <gtest/gtest.h>

#include <string>
#include <tusk/protocol/session.hpp>

#include "support/conversation.hpp"
#include "support/faults.hpp"

namespace tusk::test {
namespace {

using namespace protocol;
using namespace std::string_literals;

constexpr auto v3_0 = protocol_version(3, 0), v3_1 = protocol_version(3, 1), v3_2 = protocol_version(3, 2);

startup_options asking_for(std::int32_t version, std::int32_t minimum = v3_0) {
  auto options = startup_options_of_me();
  options.version = version;
  options.minimum_version = minimum;
  return options;
}

// ---- the cancel key -------------------------------------------------------------------------------------------------

struct key_row {
  char const* name;
  std::int32_t version;
  std::size_t size;
  bool taken;
};

constexpr auto name_of_row = [](auto const& row) { return std::string(row.param.name); };

class CancelKey : public testing::TestWithParam<key_row> {};

TEST_P(CancelKey, IsTakenOrRefused) {
  std::string const key(GetParam().size, 'k');
  auto script = starting(asking_for(GetParam().version));
  script.receive(auth_ok(), framed('K', "\0\0\0\x07"s + key));
  auto on = script.play();
  EXPECT_EQ(on.poisoned(), !GetParam().taken);
  EXPECT_EQ(on->secret_key(), GetParam().taken ? key : "");
}

INSTANTIATE_TEST_SUITE_P(, CancelKey,
                         testing::Values(key_row{"v3_0_none", v3_0, 0, false}, key_row{"v3_0_short", v3_0, 3, false},
                                         key_row{"v3_0", v3_0, 4, true}, key_row{"v3_0_long", v3_0, 5, false},
                                         key_row{"v3_0_longest", v3_0, 256, false},
                                         key_row{"v3_2_none", v3_2, 0, false}, key_row{"v3_2_short", v3_2, 3, false},
                                         key_row{"v3_2_shortest", v3_2, 4, true}, key_row{"v3_2_usual", v3_2, 32, true},
                                         key_row{"v3_2_longest", v3_2, 256, true},
                                         key_row{"v3_2_too_long", v3_2, 257, false}),
                         name_of_row);

struct negotiated_key_row {
  char const* name;
  std::int32_t spoken;  // after the negotiation
  std::size_t size;
  errc code = {};  // none: it is taken
  char type = 'K';
};

class CancelKeyAfterNegotiation : public testing::TestWithParam<negotiated_key_row> {};

/// Asked for 3.2 and an option that no server knows: the version that is left rules the key's size.
TEST_P(CancelKeyAfterNegotiation, IsTakenOrRefused) {
  auto const& row = GetParam();
  std::string const key(row.size, 'k');
  for (bool const late : {false}) {
    SCOPED_TRACE(late ? "negotiated after AuthenticationOk" : "negotiated at once");
    auto options = asking_for(v3_2);
    options.parameters.emplace_back("_pq_.a", "1");
    auto const answer = negotiate(row.spoken, {"_pq_.a"});
    auto script = starting(options);
    script.receive(late ? auth_ok() + answer : answer + auth_ok(), framed('K', "\0\0\0\x07"s + key), ready());
    if (row.code == errc{})
      script.expect_events("ReadyForQuery I").expect([&](driven_session& on) { EXPECT_EQ(on->secret_key(), key); });
    else
      script.expect_violation(row.code, state::authenticated, row.type);
    script.check();
  }
}

INSTANTIATE_TEST_SUITE_P(, CancelKeyAfterNegotiation,
                         testing::Values(negotiated_key_row{"v3_0_short", v3_0, 3, errc::length_too_small, '\0'},
                                         negotiated_key_row{"v3_0", v3_0, 4},
                                         negotiated_key_row{"v3_0_long", v3_0, 5, errc::bad_value},
                                         negotiated_key_row{"v3_0_usual_of_3_2", v3_0, 32, errc::bad_value},
                                         negotiated_key_row{"v3_2_short", v3_2, 3, errc::length_too_small, '\0'},
                                         negotiated_key_row{"v3_2_shortest", v3_2, 4},
                                         negotiated_key_row{"v3_2_usual", v3_2, 32},
                                         negotiated_key_row{"v3_2_longest", v3_2, 256},
                                         negotiated_key_row{"v3_2_too_long", v3_2, 257, errc::length_too_large, '\0'}),
                         name_of_row);

// ---- the protocol version -------------------------------------------------------------------------------------------

TEST(Version, ThreePointTwoIsTakenWithoutNegotiation) {
  auto script = starting(asking_for(v3_2, v3_2));
  script.receive(auth_ok(), cancel_key("a key of thirty-two bytes, I say"), ready())
      .expect_events("ReadyForQuery I")
      .expect([](driven_session& on) { EXPECT_EQ(on->version(), v3_2); });
  script.check();
  fail_every_step(script);
}

TEST(Version, TheServerSpeaksLess) {
  auto script = starting(asking_for(v3_2));
  script.receive(negotiate(v3_0), auth_ok(), cancel_key(), ready())
      .expect_events("ReadyForQuery I")
      .expect([](driven_session& on) { EXPECT_EQ(on->version(), v3_0); });
  script.check();
  fail_every_step(script);
}

TEST(Version, NegotiationMayFollowAuthenticationOk) {
  auto script = starting(asking_for(v3_2));
  script.receive(auth_ok(), setting("a", "b"), negotiate(v3_0), cancel_key(), ready())
      .expect_events("ParameterStatus a=b", "ReadyForQuery I")
      .expect([](driven_session& on) { EXPECT_EQ(on->version(), v3_0); });
  script.check();
  fail_every_step(script);
}

struct negotiation_row {
  char const* name;
  std::int32_t asked, minimum;
  std::string answer;
  std::error_code code;  // none: it is taken
};

class Negotiation : public testing::TestWithParam<negotiation_row> {};

TEST_P(Negotiation, IsTakenOrRefused) {
  auto const& row = GetParam();
  for (bool const late : {false, true}) {
    SCOPED_TRACE(late ? "after AuthenticationOk" : "at once");
    auto options = asking_for(row.asked, row.minimum);
    options.parameters.emplace_back("_pq_.a", "1");
    options.parameters.emplace_back("_pq_.b", "2");
    options.parameters.emplace_back("search_path", "x");
    auto script = starting(options);
    if (late) script.receive(auth_ok());
    script.receive(row.answer);
    if (row.code)
      script.expect_violation(row.code, late ? state::authenticated : state::startup, 'v');
    else
      script.expect_events().expect_state(late ? state::authenticated : state::startup);
    script.check();
  }
}

std::string negotiate_bytes(std::string_view readable_body) { return framed('v', bytes(readable_body)); }

INSTANTIATE_TEST_SUITE_P(
    , Negotiation,
    testing::Values(
        negotiation_row{"lower", v3_2, v3_0, negotiate(v3_0), {}},
        negotiation_row{"lower_with_an_option", v3_2, v3_0, negotiate(v3_0, {"_pq_.a"}), {}},
        negotiation_row{"lower_with_both_options", v3_2, v3_0, negotiate(v3_0, {"_pq_.b", "_pq_.a"}), {}},
        negotiation_row{"the_same_with_an_option", v3_0, v3_0, negotiate(v3_0, {"_pq_.a"}), {}},
        negotiation_row{"the_same_3_2_with_an_option", v3_2, v3_2, negotiate(v3_2, {"_pq_.a"}), {}},
        negotiation_row{"below_the_minimum", v3_2, v3_2, negotiate(v3_0), errc::protocol_version_refused},
        negotiation_row{"above_3_2", v3_2, v3_0, negotiate(protocol_version(3, 3)), errc::bad_negotiation},
        negotiation_row{"above_3_0", v3_0, v3_0, negotiate(v3_2), errc::bad_negotiation},
        negotiation_row{"far_above", v3_2, v3_0, negotiate(protocol_version(3, 0xffff)), errc::bad_negotiation},
        negotiation_row{"never_a_version", v3_2, v3_0, negotiate(v3_1), errc::bad_negotiation},
        negotiation_row{"below_3_0", v3_2, v3_0, negotiate(protocol_version(2, 0)), errc::bad_negotiation},
        negotiation_row{"above_4_0", v3_2, v3_0, negotiate(protocol_version(4, 0)), errc::bad_negotiation},
        negotiation_row{"zero", v3_2, v3_0, negotiate(0), errc::bad_negotiation},
        negotiation_row{"minor_alone", v3_2, v3_0, negotiate(2), errc::bad_negotiation},
        negotiation_row{"negative", v3_2, v3_0, negotiate(-1), errc::bad_negotiation},
        negotiation_row{"most_negative", v3_2, v3_0, negotiate(INT32_MIN), errc::bad_negotiation},
        negotiation_row{"nothing_changed_3_0", v3_0, v3_0, negotiate(v3_0), errc::bad_negotiation},
        negotiation_row{"nothing_changed_3_2", v3_2, v3_0, negotiate(v3_2), errc::bad_negotiation},
        negotiation_row{"name_without_prefix", v3_2, v3_0, negotiate(v3_0, {"search_path"}), errc::bad_negotiation},
        negotiation_row{"name_of_the_user", v3_2, v3_0, negotiate(v3_0, {"user"}), errc::bad_negotiation},
        negotiation_row{"not_sent", v3_2, v3_0, negotiate(v3_0, {"_pq_.c"}), errc::bad_negotiation},
        negotiation_row{"only_a_prefix", v3_2, v3_0, negotiate(v3_0, {"_pq_."}), errc::bad_negotiation},
        negotiation_row{"a_part_of_a_name", v3_2, v3_0, negotiate(v3_0, {"_pq_"}), errc::bad_negotiation},
        negotiation_row{"doubled", v3_2, v3_0, negotiate(v3_0, {"_pq_.a", "_pq_.b", "_pq_.a"}), errc::bad_negotiation},
        negotiation_row{"empty_name", v3_2, v3_0, negotiate_bytes("00030000 00000001 00"), errc::bad_negotiation},
        negotiation_row{"count_minus_one", v3_2, v3_0, negotiate_bytes("00030000 ffffffff"), errc::bad_count},
        negotiation_row{"count_most_negative", v3_2, v3_0, negotiate_bytes("00030000 80000000 00"), errc::bad_count},
        negotiation_row{"count_too_large", v3_2, v3_0, negotiate_bytes("00030000 00000002 '_pq_.a'00"),
                        errc::missing_terminator},
        negotiation_row{"count_too_small", v3_2, v3_0, negotiate_bytes("00030000 00000000 '_pq_.a'00"),
                        errc::trailing_bytes},
        negotiation_row{"unterminated", v3_2, v3_0, negotiate_bytes("00030000 00000001 '_pq_.a'"),
                        errc::missing_terminator}),
    name_of_row);

TEST(Version, NegotiationComesOnce) {
  for (auto const& second : {negotiate(v3_0), negotiate(v3_0, {"_pq_.a"})}) {
    auto options = asking_for(v3_2);
    options.parameters.emplace_back("_pq_.a", "1");
    auto script = starting(options);
    script.receive(negotiate(v3_0), auth_ok(), second);
    script.expect_violation(errc::bad_negotiation, state::authenticated, 'v').check();
  }
}

TEST(Version, AKeyOf3_2IsNotTakenBackTo3_0) {
  auto script = starting(asking_for(v3_2));
  script.receive(auth_ok(), cancel_key("twelve bytes"), negotiate(v3_0));
  script.expect_violation(errc::bad_negotiation, state::authenticated, 'v').check();
}

TEST(Version, NegotiationDoesNotComeLater) {
  auto script = opened();
  script.receive(negotiate(v3_0)).expect_violation(errc::unexpected_message, state::idle, 'v').check();
}

}  // namespace
}  // namespace tusk::test
