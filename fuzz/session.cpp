// A server's stream against a session, with requests made on the way and reads cut anywhere.
//
// Input, in lines:
//   1  how the session starts, then what is requested, a batch after each ReadyForQuery: "A q pbes". A batch that
//      begins with ! is requested after the next error instead, in mid-unit; one that begins with < when COPY FROM
//      STDIN takes data.
//        A authenticated at once; else of v (protocol 3.2), p (a password), c (it may be sent in clear), b (TLS hash),
//          r d (channel_binding require, disable), N C M S (no method none, cleartext, MD5, SCRAM), k (SCRAM keys)
//        q query   p parse   b bind   d D describe statement, portal   e execute   1 2 execute, so many columns known
//        i o COPY in, out   0 its data   . its end   - it is given up
//        c close   s sync   f flush   x y z a unit of 0, 1, 2 columns   w one with formats   t terminate
//   2  the sizes of the reads, a character each, over and over; '0' is 1
//   3  and on: a message each, type and body: "CSELECT 1~". ~ is NUL, %41 is a byte, $F and $V are the right SCRAM
//      messages. A line "=..." is bytes as they are, length word and all.
//
// Checked: any cut gives the same events, of the same requests, and sends the same bytes, and so does taking rows while
// their statement runs; next() comes to an end; memory is bounded by what
// has arrived, never by what is declared; a poisoned session stays poisoned; a session that is not can be used again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <tusk/protocol/session.hpp>
#include <utility>
#include <vector>

#include "support/event_text.hpp"
#include "support/fuzz_input.hpp"
#include "support/fuzz_script.hpp"
#include "support/heap_bytes.hpp"
#include "support/scram_server.hpp"
#include "support/server_messages.hpp"

namespace {

using namespace tusk::protocol;
using tusk::test::scram_exchange;
using tusk::test::take_line;

constexpr std::string_view nonce = "fuzzfuzzfuzzfuzzfuzz", password = "secret", certificate_hash = "hash";

struct script {
  bool authenticated = false;
  std::string_view start;
  std::vector<std::string_view> batches;
  std::string_view reads;
  std::string stream;
};

std::string unescaped(std::string_view line, scram_exchange const& proof) {
  return tusk::test::unescaped(line, [&](char letter) -> std::string_view {
    if (letter == 'F') return proof.server_first;
    return letter == 'V' ? std::string_view(proof.server_final) : std::string_view();
  });
}

script read_script(std::string_view input) {
  static scram_exchange const plain(password, nonce, 3), bound(password, nonce, 3, "p=tls-server-end-point,,", "hash");
  script result;
  auto first = take_line(input);
  result.reads = take_line(input);
  auto const next_word = [&first] {
    auto const end = first.find(' ');
    auto const word = first.substr(0, end);
    first.remove_prefix(end == first.npos ? first.size() : end + 1);
    return word;
  };
  result.start = next_word();
  result.authenticated = result.start.starts_with('A');
  while (!first.empty()) result.batches.push_back(next_word());
  bool const binds = result.start.find('b') != std::string_view::npos;
  while (!input.empty()) {
    auto const line = take_line(input);
    if (line.empty()) continue;
    auto const bytes = unescaped(line.substr(1), binds ? bound : plain);
    result.stream += line[0] == '=' ? bytes : tusk::test::framed(line[0], bytes);
  }
  return result;
}

/// One session that plays a script.
class player {
 public:
  /// What must make no difference. quick: take_query_answer() before next(). portions: rows are taken whenever that is
  /// allowed, and given back.
  enum class way { plain, quick, portions };
  explicit player(script const& what, way how = way::plain) : script_(what), how_(how) {
    if (how == way::portions) session_.tell_rows_at(30);
  }

  /// Receives all of the stream in reads of those sizes; none: as much as there is room for.
  void play(std::string_view reads) {
    start();
    std::string_view left = script_.stream;
    for (std::size_t i = 0; !left.empty() && session_.state() < state::ended; ++i) {
      std::size_t const wanted =
          reads.empty() ? left.size() : static_cast<unsigned char>(reads[i % reads.size()]) - std::size_t{'0'};
      left.remove_prefix(receive(left.substr(0, std::max<std::size_t>(wanted, 1))));
      take_events();
    }
    finish();
  }

