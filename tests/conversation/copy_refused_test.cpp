// COPY in a query that did not ask for it: refused, with a clean error, one ReadyForQuery a Sync, and a session that
// goes on. What the scripted server does here was seen on a real one.
#include <gtest/gtest.h>

#include <string>
#include <tusk/protocol/session.hpp>
#include <vector>

#include "support/conversation.hpp"
#include "support/faults.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

std::string const refused = error("57014", "COPY from stdin failed");
std::string const not_a_table = error("42809", "cannot copy to view");
constexpr auto refused_text = "ErrorResponse ERROR 57014 COPY from stdin failed",
               not_a_table_text = "ErrorResponse ERROR 42809 cannot copy to view";

void ignore_output(driven_session& on, bool) { on.take_output(); }

void check_all_and_go_on(conversation const& script) {
  check_all(script);
  auto on = script.play();
  faults_detail::check_usable(on);
}

// ---- COPY FROM STDIN ------------------------------------------------------------------------------------------------

TEST(CopyInRefused, InASimpleQuery) {
  auto script = opened();
  script.query("copy t from stdin").expect_send(query_packet("copy t from stdin"));
  script.receive(copy_in())
      .expect_events("CopyInResponse")
      .expect_send(copy_fail_packet())
      .expect_state(state::refusing_copy_in)
      .receive(refused, ready())
      .expect_events(refused_text, "ReadyForQuery I")
      .expect_state(state::idle);
  check_all_and_go_on(script);
}

TEST(CopyInRefused, InTheMiddleOfAScript) {
  auto script = opened();
  script.query("select; insert; copy t from stdin; select").act(ignore_output);
  script.receive(columns({"a"}), row({"1"}), complete("SELECT 1"), complete("INSERT 0 1"), copy_in(), refused, ready())
      .expect_events("RowDescription a", "CommandComplete SELECT 1 {1}", "CommandComplete INSERT 0 1", "CopyInResponse",
                     refused_text, "ReadyForQuery I")
      .expect_send(copy_fail_packet());
  check_all_and_go_on(script);
}

TEST(CopyInRefused, InAnExtendedQuery) {
  auto script = opened();
  script.parse("", "copy t from stdin").bind("", "").execute("").sync().act(ignore_output);
  script.receive(parsed(), bound(), copy_in())
      .expect_events("ParseComplete", "CopyInResponse")
      .expect_send(copy_fail_packet(), sync_packet())  // the Sync sent before was dropped in copy mode
      .receive(refused, ready())
      .expect_events(refused_text, "ReadyForQuery I")
      .expect_state(state::idle);
  check_all_and_go_on(script);
}

TEST(CopyInRefused, InAUnit) {
  auto script = opened();
  script.run("s", 0).act(ignore_output);
  script.receive(bound(), copy_in(), refused, ready())
      .expect_events("CopyInResponse", refused_text, "ReadyForQuery I")
      .expect_send(copy_fail_packet(), sync_packet());
  check_all_and_go_on(script);
}

// The answer to a Sync that nobody had asked for poisoned the session.
TEST(CopyInRefused, BeforeSyncWasSent) {
  auto script = opened();
  script.bind("", "s").execute("").act(ignore_output);
  script.receive(bound(), copy_in()).expect_events("CopyInResponse").expect_send(copy_fail_packet());
  script.receive(refused).expect_events(refused_text).expect_state(state::skipping);
  script.sync().expect_send(sync_packet()).receive(ready()).expect_events("ReadyForQuery I").expect_state(state::idle);
  check_all_and_go_on(script);
}

TEST(CopyInRefused, SyncIsSentAfterTheRefusal) {
  auto script = opened();
  script.bind("", "s").execute("").act(ignore_output).receive(bound(), copy_in()).expect_events("CopyInResponse");
  script.sync().expect_send(copy_fail_packet(), sync_packet());
  script.receive(refused, ready()).expect_events(refused_text, "ReadyForQuery I").expect_state(state::idle);
  check_all_and_go_on(script);
}

// A COPY into a view fails after its response and before it reads, so that no Sync is dropped: the answer to the second
// one poisoned the session.
TEST(CopyInRefused, ItFailedBeforeItReadTheSync) {
  auto script = opened();
  script.bind("", "s").execute("").sync().act(ignore_output);
  script.receive(bound(), copy_in(), not_a_table, ready())
      .expect_events("CopyInResponse", not_a_table_text, "ReadyForQuery I")
      .expect_send(copy_fail_packet(), sync_packet())
      .expect_state(state::idle);
  script.receive(ready()).expect_events().expect_state(state::idle);
  script.check();
  interrupt_every_step(script);
  auto on = script.play();
  faults_detail::check_usable(on);
}

