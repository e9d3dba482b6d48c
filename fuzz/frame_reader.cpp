// A stream of messages, and any cut of it.
//
// Input: a byte that says whose stream it is (s: a server's, S: a server's after authentication, c: a client's), a byte
// that says how it is cut, then the stream. Seeds have the readable form of support/bytes.hpp.
//
// Checked: however the stream is cut, the same messages come out, and the same error ends it; the buffer never exceeds
// max(64 KiB, twice what has arrived); and rows that are taken in one go are those that decode as rows one by one.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tusk/protocol/backend.hpp>
#include <tusk/protocol/frame_reader.hpp>
#include <tusk/protocol/row_set.hpp>

#include "support/fuzz_input.hpp"
#include "support/gathering.hpp"
#include "support/streams.hpp"

using namespace tusk::protocol;

namespace {

constexpr limits limit{.max_message = 1 << 20};

frame_reader make_reader(char whose) {
  frame_reader reader(whose == 'c' ? peer::client : peer::server, limit);
  if (whose == 'S') reader.authenticated();
  return reader;
}

/// Sizes of reads from a byte: always the same, or ever others.
auto sizes(unsigned how) {
  return [how, state = how]() mutable -> std::size_t {
    if (how % 2 == 0) return 1 + how / 2;
    state = state * 1'103'515'245 + 12345;
    return 1 + (state >> 16) % (how < 128 ? 9 : 3000);
  };
}

bool is_row(tusk::test::owned_frame const& each, std::uint16_t columns) {
  if (each.type != 'D') return false;
  auto const row = decode<data_row>(each.body);
  return row && row->values.size() == columns;
}

void check_rows(std::string_view stream, tusk::test::reading const& whole, unsigned how) {
  auto const columns = static_cast<std::uint16_t>(how % 4);
  tusk::test::gathering gathered(columns, limit);
  gathered.feed(stream, 1 + how);
  auto const rows = gathered.finish();
  FUZZ_CHECK(gathered.reader.error() == whole.error);
  std::size_t row = 0, other = 0;
  for (auto const& each : whole.frames) {
    if (is_row(each, columns)) {
      FUZZ_CHECK(row < rows.size());
      FUZZ_CHECK(rows[row].message().substr(5) == each.body);
      unsigned field = 0;
      auto const decoded = decode<data_row>(each.body);
      for (field_value const& value : decoded->values) {
        field_bytes const bytes = rows[row][field++];
        FUZZ_CHECK(value ? !bytes.is_null() && bytes.text() == *value : bytes.is_null());
      }
      ++row;
    } else {
      FUZZ_CHECK(other < gathered.others.size() && gathered.others[other] == each);
      ++other;
    }
  }
  FUZZ_CHECK(row == rows.size() && other == gathered.others.size());
  std::size_t walked = 0;
  for (row_fields const each : rows) FUZZ_CHECK(each.message() == rows[walked++].message());
  FUZZ_CHECK(walked == rows.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const input = tusk::test::fuzz_input(data, size);
  if (input.size() < 2) return 0;
  char const whose = input[0];
  auto const how = static_cast<unsigned char>(input[1]);
  auto const stream = std::string_view(input).substr(2);

  auto const whole = tusk::test::read_in_pieces(make_reader(whose), stream, [&] { return stream.size(); });
  auto const cut = tusk::test::read_in_pieces(make_reader(whose), stream, sizes(how));
  FUZZ_CHECK(cut.frames == whole.frames);
  FUZZ_CHECK(cut.end == whole.end && cut.error == whole.error);
  FUZZ_CHECK(whole.error != errc{} || cut.left == whole.left);
  FUZZ_CHECK(whole.largest_excess == 0 && cut.largest_excess == 0);
  FUZZ_CHECK((whole.end == frame_status::invalid) == (whole.error != errc{}));
  if (whose == 'S') check_rows(stream, whole, how);
  return 0;
}