  std::vector<std::string> events;
  std::vector<std::uint64_t> numbers;  // of the requests that they answer
  std::string sent;                    // and how it ended

 private:
  void start() {
    startup_options options;
    options.parameters = {{"user", "me"}, {"_pq_.a", "1"}};
    options.nonce = nonce;
    auto const has = [&](char letter) { return script_.start.find(letter) != std::string_view::npos; };
    if (has('v')) options.version = protocol_version(3, 2);
    if (has('p')) options.password = password;
    options.allow_cleartext = has('c');
    if (has('b')) options.channel_binding_data = certificate_hash;
    if (!script_.authenticated) {
      rules_ = {!has('N'), !has('C'), !has('M'), !has('S'), channel_binding_rule::prefer};
      if (has('d')) rules_.channel_binding = channel_binding_rule::disable;
      if (has('r')) rules_.channel_binding = channel_binding_rule::require;
    }
    options.rules = rules_;
    static auto const keys = tusk::test::scram_keys_of(password, scram_exchange::salt, 3);
    if (has('k')) options.scram_client_key = keys.client, options.scram_server_key = keys.server;
    FUZZ_CHECK(!session_.start(std::move(options)));
    if (!script_.authenticated) return;
    receive(tusk::test::auth_ok() + tusk::test::ready());
    take_events();
    FUZZ_CHECK(session_.state() >= state::idle);
  }

  std::size_t receive(std::string_view bytes) {
    auto const room = session_.prepare();
    arrived_ += bytes.size();
    FUZZ_CHECK(!room.empty() && room.size() <= std::max(frame_reader::chunk_capacity, 2 * arrived_));
    std::size_t const count = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), count);
    session_.commit(count);
    FUZZ_CHECK(heap_.growth() <= 500'000 + 50 * (arrived_ + script_.stream.size()));
    return count;
  }

  void take_query_answer() {
    static list_storage<column_description> const known{{"a", 0, 0, 25, -1, -1, 0}};
    auto const taken = session_.take_query_answer(known);
    if (taken == query_answer::nothing) return;
    events.emplace_back("RowDescription a");
    if (taken == query_answer::description) return;
    auto const ended = std::get<unit_complete>(session_.current());
    events.push_back(tusk::test::text_of(command_complete{{}, ended.tag}, session_));
    events.push_back(tusk::test::text_of(ready_for_query{{}, ended.status}, session_));
    FUZZ_CHECK(awaited_-- > 0 && session_.buffered() == 0);
    request_next_batch();
  }

  void take_events() {
    if (how_ == way::quick && session_.state() == state::querying) take_query_answer();
    std::size_t const most = session_.buffered() / 5 + session_.last_request() + 100;
    for (std::size_t calls = 0; calls < most; ++calls) {
      event const& told = session_.next();
      if (std::holds_alternative<want_bytes>(told)) return take_portion();
      if (std::holds_alternative<working>(told)) continue;
      if (std::holds_alternative<rows_gathered>(told)) {
        FUZZ_CHECK(how_ == way::portions && is_running() && session_.answering() != 0);
        take_portion();
        continue;
      }
      bool const ready = std::holds_alternative<ready_for_query>(told) || std::holds_alternative<unit_complete>(told);
      auto const* violated = std::get_if<violation>(&told);
      std::error_code const code = violated != nullptr ? violated->code : std::error_code();
      bool const failed = std::holds_alternative<error_response>(told);
      note_number();
      events.push_back(whole_text(told));
      if (code) return check_poisoned(code);
      bool const copies_in = session_.state() == state::copying_in;
      if (std::holds_alternative<copy_in_response>(told)) {
        if (!copies_in) awaited_ += 1000;  // each Sync so far may be answered twice
        if (copies_in && next_batch_begins_with('<')) request_next_batch();
      }
      if (ready) {
        FUZZ_CHECK(awaited_-- > 0);
        request_next_batch();
      }
      if (failed && next_batch_begins_with('!')) request_next_batch();
    }
    bool const next_comes_to_an_end = false;
    FUZZ_CHECK(next_comes_to_an_end);
  }

