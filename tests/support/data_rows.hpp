// Rows as values, as the bytes of DataRow, and as what a row_set gives.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <tusk/protocol/backend.hpp>
#include <tusk/protocol/row_set.hpp>
#include <vector>

namespace tusk::test {

using row_values = std::vector<std::optional<std::string>>;

inline std::string data_row_of(row_values const& values) {
  protocol::list_storage<protocol::field_value> fields;
  for (auto const& each : values) fields.add(each ? protocol::field_value(*each) : std::nullopt);
  protocol::data_row message;
  message.values = fields;
  protocol::byte_buffer out;
  EXPECT_EQ(encode(out, message), std::error_code());
  return std::string(out.view());
}

inline std::optional<std::string> value_of(protocol::field_bytes const& field) {
  if (field.is_null()) {
    EXPECT_EQ(field.text(), "");
    return {};
  }
  return std::string(field.text());
}

/// A row's fields in an order: forwards, backwards, from both ends.
inline row_values read(protocol::row_fields const& fields, int order) {
  row_values result(fields.size());
  unsigned const n = fields.size();
  for (unsigned i = 0; i < n; ++i) {
    unsigned const at = order == 0 ? i : order == 1 ? n - 1 - i : i % 2 == 0 ? i / 2 : n - 1 - i / 2;
    result[at] = value_of(fields[at]);
  }
  return result;
}

inline void expect_rows(protocol::row_set const& rows, std::vector<row_values> const& expected, std::uint16_t columns) {
  ASSERT_EQ(rows.size(), expected.size());
  EXPECT_EQ(rows.columns(), columns);
  std::size_t number = 0;
  for (auto it = rows.begin(); it != rows.end(); ++it, ++number) {
    ASSERT_EQ(read(*it, 0), expected[number]) << "iteration, row " << number;
    ASSERT_EQ((*it).message(), rows[number].message());
  }
  EXPECT_EQ(number, expected.size());
  std::mt19937 random(3);
  for (std::size_t i = 0; i < std::min<std::size_t>(columns > 100 ? 3 : 300, expected.size()); ++i) {
    std::size_t const at = random() % expected.size();
    int const order = static_cast<int>(i % 3);
    ASSERT_EQ(read(rows[at], order), expected[at]) << "random access, row " << at;
    ASSERT_EQ(rows[at].message(), data_row_of(expected[at]));
  }
  // Steps of every size, there and back.
  auto const begin = rows.begin(), end = rows.end();
  ASSERT_EQ(static_cast<std::size_t>(end - begin), expected.size());
  auto walked = begin;
  for (int i = 0; i < 300 && !expected.empty(); ++i) {
    auto const to = static_cast<std::ptrdiff_t>(random() % (expected.size() + 1));
    walked += to - (walked - begin);
    ASSERT_EQ(walked - begin, to);
    ASSERT_EQ(walked == end, to == end - begin);
    ASSERT_EQ(end - walked, (end - begin) - to);
    if (walked != end) {
      ASSERT_EQ((*walked).message(), rows[static_cast<std::size_t>(to)].message());
    }
    if (to == 0) continue;
    ASSERT_EQ((*--walked).message(), rows[static_cast<std::size_t>(to) - 1].message());
    ASSERT_LT(walked, begin + to);
    ASSERT_EQ(++walked, begin + to);
  }
  // From the middle on, and with steps between two looks.
  auto skipping = rows.begin();
  for (number = 0; number < expected.size(); ++number, ++skipping) {
    if (number % 7 != 3) continue;
    ASSERT_EQ(read(*skipping, 0), expected[number]) << "every seventh row, " << number;
  }
}

}  // namespace tusk::test
