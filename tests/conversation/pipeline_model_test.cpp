// Pipelines at random against a model of the server: what it skips after an error, what it drops in copy mode, and when
// it answers a Sync was seen on a real one. Requests, reads and writes happen in any order.
//
// Whatever comes, a session tells what the server said, in order, which requests it skipped, and one ReadyForQuery for
// each Sync that it was asked to send; it is poisoned never.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <tusk/protocol/frame_reader.hpp>
#include <tusk/protocol/frontend.hpp>
#include <vector>

#include "support/conversation.hpp"

namespace tusk::test {
namespace {

using namespace protocol;

/// Answers a client's messages. A statement's name says what it does, and after '#' which one it is; of the unnamed
/// statement its text does.
class model_server {
 public:
  /// Reads messages and appends the answers to `output`.
  void read(std::string_view bytes) {
    while (!bytes.empty() && !gone) {
      auto const room = reader_.prepare();
      auto const count = std::min(room.size(), bytes.size());
      bytes.copy(room.data(), count);
      reader_.commit(count);
      bytes.remove_prefix(count);
      frame message;
      while (!gone && reader_.next(message) == frame_status::complete)
        if (message.type != '\0') take(message.type, message.body);
    }
  }

  std::string output;                // what has left it: answers of a unit wait for its Sync, a Flush or an error
  std::vector<std::string> said;     // each end of a statement and each error
  std::vector<std::string> skipped;  // each message that was read and not answered, after an error
  std::size_t skipped_queries = 0;
  bool gone = false;

 private:
  void take(char type, std::string_view body) {
    if (copying_ != none) return take_copy(type);
    if (type == sync::type) return end_unit();
    if (type == flush::type) return leave();
    if (skipping_) {
      if (type == query::type) ++skipped_queries;
      if (std::string_view("QPBDEC").find(type) != std::string_view::npos)
        skipped.push_back(type + name_in(type, body));
      return;
    }
    switch (type) {
      case query::type:
        script_ = decode<query>(body)->sql;
        run_script();
        break;
      case parse::type:
        if (name_in(type, body).empty()) unnamed_ = decode<parse>(body)->sql;
        answers_ += parsed();
        break;
      case bind::type:
        bound_ = decode<bind>(body)->statement;
        if (bound_.empty()) bound_ = unnamed_;
        if (bound_.starts_with("nobind"))
          fail(bound_);
        else
          answers_ += bound();
        break;
      case describe::type:
        if (decode<describe>(body)->what == described_object::statement)
          answers_ += parameters({}) + columns({"a"});
        else
          answers_ += bound_.starts_with("rows") ? columns({"a"}) : no_columns();
        break;
      case execute::type: run(bound_, false); break;
      case close::type: answers_ += closed(); break;
      default: break;  // CopyData, CopyDone and CopyFail that come too late
    }
  }

  static std::string name_in(char type, std::string_view body) {
    switch (type) {
      case query::type: return std::string(decode<query>(body)->sql);
      case parse::type: return std::string(decode<parse>(body)->statement);
      case bind::type: return std::string(decode<bind>(body)->statement);
      case describe::type: return std::string(decode<describe>(body)->name);
      case execute::type: return std::string(decode<execute>(body)->portal);
      default: return std::string(decode<close>(body)->name);
    }
  }

  void leave() {
    output += answers_;
    answers_.clear();
  }
  void end_unit() {
    skipping_ = false;
    answers_ += ready();
    leave();
  }

  void take_copy(char type) {
    if (type == sync::type || type == flush::type || type == copy_data::type) return;
    bool const simple = copying_ == in_script;
    copying_ = none;
    if (type == copy_done::type && !simple) {
      answers_ += complete(bound_);
      said.push_back(bound_);
      return;
    }
    fail("copy " + bound_);
    if (type != copy_fail::type) {
      answers_ += fatal("08P01", "synchronization lost");
      leave();
      said.emplace_back("FATAL synchronization lost");
      gone = true;
    } else if (simple) {
      end_unit();
    }
  }

  void run_script() {
    while (!script_.empty()) {
      auto const end = script_.find(';');
      auto const statement = script_.substr(0, end);
      script_.erase(0, end == script_.npos ? end : end + 1);
      if (!run(statement, true)) return;
    }
    end_unit();
  }