TEST(CopyInRefused, TheSpareAnswerMayComeWithTheNextRequest) {
  for (bool const spare : {false, true}) {
    SCOPED_TRACE(spare ? "both Syncs are answered" : "one Sync is answered");
    auto const begun = [] {
      auto script = opened();
      script.bind("", "s").execute("").sync().act(ignore_output);
      script.receive(bound(), copy_in(), not_a_table, ready())
          .expect_events("CopyInResponse", not_a_table_text, "ReadyForQuery I");
      script.act(ignore_output);
      return script;
    };
    auto const first = spare ? ready() : notice("none");
    auto const heard = [&](driven_session& on, bool) {
      auto told = on.take_events();
      EXPECT_EQ(std::erase(told, "NoticeResponse none"), spare ? 0U : 1U);
      EXPECT_EQ(told, (std::vector<std::string>{"CommandComplete SELECT 0", "ReadyForQuery I"}));
    };
    auto query = begun();
    query.query("x").act(ignore_output).receive(first, complete("SELECT 0"), ready()).act(heard).check();
    auto bind = begun();
    bind.bind("", "s").execute("", 1).sync().act(ignore_output);
    bind.receive(first, bound(), complete("SELECT 0"), ready()).act(heard).check();
    auto unit = begun();
    unit.run("s", 1).act(ignore_output).receive(first, bound(), complete("SELECT 0"), ready());
    unit.act([&](driven_session& on, bool) { EXPECT_EQ(on.take_events().back(), "UnitComplete I SELECT 0"); }).check();
    auto failing = begun();
    failing.parse("", "x").sync().act(ignore_output).receive(first, error(), ready()).expect_state(state::idle);
    failing.act([&](driven_session& on, bool) { on.take_events(); }).check();
    auto sync = begun();
    sync.sync().act(ignore_output).receive(ready());
    if (spare) sync.receive(ready());
    sync.expect_events("ReadyForQuery I").expect_state(state::idle).check();
  }
}

TEST(CopyInRefused, AfterAnotherAnswerNothingIsSpare) {
  auto script = opened();
  script.bind("", "s").execute("").sync().act(ignore_output);
  script.receive(bound(), copy_in(), refused, ready()).act([](driven_session& on, bool) { on.take_events(); });
  script.act(ignore_output).query("x").act(ignore_output);
  script.receive(columns({"a"}), ready())
      .expect_events("RowDescription a", violation_text(errc::unexpected_message, state::querying_rows, 'Z'));
  script.check();

  auto const refused_once = [] {
    auto begun = opened();
    begun.bind("", "s").execute("").sync().act(ignore_output);
    begun.receive(bound(), copy_in(), refused, ready()).act([](driven_session& on, bool) { on.take_events(); });
    return begun.act(ignore_output);
  };
  auto extended = refused_once();
  extended.bind("", "s").execute("", 1).sync().act(ignore_output).receive(bound(), ready());
  extended.expect_violation(errc::unexpected_message, state::executing, 'Z').check();
  auto failed = refused_once();
  failed.parse("", "x").act(ignore_output).receive(error(), ready());
  failed.expect_events("ErrorResponse ERROR 42601 no", violation_text(errc::unexpected_message, state::skipping, 'Z'));
  failed.check();

  auto idle = opened();
  idle.bind("", "s").execute("").sync().act(ignore_output);
  idle.receive(bound(), copy_in(), refused, ready(), ready(), ready())
      .act(ignore_output)
      .expect_events("CopyInResponse", refused_text, "ReadyForQuery I",
                     violation_text(errc::unexpected_message, state::idle, 'Z'));
  idle.check();
}

// A Sync behind a simple query is dropped in copy mode as well; its answer was waited for without end.
TEST(CopyInRefused, ASyncBehindASimpleQuery) {
  for (bool const dropped : {true, false}) {
    auto script = opened();
    script.query("copy t from stdin").sync().act(ignore_output);
    script.receive(copy_in()).expect_events("CopyInResponse").expect_send(copy_fail_packet(), sync_packet());
    script.receive(dropped ? refused : not_a_table, ready(), ready());
    script.expect_events(dropped ? refused_text : not_a_table_text, "ReadyForQuery I", "ReadyForQuery I");
    if (!dropped) script.receive(ready()).expect_events();
    script.expect_state(state::idle).check();
    auto on = script.play();
    faults_detail::check_usable(on);
  }
}

