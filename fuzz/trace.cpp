// Both directions of a connection, as a tracer sees them.
//
// Input: a byte that says how the parts are cut and, by its lowest bit, where the tracer joins (0: at the start); then
// parts, each with a byte for the direction (F: the client's, P: the client's password message with these bytes in
// front of the password, else the server's), two bytes for its size, and its bytes. Seeds have the readable form of
// support/bytes.hpp.
//
// Checked: the lines are the same however the parts are cut; a line begins with a direction, a length and a name; a
// password that stands in a password message is in no line; and what the tracer holds is bounded by what it was given.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tusk/protocol/trace.hpp>
#include <vector>

#include "support/exact_buffer.hpp"
#include "support/fuzz_input.hpp"
#include "support/heap_bytes.hpp"

using namespace tusk::protocol;

namespace {

constexpr std::string_view password = "\x02Se5ame\x03", shown_if_told = "Se5ame";
constexpr limits limit{.max_message = 1 << 20};

struct part {
  bool from_client;
  std::string bytes;
};

std::string password_message(std::string_view before) {
  std::string result = "p____" + std::string(before.substr(0, 1000)) + std::string(password) + '\0';
  store_big_endian(result.data() + 1, static_cast<std::uint32_t>(result.size() - 1));
  return result;
}

std::vector<part> take_parts(std::string_view input) {
  std::vector<part> parts;
  while (input.size() >= 3) {
    char const who = input[0];
    std::size_t const size = std::min<std::size_t>(load_big_endian<std::uint16_t>(input.data() + 1), input.size() - 3);
    std::string const bytes(input.substr(3, size));
    parts.push_back({who == 'F' || who == 'P', who == 'P' ? password_message(bytes) : bytes});
    input.remove_prefix(3 + size);
  }
  return parts;
}

std::vector<std::string> lines_of(std::vector<part> const& parts, trace_from from, unsigned how) {
  std::vector<std::string> lines;
  tracer trace([&lines](std::string_view line) { lines.emplace_back(line); }, limit, from);
  unsigned state = how;
  for (part const& each : parts) {
    for (std::string_view rest = each.bytes; !rest.empty();) {
      state = state * 1'103'515'245 + 12345;
      std::size_t const size =
          how == 0 ? rest.size() : std::min<std::size_t>(rest.size(), 1 + (state >> 16) % (how % 16 + 1));
      tusk::test::exact_buffer const bytes(rest.substr(0, size));
      each.from_client ? trace.frontend(bytes.view()) : trace.backend(bytes.view());
      rest.remove_prefix(size);
    }
  }
  return lines;
}

void check_line(std::string_view line) {
  FUZZ_CHECK(line.starts_with("F\t") || line.starts_with("B\t"));
  auto const end = line.find_first_not_of("0123456789", 2);
  FUZZ_CHECK(end != line.npos && end > 2 && line[end] == '\t' && line.size() > end + 1);
  FUZZ_CHECK(line[end + 1] >= 'A' && line[end + 1] <= 'Z');
}

std::size_t occurrences(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(shown_if_told, at)) != text.npos; ++at) ++count;
  return count;
}

/// Whether the password stands nowhere else, and the client's bytes are whole messages from the first to the last
/// password, so that what was planted as a password message is one.
bool is_framed(std::vector<part> const& parts, bool typed) {
  std::string stream, answers;
  std::vector<std::size_t> planted;
  for (part const& each : parts) {
    if (!each.from_client) answers += each.bytes;
    if (!each.from_client) continue;
    if (each.bytes.starts_with('p') && each.bytes.find(password) != each.bytes.npos) planted.push_back(stream.size());
    stream += each.bytes;
  }
  if (occurrences(answers) != 0 || occurrences(stream) != planted.size()) return false;
  std::size_t at = 0;
  std::size_t next = 0;
  while (at < stream.size() && next < planted.size()) {
    if (at > planted[next]) return false;
    if (typed && at == planted[next]) ++next;
    std::size_t const head = typed ? 1 : 0;
    if (stream.size() - at < head + 4) return false;
    std::size_t const length = load_big_endian<std::uint32_t>(stream.data() + at + head);
    if (length < 4 || length > stream.size()) return false;
    if (!typed) {
      if (length < 8 || stream.size() - at < 8) return false;
      auto const code = load_big_endian<std::int32_t>(stream.data() + at + 4);
      typed = code != ssl_request::code && code != gssenc_request::code && code != cancel_request::code;
    }
    at += head + length;
  }
  return next == planted.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const input = tusk::test::fuzz_input(data, size);
  if (input.empty()) return 0;
  auto const how = static_cast<unsigned char>(input[0]);
  auto const from = how % 2 == 0 ? trace_from::startup : trace_from::session;
  auto const parts = take_parts(std::string_view(input).substr(1));

  auto const whole = lines_of(parts, from, 0);
  FUZZ_CHECK(lines_of(parts, from, 1 + how) == whole);
  bool const framed = is_framed(parts, from == trace_from::session);
  for (auto const& line : whole) {
    check_line(line);
    FUZZ_CHECK(!framed || line.find(shown_if_told) == line.npos);
  }

  std::size_t given = 0;
  for (part const& each : parts) given += each.bytes.size();
  tusk::test::heap_watch const heap;
  tracer trace([](std::string_view) {}, limit, from);
  for (part const& each : parts) each.from_client ? trace.frontend(each.bytes) : trace.backend(each.bytes);
  // A line takes four bytes a byte of its message, and some more for its numbers; buffers double.
  FUZZ_CHECK(heap.growth() <= 64 * 1024 + 32 * given);
  return 0;
}
