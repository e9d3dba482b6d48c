// COPY that was asked for: what is sent, what is told, and which requests are not taken meanwhile.
#include <gtest/gtest.h>

#include "support/conversation.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

/// Parse and Bind of a COPY have been answered.
conversation bound_copy() {
  auto script = opened();
  script.parse("", "COPY").bind("", "").flush().receive(parsed(), bound());
  return script.expect_send(parse_packet("", "COPY"), bind_packet("", ""), bytes_of(protocol::flush{}))
      .expect_events("ParseComplete");
}

std::string data_packet(std::string_view bytes) {
  protocol::copy_data message;
  message.data = bytes;
  return bytes_of(message);
}

conversation copying() {
  auto script = bound_copy();
  script.start_copy_in().flush().expect_send(execute_packet(""), bytes_of(protocol::flush{}));
  return script.expect_state(state::executing_copy_in).receive(copy_in()).expect_answers("3 execute");
}

TEST(CopyIn, DataIsSentAndItsEndIsTold) {
  copying()
      .expect_state(state::copying_in)
      .send_copy("1\ta\n")
      .send_copy("")
      .end_copy()
      .sync()
      .expect_send(data_packet("1\ta\n"), data_packet(""), bytes_of(protocol::copy_done{}), sync_packet())
      .receive(complete("COPY 1"), ready())
      .expect_answers("3 execute", "4 sync")
      .expect_state(state::idle)
      .check();
}

TEST(CopyIn, IsGivenUp) {
  protocol::copy_fail why;
  why.message = "enough";
  copying()
      .send_copy("1")
      .fail_copy("enough")
      .sync()
      .expect_send(data_packet("1"), bytes_of(why), sync_packet())
      .receive(error("57014", "COPY from stdin failed: enough"), ready())
      .expect_events("ErrorResponse ERROR 57014 COPY from stdin failed: enough", "ReadyForQuery I")
      .expect_state(state::idle)
      .check();
}

TEST(CopyIn, AnErrorOfTheServerEndsItAtAnyPoint) {
  auto const failed = error("22P04", "extra data");
  copying()
      .send_copy("1")
      .receive(failed)
      .expect_state(state::skipping)
      .expect([](driven_session& on) {
        EXPECT_EQ(on->copy_data("2"), errc::not_ready);
        EXPECT_EQ(on->copy_done(), errc::not_ready);
        EXPECT_EQ(on->copy_fail("x"), errc::not_ready);
      })
      .sync()
      .receive(ready())
      .expect_send(data_packet("1"), sync_packet())
      .expect_events("ErrorResponse ERROR 22P04 extra data", "ReadyForQuery I")
      .check();
  copying()
      .end_copy()
      .sync()
      .receive(failed, ready())
      .expect_send(bytes_of(protocol::copy_done{}), sync_packet())
      .expect_events("ErrorResponse ERROR 22P04 extra data", "ReadyForQuery I")
      .check();
}

TEST(CopyIn, NothingElseIsTakenMeanwhile) {
  auto const refuses_all = [](driven_session& on) {
    EXPECT_EQ(on->query("x"), errc::not_ready);
    EXPECT_EQ(on->sync(), errc::not_ready);
    EXPECT_EQ(on->parse({}), errc::not_ready);
    EXPECT_EQ(on->run("", {}, 0), errc::not_ready);
    EXPECT_EQ(on->copy_in(), errc::not_ready);
    EXPECT_EQ(on->copy_out(), errc::not_ready);
  };
  auto script = opened();
  script.query("x").parse("", "COPY").bind("", "").start_copy_in().expect(refuses_all);
  script.receive(complete("X"), ready(), parsed(), bound()).expect(refuses_all).receive(copy_in()).expect(refuses_all);
  script.end_copy().sync().receive(complete("COPY 0"), ready()).expect_state(state::idle).play();
}

TEST(CopyIn, OneThatIsSkippedKeepsNothingBack) {
  auto script = opened();
  script.parse("", "COPY").bind("", "").start_copy_in().receive(error());
  script.sync().receive(ready()).expect_state(state::idle).play();

  // A query that is skipped, too, ends nothing.
  auto behind = opened();
  behind.parse("", "x").query("y").parse("", "COPY").bind("", "").start_copy_in().receive(error());
  behind.sync().receive(ready()).expect_state(state::idle).play();

  // But an error of what has a Sync behind it skips nothing of it.
  auto next = opened();
  next.parse("", "x").sync().parse("", "COPY").bind("", "").start_copy_in().receive(error());
  next.expect([](driven_session& on) { EXPECT_EQ(on->sync(), errc::not_ready); });
  next.receive(ready(), parsed(), bound(), copy_in()).end_copy().sync();
  next.receive(complete("COPY 0"), ready()).expect_state(state::idle).play();
  auto other = opened();
  other.run("s", 0).parse("", "COPY").bind("", "").start_copy_in().receive(error());
  other.expect([](driven_session& on) { EXPECT_EQ(on->sync(), errc::not_ready); });
  other.receive(ready(), parsed(), bound(), copy_in()).end_copy().sync();
  other.receive(complete("COPY 0"), ready()).expect_state(state::idle).play();
}

TEST(CopyIn, OneThatMovesNoDataEnds) {
  bound_copy()
      .start_copy_in()
      .receive(complete("COPY 7"))
      .expect_send(execute_packet(""))
      .expect_events("CommandComplete COPY 7")
      .sync()
      .receive(ready())
      .expect_send(sync_packet())
      .expect_events("ReadyForQuery I")
      .check();
}

TEST(CopyIn, TakesMessagesUpToTheirLimit) {
  copying()
      .expect([](driven_session& on) {
        std::string_view const much("x", std::size_t{1} << 30);  // is not read
        EXPECT_EQ(on->copy_data(much), errc::message_too_large);
      })
      .play();
}

TEST(CopyOut, EachMessageIsTold) {
  bound_copy()
      .start_copy_out()
      .sync()
      .expect_send(execute_packet(""), sync_packet())
      .receive(copy_out(), copy_bytes("1\n"), notice("hello"), copy_bytes(""), copy_done(), complete("COPY 1"), ready())
      .expect_answers("3 execute", "3 execute", "0", "3 execute", "3 execute", "4 sync")
      .check();
}

TEST(CopyOut, AnErrorEndsIt) {
  bound_copy()
      .start_copy_out()
      .sync()
      .expect_send(execute_packet(""), sync_packet())
      .receive(copy_out(), copy_bytes("1\n"), error("57014", "canceled"), ready())
      .expect_events("CopyOutResponse", "CopyData 1\n", "ErrorResponse ERROR 57014 canceled", "ReadyForQuery I")
      .check();
}

TEST(CopyOut, WhereInWasAskedForIsDropped) {
  bound_copy()
      .start_copy_in()
      .receive(copy_out())
      .sync()
      .expect_send(execute_packet(""), sync_packet())
      .receive(copy_bytes("1\n"), copy_done(), complete("COPY 1"), ready())
      .expect_events("CopyOutResponse", "CommandComplete COPY 1", "ReadyForQuery I")
      .check();
}

TEST(CopyOut, WhereInComesInsteadItIsRefused) {
  bound_copy()
      .start_copy_out()
      .sync()
      .receive(copy_in())
      .expect_send(execute_packet(""), sync_packet(), copy_fail_packet(), sync_packet())
      .receive(error("57014", "x"), ready())
      .expect_events("CopyInResponse", "ErrorResponse ERROR 57014 x", "ReadyForQuery I")
      .check();
}

}  // namespace
}  // namespace tusk::test
