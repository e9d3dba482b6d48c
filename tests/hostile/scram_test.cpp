// A server that cheats in SCRAM: none of it gets a proof of the password, or a session.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <vector>

#include "hostile/refused.hpp"
#include "support/scram_peer.hpp"

namespace tusk::test {
namespace {

using protocol::errc;

struct scram_case {
  char const* name;
  scram_wishes wishes;
  errc code;
  bool answered = false;  // the client gives its proof before it can know
};
void PrintTo(scram_case const& each, std::ostream* out) { *out << each.name; }

/// Changes the nonce of the server-first message: "r=" NONCE "+of_the_server,s=...".
auto nonce(std::string_view (*change)(std::string_view)) {
  return [change](std::string& first) {
    auto const end = first.find(",s=");
    std::string const changed(change(std::string_view(first).substr(2, end - 2)));
    first = "r=" + changed + first.substr(end);
  };
}
auto prefixed(std::string prefix) {
  return [prefix](std::string& message) { message.insert(0, prefix); };
}
auto replaced(std::string text) {
  return [text](std::string& message) { message = text; };
}
std::string_view without_ours(std::string_view all) { return all.substr(all.find("+of")); }
std::string_view ours_alone(std::string_view all) { return all.substr(0, all.find("+of")); }
std::string_view cut_short(std::string_view all) { return all.substr(0, all.find("+of") - 1); }

std::vector<scram_case> const scram_cases{
    {"iterations_0", {.iterations = "0"}, errc::sasl_bad_iterations},
    {"iterations_negative", {.iterations = "-1"}, errc::sasl_bad_iterations},
    {"iterations_2_to_31_less_1", {.iterations = "2147483647"}, errc::sasl_too_many_iterations},
    {"iterations_1e30", {.iterations = "1e30"}, errc::sasl_bad_iterations},
    {"iterations_missing", {.iterations = ""}, errc::sasl_bad_iterations},
    {"iterations_then_a_letter", {.iterations = "4096x"}, errc::sasl_bad_iterations},
    {"iterations_of_40_digits", {.iterations = std::string(40, '9')}, errc::sasl_too_many_iterations},
    {"iterations_just_too_many", {.iterations = "100001"}, errc::sasl_too_many_iterations},
    {"nonce_foreign", {.edit_first = nonce(without_ours)}, errc::sasl_bad_nonce},
    {"nonce_equal_to_ours", {.edit_first = nonce(ours_alone)}, errc::sasl_bad_nonce},
    {"nonce_shorter_than_ours", {.edit_first = nonce(cut_short)}, errc::sasl_bad_nonce},
    {"mandatory_extension", {.edit_first = prefixed("m=x,")}, errc::sasl_unknown_extension},
    {"server_first_empty", {.edit_first = replaced("")}, errc::sasl_malformed},
    {"error_instead_of_a_challenge", {.edit_first = replaced("e=other-error")}, errc::sasl_malformed},
    {"signature_wrong", {.edit_final = replaced("v=" + std::string(43, 'A') + "=")}, errc::sasl_bad_signature, true},
    {"signature_of_another_password", {.password = "open_barley"}, errc::sasl_bad_signature, true},
    {"signature_short", {.edit_final = replaced("v=AAAA")}, errc::sasl_malformed, true},
    {"signature_missing", {.edit_final = replaced("v=")}, errc::sasl_malformed, true},
    {"server_final_empty", {.edit_final = replaced("")}, errc::sasl_malformed, true},
    {"error_instead_of_a_signature", {.edit_final = replaced("e=invalid-proof")}, errc::sasl_server_error, true},
};

class scram : public testing::TestWithParam<scram_case> {};

TEST_P(scram, is_refused) {
  scram_outcome said;
  {
    scripted_server server([&said](peer& client) {
      said = play_scram(client, GetParam().wishes);
      client.stay_silent();
    });
    auto const error = refused(server);
    EXPECT_EQ(error.code(), GetParam().code) << error.what();
    EXPECT_EQ(server.clients(), 1);
  }
  EXPECT_EQ(said.mechanism, "SCRAM-SHA-256");
  EXPECT_EQ(!said.client_final.empty(), GetParam().answered);
}

INSTANTIATE_TEST_SUITE_P(each, scram, testing::ValuesIn(scram_cases), named);

TEST(scram_test, without_a_cheat_it_goes_well) {
  scram_outcome said;
  {
    scripted_server server([&said](peer& client) {
      said = play_scram(client, {});
      client.stay_silent();
    });
    EXPECT_EQ(connect(server.dsn()).info().authentication, "scram-sha-256");
  }
  EXPECT_TRUE(said.proven);
}

/// All but the last digits of the iterations is malformed. With fewer digits it is well-formed: then the client goes
/// on, and the signature ends it.
TEST(scram_test, server_first_cut_at_every_byte) {
  std::size_t size = 1;
  for (std::size_t keep = 0; keep < size; ++keep) {
    scram_outcome said;
    {
      scripted_server server([&](peer& client) {
        said = play_scram(client, {.edit_first =
                                       [&](std::string& first) {
                                         size = first.size();
                                         first.resize(keep);
                                       },
                                   .edit_final = replaced("v=" + std::string(43, 'A') + "=")});
        client.stay_silent();
      });
      auto const code = refused(server).code();
      bool const has_digits = keep + 4 > size;
      EXPECT_EQ(code == errc::sasl_bad_signature, has_digits) << keep << " " << code.message();
      EXPECT_EQ(code == errc::sasl_malformed || code == errc::sasl_bad_nonce || code == errc::sasl_bad_iterations,
                !has_digits)
          << keep << " " << code.message();
    }
    EXPECT_EQ(said.client_final.empty(), keep + 4 <= size) << keep;
  }
  EXPECT_GT(size, 60U);
}

TEST(scram_test, server_final_cut_at_every_byte) {
  for (std::size_t keep = 0; keep < 46; ++keep) {
    scripted_server server([keep](peer& client) {
      play_scram(client, {.edit_final = [keep](std::string& final) { final.resize(keep); }});
      client.stay_silent();
    });
    EXPECT_EQ(refused(server).code(), errc::sasl_malformed) << keep;
  }
}

// ---- AuthenticationOk before the server has proved anything ----

TEST(scram_test, ok_after_client_first) {
  scripted_server server([](peer& client) {
    client.receive_startup();
    client.send(authentication(10, text("SCRAM-SHA-256") + '\0'));
    client.receive_message();
    client.send(welcome());
    client.stay_silent();
  });
  EXPECT_EQ(refused(server).code(), errc::sasl_incomplete);
}

TEST(scram_test, ok_after_client_final) {
  std::string sent;
  {
    scripted_server server([&](peer& client) {
      client.receive_startup();
      client.send(authentication(10, text("SCRAM-SHA-256") + '\0'));
      std::string const first = client.receive_message();
      client.send(authentication(11, first.substr(first.find("r=")) + "more,s=c2FsdA==,i=4096"));
      sent = client.receive_message();
      client.send(welcome());
      client.stay_silent();
    });
    EXPECT_EQ(refused(server).code(), errc::sasl_incomplete);
  }
  EXPECT_EQ(sent.substr(0, 1), "p");
}

TEST(scram_test, ok_after_a_wrong_signature_in_one_segment) {
  // play_scram sends the welcome right behind its server-final message.
  scripted_server server([](peer& client) {
    play_scram(client, {.edit_final = replaced("v=" + std::string(43, 'A') + "=")});
    client.stay_silent();
  });
  EXPECT_EQ(refused(server).code(), errc::sasl_bad_signature);
}

TEST(scram_test, cleartext_or_md5_request_in_the_middle) {
  for (std::string const& request : {authentication(3), authentication(5, "salt"), authentication(7)}) {
    std::string told;
    {
      scripted_server server([&](peer& client) {
        client.receive_startup();
        client.send(authentication(10, text("SCRAM-SHA-256") + '\0'));
        client.receive_message();
        client.send(request);
        told = client.receive_message();
        client.stay_silent();
      });
      refused(server);
    }
    EXPECT_EQ(told.find('p'), told.npos);
  }
}

}  // namespace
}  // namespace tusk::test
