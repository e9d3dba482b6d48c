// A unit whose answer is taken at once leaves the same state behind as one whose messages are taken one by one.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <tusk/protocol/session.hpp>

namespace {

using namespace std::string_view_literals;
using namespace tusk::protocol;

void feed(session& to, std::string_view bytes) {
  while (!bytes.empty()) {
    auto const room = to.prepare();
    auto const count = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), count);
    to.commit(count);
    bytes.remove_prefix(count);
  }
}

/// Takes events until bytes are wanted, or the session is poisoned.
void drain(session& of) {
  for (int i = 0; i < 100; ++i) {
    event const& told = of.next();
    if (std::holds_alternative<want_bytes>(told) || std::holds_alternative<violation>(told)) return;
  }
  FAIL() << "it never wants bytes";
}

constexpr auto ready = "Z\0\0\0\x05I"sv;
constexpr auto answer =
    "2\0\0\0\x04"
    "C\0\0\0\x0dINSERT 0\0"
    "Z\0\0\0\x05I"sv;

}  // namespace

// Found in review: the answer to a spare Sync was still allowed after a later unit that was taken at once.
TEST(UnitAfterCopy, a_late_ready_is_a_violation_whatever_the_cut) {
  for (std::size_t const cut : {std::size_t{0}, std::size_t{5}, answer.size()}) {
    session made;
    startup_options options;
    options.parameters = {{"user", "u"}};
    ASSERT_FALSE(made.start(options));
    feed(made, "R\0\0\0\x08\0\0\0\0"sv);
    feed(made, ready);
    drain(made);
    ASSERT_EQ(made.state(), state::idle);

    ASSERT_FALSE(made.run("s", {}, 0));
    feed(made,
         "2\0\0\0\x04"
         "G\0\0\0\x07\0\0\0"sv);  // a COPY FROM STDIN: it is refused
    drain(made);
    feed(made, "E\0\0\0\x13SERROR\0C57014\0\0"sv);
    feed(made, ready);
    drain(made);
    ASSERT_EQ(made.state(), state::idle) << "cut " << cut;

    ASSERT_FALSE(made.run("s", {}, 0));
    feed(made, answer.substr(0, cut));
    if (cut != 0) drain(made);
    feed(made, answer.substr(cut));
    drain(made);
    ASSERT_EQ(made.state(), state::idle) << "cut " << cut;

    feed(made, ready);
    drain(made);
    EXPECT_EQ(made.state(), state::poisoned) << "cut " << cut;
  }
}
