// The binary forms of tsvector and tsquery, made into the text that the server writes.
//
//   tsvector   int32 count; each lexeme: its text, a NUL byte, uint16 count of its positions, each a uint16: 2 bits of
//              weight (D C B A), 14 bits of the position
//   tsquery    int32 count; its tree in prefix order, the right operand before the left one, each of
//              1   uint8 set of weights   uint8 1 for a prefix   text and a NUL byte
//              2   uint8 operator   uint16 distance, of a phrase only
//
// Source: tsvectorsend, tsvectorout, tsquerysend, tsqueryout.
#include <cstdint>
#include <string>
#include <tusk/types/errc.hpp>
#include <tusk/types/text_search.hpp>
#include <vector>

namespace tusk {
namespace {

using types::binary_reader;

// In quotes; those in it and backslashes are doubled.
void append_lexeme(std::string_view lexeme, std::string& to) {
  to += '\'';
  for (char const c : lexeme) {
    if (c == '\'' || c == '\\') to += c;
    to += c;
  }
  to += '\'';
}

// Text up to a NUL byte, which is taken, too.
std::string_view take_lexeme(binary_reader& in, std::string_view whole) noexcept {
  std::string_view const left = whole.substr(in.position(), in.left());
  std::size_t const size = left.find('\0');
  if (size == left.npos) return in.fail(), std::string_view();
  return in.take(size + 1).substr(0, size);
}

// ---- tsvector -------------------------------------------------------------------------------------------------------

void append_positions(binary_reader& in, std::string& to) {
  constexpr std::uint16_t position_mask = 0x3fff;
  auto const count = in.take<std::uint16_t>();
  int last = -1;
  for (unsigned i = 0; i < count && !in.failed(); ++i) {
    std::size_t const at = in.position();
    auto const entry = in.take<std::uint16_t>();
    int const position = entry & position_mask;
    if (position <= last) in.fail_at(at);
    last = position;
    to += i == 0 ? ':' : ',';
    to += std::to_string(position);
    if (int const weight = entry >> 14; weight != 0) to += " CBA"[weight];
  }
}

// ---- tsquery --------------------------------------------------------------------------------------------------------

enum class query_operator : std::uint8_t { lexeme = 0, negation = 1, conjunction = 2, disjunction = 3, phrase = 4 };

struct query_node {
  query_operator is = query_operator::lexeme;
  std::uint16_t distance = 0;
  std::uint8_t weights = 0;
  bool prefix = false;
  std::string_view lexeme;
  std::size_t end = 0;  // the node behind all that is below this one

