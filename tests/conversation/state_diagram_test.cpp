// The state diagram of the documentation: nothing of the table is missing in it, and there is nothing else in it.
#include "../../tools/docs/state_diagram.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>
#include <tusk/protocol/state.hpp>

namespace tusk::test {
namespace {

using namespace protocol;

TEST(StateDiagram, ShowsEveryState) {
  auto const text = docs::state_diagram().text();
  EXPECT_TRUE(text.starts_with("stateDiagram-v2\n"));
  for (std::size_t i = 0; i < states; ++i) {
    auto const called = std::string(name(static_cast<state>(i)));
    bool const drawn = text.find("  " + called + " --> ") != text.npos || text.find("--> " + called) != text.npos;
    EXPECT_TRUE(drawn) << called;
  }
}

TEST(StateDiagram, HasOneArrowForEachPairOfStates) {
  std::istringstream text(docs::state_diagram().text());
  std::set<std::string> seen;
  for (std::string line; std::getline(text, line);) {
    auto const arrow = line.find(" --> ");
    if (arrow == line.npos) continue;
    auto const pair = line.substr(0, line.find(" : "));
    EXPECT_TRUE(seen.insert(pair).second) << pair << " twice";
  }
  EXPECT_GT(seen.size(), 50U);
}

TEST(StateDiagram, NamesEveryMessageThatTheTableAllows) {
  auto const text = docs::state_diagram().text();
  for (std::size_t in = 0; in < states; ++in)
    for (std::size_t message = 0; message < backend_kinds; ++message) {
      auto const kind = static_cast<backend_kind>(message);
      auto const does = lookup(static_cast<state>(in), kind);
      bool const in_notes = kind == backend_kind::error_response || kind == backend_kind::notice_response ||
                            kind == backend_kind::notification_response || kind == backend_kind::parameter_status;
      if (does.action == action::violation || in_notes) continue;
      auto const from = std::string(name(static_cast<state>(in)));
      auto const to = does.action == action::go     ? std::string(name(does.next))
                      : does.action == action::stay ? from
                                                    : std::string("next_request");
      auto const at = text.find("\n  " + from + " --> " + to + " : ");
      ASSERT_NE(at, text.npos) << from << " " << to;
      auto const line = text.substr(at + 1, text.find('\n', at + 1) - at);
      EXPECT_NE(line.find(name(kind)), line.npos) << name(kind) << " in " << line;
    }
}

}  // namespace
}  // namespace tusk::test