  /// False if the script waits or has ended.
  bool run(std::string const& statement, bool simple) {
    if (statement.starts_with("fail")) {
      fail(statement);
      script_.clear();
    } else if (statement.starts_with("view")) {
      answers_ += copy_in();
      fail(statement);
      script_.clear();
    } else if (statement.starts_with("copyin")) {
      answers_ += copy_in();
      leave();
      copying_ = simple ? in_script : in_unit;
      bound_ = statement;
      return false;
    } else {
      if (statement.starts_with("copyout"))
        answers_ += copy_out() + copy_bytes("1\n") + copy_done();
      else if (statement.starts_with("rows"))
        answers_ += (simple ? columns({"a"}) : std::string()) + row({statement}) + row({statement});
      answers_ += complete(statement);
      said.push_back(statement);
    }
    return true;
  }

  void fail(std::string const& statement) {
    answers_ += error("42601", statement);
    leave();
    said.push_back("ERROR " + statement);
    skipping_ = true;
  }

  enum copy { none, in_script, in_unit };
  frame_reader reader_{peer::client};
  std::string answers_, script_, bound_, unnamed_;
  copy copying_ = none;
  bool skipping_ = false;
};

class pipeline_run {
 public:
  explicit pipeline_run(std::uint64_t number) : random_(test_seed() + number), on_(cuts::random(number)) {}