  /// How tightly it binds; what binds less tightly than what is around it stands in parentheses.
  int priority() const noexcept {
    switch (is) {
      case query_operator::disjunction: return 1;
      case query_operator::conjunction: return 2;
      case query_operator::phrase: return 3;
      default: return 4;
    }
  }
};

query_node take_node(binary_reader& in, std::string_view whole) noexcept {
  constexpr std::uint16_t max_distance = 0x4000;
  constexpr std::uint8_t all_weights = 0x0f;
  query_node made;
  std::size_t at = in.position();
  auto const kind = in.take<std::uint8_t>();
  if (kind == 1) {
    at = in.position();
    made.weights = in.take<std::uint8_t>();
    if (made.weights > all_weights) in.fail_at(at);
    at = in.position();
    auto const prefix = in.take<std::uint8_t>();
    if (prefix > 1) in.fail_at(at);
    made.prefix = prefix == 1;
    made.lexeme = take_lexeme(in, whole);
  } else if (kind == 2) {
    at = in.position();
    auto const code = in.take<std::uint8_t>();
    if (code < 1 || code > 4) in.fail_at(at);
    made.is = static_cast<query_operator>(code);
    at = in.position();
    if (made.is == query_operator::phrase) made.distance = in.take<std::uint16_t>();
    if (made.distance > max_distance) in.fail_at(at);
  } else {
    in.fail_at(at);
  }
  return made;
}

// Finds where each subtree ends. Whether the nodes are one tree is known at its end: an operand that is missing would
// be behind the last node.
bool find_ends(std::vector<query_node>& nodes) {
  std::vector<std::size_t> ends;  // of the subtrees that have no parent yet, the first one last
  for (std::size_t i = nodes.size(); i-- > 0;) {
    query_node& node = nodes[i];
    std::size_t const operands = node.is == query_operator::lexeme ? 0 : node.is == query_operator::negation ? 1 : 2;
    if (ends.size() < operands) return false;
    node.end = operands == 0 ? i + 1 : ends[ends.size() - operands];
    ends.resize(ends.size() - operands);
    ends.push_back(node.end);
  }
  return ends.size() <= 1;
}

void append_operand(query_node const& node, std::string& to) {
  append_lexeme(node.lexeme, to);
  if (!node.prefix && node.weights == 0) return;
  to += ':';
  if (node.prefix) to += '*';
  for (int i = 3; i >= 0; --i) {
    if ((node.weights >> i & 1) != 0) to += "DCBA"[i];
  }
}

void append_operator(query_node const& node, std::string& to) {
  switch (node.is) {
    case query_operator::disjunction: to += " | "; break;
    case query_operator::conjunction: to += " & "; break;
    case query_operator::phrase:
      to += node.distance == 1 ? " <-> " : " <" + std::to_string(node.distance) + "> ";
      break;
    default: break;
  }
}

// Without recursion: a query of many words is as deep as they are many.
std::string text_of_query(std::vector<query_node> const& nodes) {
  enum class task : std::uint8_t { subtree, right_of_phrase, sign, closing };
  struct step {
    task what;
    std::size_t node;
    int around;  // the priority of the operator around it
  };
  std::string text;
  std::vector<step> steps;
  if (!nodes.empty()) steps.push_back({task::subtree, 0, 0});
  while (!steps.empty()) {
    step const next = steps.back();
    steps.pop_back();
    query_node const& node = nodes[next.node];
    if (next.what == task::sign) {
      append_operator(node, text);
    } else if (next.what == task::closing) {
      text += " )";
    } else if (node.is == query_operator::lexeme) {
      append_operand(node, text);
    } else {
      int const priority = node.priority();
      bool const right = next.what == task::right_of_phrase && node.is == query_operator::phrase;
      if (priority < next.around || right) {
        text += "( ";
        steps.push_back({task::closing, next.node, 0});
      }
      std::size_t const first = next.node + 1;
      if (node.is == query_operator::negation) {
        text += '!';
        steps.push_back({task::subtree, first, priority});
      } else {
        bool const phrase = node.is == query_operator::phrase;
        steps.push_back({phrase ? task::right_of_phrase : task::subtree, first, priority});
        steps.push_back({task::sign, next.node, 0});
        steps.push_back({task::subtree, nodes[first].end, priority});
      }
    }
  }
  return text;
}

}  // namespace

protocol::expected<tsvector> from_binary<tsvector>::parse(std::string_view bytes, oid) {
  binary_reader in(bytes);
  std::string text;
  auto const count = in.take<std::int32_t>();
  if (count < 0) in.fail_at(0);
  for (std::int32_t i = 0; i < count && !in.failed(); ++i) {
    if (i != 0) text += ' ';
    append_lexeme(take_lexeme(in, bytes), text);
    append_positions(in, text);
  }
  if (auto const error = in.finish(); error.code) return error;
  return tsvector(std::move(text));
}

protocol::expected<tsquery> from_binary<tsquery>::parse(std::string_view bytes, oid) {
  binary_reader in(bytes);
  std::vector<query_node> nodes;
  auto const count = in.take<std::int32_t>();
  if (count < 0) in.fail_at(0);
  for (std::int32_t i = 0; i < count && !in.failed(); ++i) nodes.push_back(take_node(in, bytes));
  if (auto const error = in.finish(); error.code) return error;
  if (!find_ends(nodes)) return protocol::parse_error{types::errc::malformed_binary, 0};
  return tsquery(text_of_query(nodes));
}

}  // namespace tusk