TEST(CopyInRefused, SeveralSyncsBehindIt) {
  auto script = opened();
  script.bind("", "s").execute("").sync().sync().act(ignore_output);
  script.receive(bound(), copy_in()).expect_events("CopyInResponse");
  script.expect_send(copy_fail_packet(), sync_packet(), sync_packet());
  script.receive(refused, ready(), ready()).expect_events(refused_text, "ReadyForQuery I", "ReadyForQuery I");
  script.expect_state(state::idle);
  check_all_and_go_on(script);
}

// A server in copy mode gives up when it reads the next unit.
TEST(CopyInRefused, InAPipelineTheServerEndsIt) {
  auto script = opened();
  script.bind("", "s").execute("").sync().bind("", "t").execute("", 1).sync().act(ignore_output);
  script
      .receive(bound(), copy_in(), error("08P01", "unexpected message type 0x42"),
               fatal("08P01", "synchronization lost"))
      .act(ignore_output)
      .expect_events("CopyInResponse", "ErrorResponse ERROR 08P01 unexpected message type 0x42",
                     "ErrorResponse FATAL 08P01 synchronization lost")
      .expect_state(state::ended);
  script.check();
  fail_every_step(script);
}

TEST(CopyInRefused, InAPipelineThatGoesOn) {
  auto script = opened();
  script.bind("", "s").execute("").sync().bind("", "t").execute("", 1).sync().run("t", 1).act(ignore_output);
  script
      .receive(bound(), copy_in(), not_a_table, ready(), bound(), row({"1"}), complete("SELECT 1"), ready(), bound(),
               row({"2"}), complete("SELECT 1"), ready(), ready(), ready(), ready())
      .expect_events("CopyInResponse", not_a_table_text, "ReadyForQuery I", "CommandComplete SELECT 1 {1}",
                     "ReadyForQuery I", "UnitComplete I SELECT 1 {2}")
      .expect_send(copy_fail_packet(), sync_packet(), sync_packet(), sync_packet())
      .expect_state(state::idle);
  script.check();
  interrupt_every_step(script);
  auto on = script.play();
  faults_detail::check_usable(on);
}

TEST(CopyInRefused, TwiceInAPipeline) {
  auto script = opened();
  script.run("s", 0).run("s", 0).act(ignore_output);
  // The first fails before it reads anything, the second reads the refusal of the first.
  script.receive(bound(), copy_in(), not_a_table, ready(), bound(), copy_in(), refused, ready(), ready(), ready())
      .act(ignore_output)
      .expect_events("CopyInResponse", not_a_table_text, "ReadyForQuery I", "CopyInResponse", refused_text,
                     "ReadyForQuery I")
      .expect_state(state::idle);
  script.check();
  auto on = script.play();
  faults_detail::check_usable(on);
}

TEST(CopyInRefused, AnErrorInAnUnfinishedUnitBehindIt) {
  auto script = opened();
  script.bind("", "s").execute("").sync().parse("", "x").act(ignore_output);
  script.receive(bound(), copy_in(), not_a_table, ready(), error(), ready()).act(ignore_output);
  script.act([](driven_session& on, bool) { on.take_events(); }).sync().act(ignore_output).receive(ready());
  script.expect_events("ReadyForQuery I").expect_state(state::idle).check();
  auto on = script.play();
  faults_detail::check_usable(on);
}

TEST(CopyInRefused, TheServerShutsDownMeanwhile) {
  auto script = opened();
  script.query("copy t from stdin").act(ignore_output).receive(copy_in(), fatal()).act(ignore_output);
  script.expect_events("CopyInResponse", "ErrorResponse FATAL 57P01 shut down").expect_state(state::ended);
  script.check();
  fail_every_step(script);
}

TEST(CopyInRefused, NothingButAnErrorMayFollow) {
  for (auto const& message : {copy_bytes("1"), copy_done(), complete("COPY 0"), copy_in(), row({"1"})}) {
    auto script = opened();
    script.query("copy t from stdin").act(ignore_output).receive(copy_in() + message);
    script.check_poisoned();
  }
}

// ---- COPY TO STDOUT -------------------------------------------------------------------------------------------------

TEST(CopyOutRefused, InASimpleQuery) {
  auto script = opened();
  script.query("copy t to stdout").expect_send(query_packet("copy t to stdout"));
  script.receive(copy_out(), copy_bytes("1\n"), copy_bytes(""), copy_bytes("2\n"))
      .expect_events("CopyOutResponse")
      .expect_state(state::draining_copy_out)
      .receive(copy_done(), complete("COPY 2"), ready())
      .expect_events("CommandComplete COPY 2", "ReadyForQuery I")
      .expect_send();
  check_all_and_go_on(script);
}