  void play(bool with_copy_in) {
    EXPECT_EQ(on_->start(startup_options_of_me()), std::error_code());
    server_.read(on_.take_output());
    on_.feed(auth_ok() + ready());
    on_.take_events();
    for (int left = 30; left > 0 && !server_.gone;) {
      switch (random_() % 4) {
        case 0:
          if (on_.over()) break;
          if (copies_in_)
            go_on_copying();
          else
            request(with_copy_in);
          --left;
          break;
        case 1: to_server(random_() % 60); break;
        case 2: to_client(random_() % 60); break;
        default: to_client(server_.output.size()); break;
      }
      if (testing::Test::HasFailure()) return;
    }
    for (int turns = 0; copies_in_ && !on_.over(); ++turns) {
      ASSERT_LT(turns, 10'000) << "the COPY does not end: " << name(on_->state());
      exchange_all();
      go_on_copying();
    }
    if (!on_.over()) sync();
    exchange_all();
    check();
  }

 private:
  void exchange_all() {
    while (!on_->output().empty() || !server_.output.empty()) {
      to_server(on_->output().size());
      to_client(server_.output.size());
    }
  }
  std::string statement(bool with_copy_in) {
    static constexpr char const* kinds[] = {"rows", "rows", "none", "fail", "nobind", "copyout", "view", "copyin"};
    return kinds[random_() % (with_copy_in ? 8 : 7)] + ("#" + std::to_string(++number_));
  }

  void request(bool with_copy_in) {
    auto const sent = [](std::error_code error) { EXPECT_EQ(error, std::error_code()); };
    auto const name = statement(with_copy_in);
    auto const has_rows = static_cast<std::uint16_t>(name.starts_with("rows") ? 1 : 0);
    protocol::parse parse;
    protocol::describe describe;
    protocol::bind bind;
    protocol::execute execute;
    protocol::close close;
    parse.statement = describe.name = bind.statement = execute.portal = close.name = name;
    switch (random_() % 11) {
      case 9:
      case 10: {
        static constexpr char const* kinds[] = {"copyin", "copyin", "copyout", "none", "fail", "nobind", "view"};
        auto const copied = kinds[random_() % std::size(kinds)] + ("#" + std::to_string(++number_));
        bind.statement = copied;
        sent(on_->bind(bind));
        note({"B" + copied});
        bool const in = random_() % 2 == 0;
        sent(in ? on_->copy_in() : on_->copy_out());
        note({"E"});
        sent(on_->flush());
        copies_in_ = in;
        break;
      }
      case 0: sync(); break;
      case 1: {
        auto const script = name + ";" + statement(with_copy_in) + ";" + statement(with_copy_in);
        sent(on_->query(script));
        note({"Q" + script});
        ++expected_ready_;
        break;
      }
      case 2:
        sent(on_->run(name, {}, has_rows));
        note({"B" + name, "E"});
        ++expected_ready_;
        break;
      case 3:
        sent(on_->parse(parse));
        note({"P" + name});
        sent(on_->describe(describe));
        note({"D" + name});
        sent(on_->bind(bind));
        note({"B" + name});
        sent(on_->execute(execute, {}));
        note({"E" + name});
        sent(on_->close(close));
        note({"C" + name});
        if (random_() % 2 == 0) sync();
        break;
      case 4: sent(on_->flush()); break;
      case 8:
        for (char const type : {'P', 'B', 'D', 'E'}) requests_.push_back({std::string(1, type)});
        sent(on_->run_once(name));
        EXPECT_EQ(on_->last_request(), requests_.size());
        break;
      case 5:
        sent(on_->close(close));
        note({"C" + name});
        break;
      default:
        for (int i = 0; i < 2; ++i) {
          sent(on_->bind(bind));
          note({"B" + name});
          sent(on_->execute(execute, has_rows));
          note({"E" + name});
        }
        if (random_() % 2 == 0) sync();
        break;
    }
  }
  /// A COPY FROM STDIN was asked for: nothing else goes before that has ended.
  void go_on_copying() {
    if (on_->state() == state::copying_in) {
      auto const what = random_() % 4;
      if (what == 0) {
        EXPECT_EQ(on_->copy_done(), std::error_code());
      } else if (what == 1) {
        EXPECT_EQ(on_->copy_fail("x"), std::error_code());
      } else {
        EXPECT_EQ(on_->copy_data("1\n"), std::error_code());
      }
      return;
    }
    if (on_->sync()) return;
    note({});
    ++expected_ready_;
    copies_in_ = false;
  }
  void sync() {
    EXPECT_EQ(on_->sync(), std::error_code());
    note({});
    ++expected_ready_;
  }
  /// Notes the messages of the request that was sent, but for Sync.
  void note(std::vector<std::string> messages) {
    requests_.push_back(std::move(messages));
    EXPECT_EQ(on_->last_request(), requests_.size());
  }

  void to_server(std::size_t count) {
    auto const bytes = on_->output().substr(0, count);
    server_.read(std::string(bytes));
    on_->sent(bytes.size());
  }
  void to_client(std::size_t count) {
    on_.feed(server_.output.substr(0, count));
    server_.output.erase(0, count);
  }

  void check() {
    ASSERT_FALSE(on_.poisoned()) << on_.code().message() << "\n" << on_.events().back();
    std::vector<std::string> told, skipped;
    std::size_t readies = 0;
    for (std::size_t i = 0; i < on_.events().size(); ++i) {
      std::string const& event = on_.events()[i];
      std::string const& answers = on_.numbers()[i];  // "3 bind"
      std::size_t const number = std::stoul(answers);
      if (event.starts_with("RequestSkipped"))
        for (auto const& message : requests_.at(number - 1)) skipped.push_back(message);
      if (event.starts_with("ErrorResponse") && answers.ends_with("bind") && requests_.at(number - 1).size() == 2)
        skipped.push_back(requests_.at(number - 1)[1]);  // its own Execute
      auto const rest = [&event](std::string_view prefix) {
        return event.substr(prefix.size(), event.find(" {") - prefix.size());
      };
      bool const unit = event.starts_with("UnitComplete I ");
      if (unit) told.push_back(rest("UnitComplete I "));
      if (event.starts_with("CommandComplete ")) told.push_back(rest("CommandComplete "));
      if (event.starts_with("ErrorResponse ERROR 42601 "))
        told.push_back("ERROR " + rest("ErrorResponse ERROR 42601 "));
      if (event.starts_with("ErrorResponse FATAL 08P01 "))
        told.push_back("FATAL " + rest("ErrorResponse FATAL 08P01 "));
      if (number != 0 && (unit || event.starts_with("ReadyForQuery"))) ++readies;
      auto const rows = event.find(" {");
      if (rows != event.npos) {
        EXPECT_EQ(event.substr(rows + 1), "{" + told.back() + "}{" + told.back() + "}");
      }
    }
    EXPECT_EQ(told, server_.said);
    if (server_.gone) {
      EXPECT_EQ(on_.state(), state::ended);
    } else {
      EXPECT_EQ(name(on_.state()), "idle");
      EXPECT_EQ(skipped, server_.skipped);
      EXPECT_EQ(readies, expected_ready_ - server_.skipped_queries);
    }
  }

  std::mt19937_64 random_;
  model_server server_;
  driven_session on_;
  std::vector<std::vector<std::string>> requests_;  // the messages of each, by its number
  std::size_t number_ = 0, expected_ready_ = 0;
  bool copies_in_ = false;
};

class PipelineModel : public testing::TestWithParam<bool> {};

TEST_P(PipelineModel, ASessionTellsWhatTheServerSaid) {
  for (std::uint64_t number = 0; number < 1500; ++number) {
    SCOPED_TRACE("TUSK_SEED=" + std::to_string(test_seed()) + " number " + std::to_string(number));
    pipeline_run(number).play(GetParam());
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(, PipelineModel, testing::Bool(), [](auto const& row) {
  return row.param ? "with_copy_from_stdin" : "without_copy_from_stdin";
});

}  // namespace
}  // namespace tusk::test
