// The session's state diagram, as Mermaid text, made from the state table: an arrow for each pair of states, with the
// messages that lead from one to the other. What holds in many states stands in notes instead of arrows.
#pragma once

#include <string>
#include <string_view>
#include <tusk/protocol/state.hpp>
#include <utility>
#include <vector>

namespace tusk::docs {

class state_diagram {
 public:
  std::string text() {
    line("stateDiagram-v2");
    line("  direction TB");
    line("  state next_request <<choice>>");
    group("starting", state::unstarted, state::authenticated);
    group("ready", state::idle, state::open_unit);
    group("simple_query", state::querying, state::querying_next);
    group("extended_query", state::parsing, state::closing);
    group("end_of_unit", state::syncing, state::syncing);
    group("copy", state::copying_in, state::copy_out_ended);
    group("copy_refused", state::refusing_copy_in, state::ending_copy_both);
    group("after_an_error", state::skipping, state::skipping);
    group("over", state::ended, state::poisoned);
    requests();
    notes();
    colours();
    return std::move(text_);
  }

 private:
  using state = protocol::state;
  using kind = protocol::backend_kind;
  using action = protocol::action;
  static constexpr std::string_view next_request = "next_request";

  void line(std::string const& text) { text_ += text + '\n'; }
  void arrow(std::string_view from, std::string_view to, std::string const& why = {}) {
    line("  " + std::string(from) + " --> " + std::string(to) + (why.empty() ? "" : " : " + why));
  }

  static bool comes_any_time(kind message) {
    return message == kind::notice_response || message == kind::notification_response ||
           message == kind::parameter_status;
  }
  static bool is_in_a_note(state in, kind message) {
    return comes_any_time(message) || (message == kind::error_response && lookup(in, message).action != action::stay);
  }

  /// The states from `first` to `last`, and the arrows that begin there.
  void group(std::string_view called, state first, state last) {
    line("");
    line("  %% " + std::string(called));
    std::string members;
    for (auto in = first; in <= last; in = static_cast<state>(static_cast<int>(in) + 1)) {
      members += (members.empty() ? "" : ",") + std::string(name(in));
      if (in == state::unstarted) {
        arrow("[*]", name(in));
        arrow(name(in), name(state::startup), "StartupMessage is sent");
      }
      if (in == state::sasl_computing) arrow(name(in), name(state::sasl_proved), "PBKDF2 has ended");
      if (in == state::copying_in) {
        arrow(name(in), name(state::copy_in_ended), "CopyDone is sent");
        arrow(name(in), name(state::refusing_copy_in), "CopyFail is sent");
      }
      if (in >= state::ended) arrow(name(in), "[*]");
      arrows_from(in);
    }
    line("  class " + members + " " + std::string(called));
  }

  void arrows_from(state in) {
    std::vector<std::pair<std::string_view, std::string>> arrows;
    auto const add = [&arrows](std::string_view to, kind message) {
      for (auto& [target, messages] : arrows)
        if (target == to) {
          messages += "<br/>" + std::string(name(message));
          return;
        }
      arrows.emplace_back(to, name(message));
    };
    for (std::size_t i = 0; i < protocol::backend_kinds; ++i) {
      auto const message = static_cast<kind>(i);
      if (is_in_a_note(in, message)) continue;
      switch (auto const does = lookup(in, message); does.action) {
        case action::violation: break;
        case action::stay: add(name(in), message); break;
        case action::go: add(name(does.next), message); break;
        case action::finish: add(next_request, message); break;
        case action::resume:
          add(name(state::querying_next), message);
          add(next_request, message);
          break;
        case action::skip: add(name(state::skipping), message); break;
      }
    }
    for (auto const& [to, messages] : arrows) arrow(name(in), to, messages);
  }

  /// What is sent is not in the table: which state a request waits in.
  void requests() {
    line("");
    line("  %% the front of the queue of requests decides");
    arrow(name(state::idle), next_request, "a request is sent");
    arrow(name(state::open_unit), next_request, "a request is sent");
    arrow(next_request, name(state::idle), "none is under way");
    arrow(next_request, name(state::open_unit), "none is under way, and the unit has no Sync yet");
    arrow(next_request, name(state::querying), "Query");
    arrow(next_request, name(state::parsing), "Parse");
    arrow(next_request, name(state::binding), "Bind");
    arrow(next_request, name(state::describing), "Describe (statement)");
    arrow(next_request, name(state::describing_columns), "Describe (portal)");
    arrow(next_request, name(state::executing), "Execute");
    arrow(next_request, name(state::executing_copy_in), "Execute (COPY FROM STDIN)");
    arrow(next_request, name(state::executing_copy_out), "Execute (COPY TO STDOUT)");
    arrow(next_request, name(state::closing), "Close");
    arrow(next_request, name(state::syncing), "Sync");
    arrow(name(state::skipping), name(state::syncing), "the requests before the Sync are told, and it was sent");
  }

  void notes() {
    std::string skipping, ending, any_time;
    auto const add = [](std::string& list, state in) { list += (list.empty() ? "" : ", ") + std::string(name(in)); };
    for (std::size_t i = 0; i < protocol::states; ++i) {
      auto const in = static_cast<state>(i);
      auto const error = lookup(in, kind::error_response);
      if (error.action == action::skip) add(skipping, in);
      if (error.action == action::go && error.next == state::ended) add(ending, in);
      if (lookup(in, kind::notice_response).action == action::stay) add(any_time, in);
    }
    line("");
    note("left", state::skipping,
         "An ErrorResponse leads here from " + skipping +
             "; if it is the answer to a Query or to run(), or if the next request is a Sync, on to syncing at once.");
    note("right", state::ended,
         "An ErrorResponse leads here from " + ending +
             ". One of severity FATAL or PANIC leads here from every state, and so does Terminate.");
    note("right", state::poisoned, "Any message for which there is neither an arrow nor a note leads here.");
    note(
        "left", state::idle,
        "NoticeResponse, NotificationResponse and ParameterStatus are taken, and change nothing, in " + any_time + ".");
  }
  void note(std::string const& side, state at, std::string text) {
    // Mermaid does not wrap lines.
    constexpr std::size_t width = 64;
    for (std::size_t from = 0; text.size() - from > width;) {
      auto const space = text.rfind(' ', from + width);
      text[space] = '\n';
      text.insert(space + 1, "    ");
      from = space + 5;
    }
    line("  note " + side + " of " + std::string(name(at)) + "\n    " + text + "\n  end note");
  }

  void colours() {
    line("");
    line("  classDef starting fill:#e8f0fe,stroke:#4a6fa5");
    line("  classDef ready fill:#e6f4ea,stroke:#4a8f5c");
    line("  classDef simple_query fill:#fef7e0,stroke:#a58a3a");
    line("  classDef extended_query fill:#f3e8fd,stroke:#7a559f");
    line("  classDef end_of_unit fill:#e6f4ea,stroke:#4a8f5c");
    line("  classDef copy fill:#e0f2f1,stroke:#3a8a83");
    line("  classDef copy_refused fill:#fce8e6,stroke:#a5564a");
    line("  classDef after_an_error fill:#fce8e6,stroke:#a5564a");
    line("  classDef over fill:#eeeeee,stroke:#666666");
  }

  std::string text_;
};

}  // namespace tusk::docs