  bool is_running() const {
    return session_.state() == state::querying_rows || session_.state() == state::executing ||
           session_.state() == state::executing_some;
  }
  void take_portion() {
    if (how_ != way::portions || !is_running()) return;
    auto rows = session_.take_rows();
    portions_ += bare_text(rows);
    session_.recycle(std::move(rows));
  }
  static std::string bare_text(row_set const& rows) {
    auto const text = tusk::test::text_of(rows);
    return text.empty() ? text : text.substr(1);
  }
  /// The event's text, with all the rows of its statement.
  std::string whole_text(event const& told) {
    auto const with_rows = [this](auto ended, std::string const& tag) {
      if constexpr (requires { ended.tag; }) ended.tag = tag;
      auto const rows = std::exchange(portions_, {}) + bare_text(session_.take_rows());
      return tusk::test::text_of(ended, session_) + (rows.empty() ? "" : " " + rows);
    };
    if (std::holds_alternative<error_response>(told)) portions_.clear();
    if (auto const* ended = std::get_if<command_complete>(&told)) return with_rows(*ended, std::string(ended->tag));
    if (auto const* ended = std::get_if<unit_complete>(&told)) return with_rows(*ended, std::string(ended->tag));
    if (auto const* ended = std::get_if<portal_suspended>(&told)) return with_rows(*ended, {});
    if (auto const* ended = std::get_if<empty_query_response>(&told)) return with_rows(*ended, {});
    return tusk::test::text_of(told, session_);
  }
  /// The numbers of what is answered go up, and none is told that was not sent.
  void note_number() {
    auto const number = session_.answering();
    FUZZ_CHECK(number <= session_.last_request());
    FUZZ_CHECK((number != 0) == (session_.answering_part() != request_part::none));
    if (number != 0) {
      FUZZ_CHECK(number >= last_number_);
      last_number_ = number;
    }
    numbers.push_back(number);
  }

  void check_poisoned(std::error_code code) {
    FUZZ_CHECK(session_.state() == state::poisoned);
    auto const pending = session_.output().size();
    for (int i = 0; i < 3; ++i) {
      auto const* again = std::get_if<violation>(&session_.next());
      FUZZ_CHECK(again != nullptr && again->code == code);
      receive("some more");
    }
    FUZZ_CHECK(session_.query("x") == errc::not_ready && session_.sync() == errc::not_ready);
    FUZZ_CHECK(session_.run("x", {}, 0) == errc::not_ready);
    FUZZ_CHECK(session_.output().size() == pending);
  }

  bool next_batch_begins_with(char letter) const {
    return batch_ < script_.batches.size() && script_.batches[batch_].starts_with(letter);
  }
  void request_next_batch() {
    send_output();
    if (batch_ == script_.batches.size()) return;
    for (char const letter : script_.batches[batch_++]) request(letter);
    send_output();
  }

  void request(char letter) {
    execute run;
    describe portal;
    portal.what = described_object::portal;
    std::error_code error;
    bool answered = false;
    switch (letter) {
      case 'q': error = session_.query("select"), answered = true; break;
      case 'p': error = session_.parse({}); break;
      case 'b': error = session_.bind({}); break;
      case 'd': error = session_.describe({}); break;
      case 'D': error = session_.describe(portal); break;
      case 'e': error = session_.execute(run, {}); break;
      case '1':
      case '2': error = session_.execute(run, static_cast<std::uint16_t>(letter - '0')); break;
      case 'c': error = session_.close({}); break;
      case 's': error = session_.sync(), answered = true; break;
      case 'f': error = session_.flush(); break;
      case 'w': {
        static list_storage<std::int16_t> const binary{1};
        error = session_.run("s", {}, 1, {{}, binary}), answered = true;
        break;
      }
      case 'x':
      case 'y':
      case 'z': error = session_.run("s", {}, static_cast<std::uint16_t>(letter - 'x')), answered = true; break;
      case 'i': error = session_.copy_in(); break;
      case 'o': error = session_.copy_out(); break;
      case '0': error = session_.copy_data("data"); break;
      case '.': error = session_.copy_done(); break;
      case '-': error = session_.copy_fail("given up"); break;
      case 't': session_.terminate(); break;
      default: break;
    }
    FUZZ_CHECK(!error || error == errc::not_ready);
    if (answered && !error) ++awaited_;
  }

  void send_output() {
    sent += session_.output();
    session_.sent(session_.output().size());
  }

