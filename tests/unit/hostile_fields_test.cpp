// Every message of every family with each of its integers replaced, and cut at every byte: an error, or a message that
// encodes back to those very bytes; never a crash, and (with a sanitizer) never a byte read outside.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <tusk/protocol/wire.hpp>
#include <variant>
#include <vector>

#include "support/backend_samples.hpp"
#include "support/exact_buffer.hpp"
#include "support/frontend_samples.hpp"
#include "support/replication_samples.hpp"

namespace tusk::protocol {
namespace {

/// A message, without what stands before its body.
struct target {
  std::string name;
  std::string body;
  test::field_map map;
  bool coded;  // its first integer tells which message it is
  /// Decodes a body and encodes what comes out; nothing if it is refused.
  std::function<std::optional<std::string>(std::string_view)> round_trip;

  friend std::ostream& operator<<(std::ostream& out, target const& row) { return out << row.name; }
};

template <class Any>
std::optional<std::string> body_of(expected<Any> const& decoded) {
  if (!decoded) return {};
  bool const typed = std::visit([](auto const& each) { return each.type != '\0'; }, *decoded);
  return test::encoded(*decoded).substr(typed ? 5 : 4);
}

template <class Any>
target make(std::string const& family, test::sample<Any> const& row,
            std::function<expected<Any>(std::string_view)> decode_any) {
  bool const typed = std::visit([](auto const& each) { return each.type != '\0'; }, row.message);
  auto const map = std::visit([](auto const& each) { return test::map_of(each); }, row.message);
  bool const coded = std::visit(
      []<class Message>(Message const&) {
        return requires { Message::code; };
      },
      row.message);
  return {family + '_' + std::string(row.name), test::bytes(row.bytes).substr(typed ? 5 : 4), map, coded,
          [decode_any](std::string_view body) { return body_of(decode_any(body)); }};
}

std::vector<target> targets() {
  std::vector<target> result;
  for (auto const& row : test::backend_samples()) {
    char const type = test::bytes(row.bytes)[0];
    result.push_back(
        make<backend_message>("backend", row, [type](std::string_view body) { return decode_backend(type, body); }));
  }
  for (auto const& row : test::frontend_samples()) {
    char const type = std::visit([](auto const& each) { return each.type; }, row.message);
    auto const kind = test::kind_of_password(row.message);
    result.push_back(make<frontend_message>(
        "frontend", row, [type, kind](std::string_view body) { return decode_frontend(type, body, kind); }));
  }
  for (auto const& row : test::payloads_from_server())
    result.push_back(make<copy_payload_from_server>("replication", row, decode_from_server));
  for (auto const& row : test::payloads_from_client())
    result.push_back(make<copy_payload_from_client>("replication", row, decode_from_client));
  return result;
}

// ---- integers ------------------------------------------------------------------------------------------------------

std::uint64_t load(std::string_view body, test::integer_place const& at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < at.width; ++i) value = value << 8 | static_cast<unsigned char>(body[at.offset + i]);
  return value;
}

std::string with(std::string body, test::integer_place const& at, std::uint64_t value) {
  for (std::size_t i = at.width; i-- > 0; value >>= 8) body[at.offset + i] = static_cast<char>(value & 0xff);
  return body;
}

/// The values that have hurt, as a field of that width holds them.
std::vector<std::uint64_t> hostile_values(std::string_view body, test::integer_place const& at) {
  std::uint64_t const mask = std::numeric_limits<std::uint64_t>::max() >> (64 - 8 * at.width);
  std::uint64_t const n = load(body, at), max = mask >> 1, min = max + 1;
  std::uint64_t const left = body.size() - at.offset - at.width;
  std::vector<std::uint64_t> values{min, mask - 1, mask, 0, 1, n - 1, n, n + 1, max, left, left + 1};
  for (auto& each : values) each &= mask;
  return values;
}

class HostileField : public testing::TestWithParam<target> {};

TEST_P(HostileField, IsAnErrorOrWhatItSays) {
  auto const& [name, body, map, coded, round_trip] = GetParam();
  for (auto const& at : map.integers()) {
    std::uint64_t const n = load(body, at), null = 0xffff'ffff;
    for (std::uint64_t const value : hostile_values(body, at)) {
      std::string const changed = with(body, at, value);
      test::exact_buffer const exact(changed);
      auto const result = round_trip(exact.view());
      SCOPED_TRACE("value " + std::to_string(value) + " at " + std::to_string(at.offset));
      if (result) {
        EXPECT_EQ(test::readable(*result), test::readable(changed));
      }
      bool const ends_list = at.width == 1 && value == 0;  // the code of an error's field
      bool const empty_or_null = (n == 0 && value == null) || (n == null && value == 0);
      switch (at.role) {
        case test::integer_role::value:
          if (!(coded && at.offset == 0) && !ends_list) {
            EXPECT_TRUE(result);
          }
          break;
        case test::integer_role::enumerator: break;  // the tables of malformed messages have these
        case test::integer_role::count: EXPECT_EQ(result.has_value(), value == n); break;
        case test::integer_role::length: EXPECT_EQ(result.has_value(), value == n || empty_or_null); break;
      }
    }
  }
}

// ---- cuts ----------------------------------------------------------------------------------------------------------

TEST_P(HostileField, CutAtEveryByteIsAnError) {
  auto const& [name, body, map, coded, round_trip] = GetParam();
  for (std::size_t size = 0; size < body.size(); ++size) {
    test::exact_buffer const cut(std::string_view(body).substr(0, size));
    auto const result = round_trip(cut.view());
    bool const in_free_end = map.free_end() && size >= *map.free_end();
    EXPECT_EQ(result.has_value(), in_free_end) << "cut to " << size;
    if (result) {
      EXPECT_EQ(*result, cut.view());
    }
  }
}

TEST_P(HostileField, OneByteMoreIsAnError) {
  auto const& [name, body, map, coded, round_trip] = GetParam();
  for (char const byte : {'\0', '\1', 'x', '\xff'}) {
    test::exact_buffer const longer(body + byte);
    EXPECT_EQ(round_trip(longer.view()).has_value(), map.free_end().has_value());
  }
}

INSTANTIATE_TEST_SUITE_P(, HostileField, testing::ValuesIn(targets()), test::name_of_row);

}  // namespace
}  // namespace tusk::protocol