TEST(CopyOutRefused, InTheMiddleOfAScript) {
  auto script = opened();
  script.query("select; copy t to stdout; select").act(ignore_output);
  script
      .receive(columns({"a"}), row({"1"}), complete("SELECT 1"), copy_out(), copy_bytes("1\n"), copy_done(),
               complete("COPY 1"), columns({"b"}), row({"2"}), complete("SELECT 1"), ready())
      .expect_events("RowDescription a", "CommandComplete SELECT 1 {1}", "CopyOutResponse", "CommandComplete COPY 1",
                     "RowDescription b", "CommandComplete SELECT 1 {2}", "ReadyForQuery I");
  check_all_and_go_on(script);
}

TEST(CopyOutRefused, InAnExtendedQuery) {
  auto script = opened();
  script.parse("", "copy t to stdout").bind("", "").execute("").sync().run("s", 1).act(ignore_output);
  script
      .receive(parsed(), bound(), copy_out(), copy_bytes("1\n"), copy_done(), complete("COPY 1"), ready(), bound(),
               row({"1"}), complete("SELECT 1"), ready())
      .expect_events("ParseComplete", "CopyOutResponse", "CommandComplete COPY 1", "ReadyForQuery I",
                     "UnitComplete I SELECT 1 {1}")
      .expect_send();
  check_all_and_go_on(script);
}

TEST(CopyOutRefused, InAUnit) {
  auto script = opened();
  script.run("s", 0).act(ignore_output);
  script.receive(bound(), copy_out(), copy_bytes("1\n"), copy_done(), complete("COPY 1"), ready())
      .expect_events("CopyOutResponse", "UnitComplete I COPY 1")
      .expect_send();
  check_all_and_go_on(script);
}

TEST(CopyOutRefused, ErrorsInTheMiddle) {
  auto script = opened();
  script.query("copy t to stdout").act(ignore_output);
  script.receive(copy_out(), copy_bytes("1\n"), error("22012", "division"), ready())
      .expect_events("CopyOutResponse", "ErrorResponse ERROR 22012 division", "ReadyForQuery I");
  check_all_and_go_on(script);

  auto at_the_end = opened();
  at_the_end.run("s", 0).act(ignore_output);
  at_the_end.receive(bound(), copy_out(), copy_done(), error("22012", "division"), ready())
      .expect_events("CopyOutResponse", "ErrorResponse ERROR 22012 division", "ReadyForQuery I");
  check_all_and_go_on(at_the_end);
}

TEST(CopyOutRefused, MuchDataTakesNoMemory) {
  auto on = opened().play();
  ASSERT_EQ(on->query("copy t to stdout"), std::error_code());
  on.feed(copy_out());
  auto const piece = copy_bytes(std::string(8000, 'x'));
  for (int i = 0; i < 2000; ++i) {
    on.feed(piece);
    ASSERT_EQ(on->buffered(), 0U);
    ASSERT_LE(on->prepare().size(), frame_reader::chunk_capacity);
  }
  on.feed(copy_done() + complete("COPY 2000") + ready());
  EXPECT_EQ(on.state(), state::idle);
}

// START_REPLICATION is a simple query; what a standby says to end it is CopyDone.
TEST(CopyBothRefused, ItsDataIsDroppedAndTheQueryEnds) {
  auto script = opened();
  script.query("START_REPLICATION 0/0").act(ignore_output);
  script.receive(example_of(backend_kind::copy_both_response))
      .expect_events("CopyBothResponse")
      .expect_send(server_says<protocol::copy_done>())  // the same bytes in both directions
      .expect_state(state::ending_copy_both);
  script
      .receive(copy_bytes("k00000000"), copy_bytes(std::string(8000, 'w')), copy_done(), complete("COPY 0"),
               complete("START_REPLICATION"), ready())
      .expect_events("CommandComplete COPY 0", "CommandComplete START_REPLICATION", "ReadyForQuery I")
      .expect_send();
  check_all_and_go_on(script);
}

TEST(CopyBothRefused, AnErrorEndsItToo) {
  auto script = opened();
  script.query("START_REPLICATION 0/0").act(ignore_output);
  script.receive(example_of(backend_kind::copy_both_response), copy_bytes("x"), error("58P01", "gone"), ready())
      .expect_events("CopyBothResponse", "ErrorResponse ERROR 58P01 gone", "ReadyForQuery I");
  script.act(ignore_output);
  check_all_and_go_on(script);
}

TEST(CopyBothRefused, IsNoAnswerToAnExecute) {
  auto script = opened();
  script.run("s", 0).receive(bound());
  script.act(ignore_output).receive(example_of(backend_kind::copy_both_response));
  script.expect_violation(errc::unexpected_message, state::executing, 'W').check();
}

}  // namespace
}  // namespace tusk::test