  /// Nothing but a password in clear text, and then only where it is allowed, holds the password; and nobody is let in
  /// by a method that is not.
  void check_rules() const {
    bool const bound = session_.authentication() == authentication_method::scram_sha_256_plus;
    bool const must_bind = rules_.channel_binding == channel_binding_rule::require;
    if (sent.find(tusk::test::password_packet(password)) != sent.npos)
      FUZZ_CHECK(rules_.cleartext && !must_bind && script_.start.find('c') != std::string_view::npos);
    if (session_.state() < state::authenticated || session_.state() >= state::ended) return;
    FUZZ_CHECK(bound || !must_bind);
    FUZZ_CHECK(!bound || rules_.channel_binding != channel_binding_rule::disable);
    switch (session_.authentication()) {
      case authentication_method::none: FUZZ_CHECK(rules_.none); break;
      case authentication_method::cleartext: FUZZ_CHECK(rules_.cleartext); break;
      case authentication_method::md5: FUZZ_CHECK(rules_.md5); break;
      default: FUZZ_CHECK(rules_.scram_sha_256); break;
    }
  }

  /// Either the session is over, or it is good for another query once the server has answered what is under way.
  void finish() {
    send_output();
    check_rules();
    sent += " in " + std::string(name(session_.state()));
    if (session_.state() < state::ended) sent += " buffered " + std::to_string(session_.buffered());
    sent +=
        std::string(" version ") + std::to_string(session_.version()) + " key " + std::string(session_.secret_key());
    auto const told = events;
    if (session_.state() >= state::authenticated && session_.state() < state::ended && session_.buffered() == 0)
      use_again();
    events = told;
    session_.terminate();
    if (session_.state() == state::ended) FUZZ_CHECK(std::holds_alternative<want_bytes>(session_.next()));
  }

  void use_again() {
    batch_ = script_.batches.size();
    awaited_ += 1'000'000;
    if (session_.state() >= state::idle) end_unit();
    for (int i = 0; i < 100'000 && session_.state() != state::idle; ++i)
      answer(tusk::test::answer_in(session_.state()));
    FUZZ_CHECK(session_.state() == state::idle);
    events.clear();
    FUZZ_CHECK(!session_.query("select"));
    answer(tusk::test::columns({"a"}) + tusk::test::row({"1"}) + tusk::test::complete("SELECT 1") +
           tusk::test::ready());
    FUZZ_CHECK(events ==
               (std::vector<std::string>{"RowDescription a", "CommandComplete SELECT 1 {1}", "ReadyForQuery I"}));
  }
  /// A COPY FROM STDIN has to end before there can be a Sync.
  void end_unit() {
    for (int i = 0; i < 100'000 && session_.sync(); ++i) {
      if (session_.copy_fail("given up")) answer(tusk::test::answer_in(session_.state()));
    }
  }
  void answer(std::string const& bytes) {
    for (std::string_view left = bytes; !left.empty();) left.remove_prefix(receive(left));
    take_events();
  }

  script const& script_;
  way how_;
  std::string portions_;  // rows of the statement that runs
  std::uint64_t last_number_ = 0;
  tusk::test::heap_watch heap_;
  session session_{limits{.max_scram_iterations = 5000}};
  authentication_rules rules_;
  std::size_t arrived_ = 0, batch_ = 0;
  long awaited_ = 1;  // answers that end in ReadyForQuery; the first one ends the startup
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  script const what = read_script({reinterpret_cast<char const*>(data), size});
  player whole(what), cut(what), bytewise(what), quick(what, player::way::quick), portions(what, player::way::portions),
      portions_bytewise(what, player::way::portions);
  whole.play({});
  quick.play({});
  portions.play({});
  portions_bytewise.play("0");
  cut.play(what.reads.empty() ? "1" : what.reads);
  bytewise.play("0");
  FUZZ_CHECK(whole.events == cut.events && whole.events == bytewise.events);
  FUZZ_CHECK(whole.events == quick.events && whole.sent == quick.sent);
  FUZZ_CHECK(whole.events == portions.events && whole.events == portions_bytewise.events);
  FUZZ_CHECK(whole.numbers == cut.numbers && whole.numbers == bytewise.numbers);
  FUZZ_CHECK(whole.numbers == portions.numbers && whole.numbers == portions_bytewise.numbers);
  FUZZ_CHECK(whole.sent == cut.sent && whole.sent == bytewise.sent);
  return 0;
}
