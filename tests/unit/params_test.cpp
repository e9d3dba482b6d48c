// The arguments of a statement: their bytes, their types, their limits.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tusk/types/errc.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/params.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace tusk {
namespace {

using namespace std::string_view_literals;

struct picky {
  bool throws;
};

}  // namespace

template <>
struct adapter<picky> {
  static constexpr tusk::oid oid = tusk::oids::text;
  static void text(picky const& value, text_writer& out) {
    out << "half";
    if (value.throws) throw std::runtime_error("picky");
    out << " and half";
  }
};

namespace {

static_assert(std::is_nothrow_move_constructible_v<params> && std::is_copy_constructible_v<params>);
static_assert(!std::is_convertible_v<int, params>);

std::vector<oid> types_of(params const& args) { return {args.types().begin(), args.types().end()}; }

TEST(params, are_in_the_wires_form) {
  params const args(1, "it's", true, std::nullopt, std::optional<short>(-7), std::vector{std::byte{0xab}}, ""sv, 0.5);
  EXPECT_EQ(args.count(), 8u);
  EXPECT_EQ(types_of(args),
            (std::vector<oid>{oids::int4, 0, oids::bool_, 0, oids::int2, oids::bytea, 0, oids::float8}));
  EXPECT_EQ(args.wire(),
            "\0\0\0\1"
            "1"
            "\0\0\0\4it's"
            "\0\0\0\1t"
            "\xff\xff\xff\xff"
            "\0\0\0\2-7"
            "\0\0\0\4\\xab"
            "\0\0\0\0"
            "\0\0\0\3"
            "0.5"sv);
}

TEST(params, may_be_none) {
  params const args;
  EXPECT_TRUE(args.empty());
  EXPECT_EQ(args.count(), 0u);
  EXPECT_EQ(args.wire(), "");
  EXPECT_TRUE(args.types().empty());
}

TEST(params, can_be_added_one_by_one) {
  params args;
  args.add(1).add("two"sv).add(nullptr);
  EXPECT_EQ(args.wire(), params(1, "two", std::nullopt).wire());
}

TEST(params, lengths_take_all_four_bytes) {
  params const args(std::string(0x01020304, 'x'));
  EXPECT_EQ(args.wire().substr(0, 5), "\1\2\3\4x"sv);
  EXPECT_EQ(args.wire().size(), 4u + 0x01020304u);
}

TEST(params, grow_copy_and_move) {
  for (std::size_t count : {0u, 1u, 3u, 16u, 17u, 100u}) {
    params args;
    std::string expected;
    for (std::size_t i = 0; i < count; ++i) {
      args.add(std::string(i, 'a'));
      expected += std::string("\0\0\0", 3) + static_cast<char>(i) + std::string(i, 'a');
    }
    params copy = args;
    params moved = std::move(args);
    EXPECT_EQ(copy.wire(), expected);
    EXPECT_EQ(moved.wire(), expected);
    EXPECT_EQ(moved.count(), count);
    EXPECT_TRUE(args.empty() && args.wire().empty());  // NOLINT(bugprone-use-after-move): defined: empty
    args.add(1);
    EXPECT_EQ(args.wire(), params(1).wire());
    args = copy;
    copy = std::move(moved);
    EXPECT_EQ(args.wire(), expected);
    EXPECT_EQ(copy.wire(), expected);
    params& self = copy;
    copy = std::move(self);
    EXPECT_EQ(copy.wire(), expected);
    copy = self;
    EXPECT_EQ(copy.wire(), expected);
    EXPECT_EQ(types_of(copy), std::vector<oid>(count, 0));
  }
}

TEST(params, are_as_before_if_a_value_cannot_be_written) {
  params args(1);
  std::string const before(args.wire());
  EXPECT_THROW(args.add("nul\0inside"sv), data_error);
  EXPECT_THROW(args.add("\xff"), data_error);
  EXPECT_THROW(args.add(picky{true}), std::runtime_error);
  EXPECT_EQ(args.wire(), before);
  EXPECT_EQ(args.count(), 1u);
  args.add(picky{false});
  EXPECT_EQ(args.wire(), params(1, "half and half").wire());
}

TEST(params, have_each_byte_of_a_text_checked) {
  auto const taken = [](std::string_view text) {
    std::vector<char> const exact(text.begin(), text.end());  // so that a byte read past its end is seen
    try {
      params const args(std::string_view(exact.data(), exact.size()));
      EXPECT_EQ(args.wire().substr(4), text);
      return true;
    } catch (data_error const&) {
      return false;
    }
  };
  for (std::size_t size = 0; size < 140; ++size) {
    std::string text(size, 'x');
    EXPECT_TRUE(taken(text));
    for (std::size_t at = 0; at < size; ++at) {
      for (char const odd : {'\0', '\x80', '\xff'}) {
        text[at] = odd;
        EXPECT_FALSE(taken(text)) << size << " bytes, at " << at;
      }
      for (char const plain : {'\1', '\x7f', 'x'}) {
        text[at] = plain;
        EXPECT_TRUE(taken(text)) << size << " bytes, at " << at;
      }
      if (at + 1 == size) continue;
      EXPECT_TRUE(taken(std::string(text).replace(at, 2, "\xc3\xa9"))) << size << " bytes, at " << at;
      EXPECT_FALSE(taken(std::string(text).replace(at, 2, "\0\1"sv))) << size << " bytes, at " << at;
    }
  }
}

TEST(params, are_at_most_65535) {
  params args;
  for (std::size_t i = 0; i < params::max_count; ++i) args.add(nullptr);
  EXPECT_EQ(args.count(), 65'535u);
  try {
    args.add(nullptr);
    ADD_FAILURE();
  } catch (programming_error const& e) {
    EXPECT_EQ(e.code(), types::errc::too_many_parameters);
  }
  EXPECT_EQ(args.count(), 65'535u);
  EXPECT_EQ(args.wire().size(), 4u * 65'535u);
}

// The sizes are refused before a byte is read, so memory that was never touched will do.
TEST(params, are_below_1_gib_together) {
  constexpr std::size_t limit = types::text_buffer::max_size;
  struct freed {
    void operator()(void* p) const { std::free(p); }
  };
  std::unique_ptr<void, freed> const memory(std::malloc(limit + 1));
  if (!memory) GTEST_SKIP() << "not enough address space";
  auto const* bytes = static_cast<std::byte const*>(memory.get());
  auto const refused = [](params& args, auto const& value) {
    try {
      args.add(value);
      return false;
    } catch (data_error const& e) {
      return e.code() == types::errc::too_large;
    }
  };
  params args(1);
  std::string const before(args.wire());
  EXPECT_TRUE(refused(args, std::string_view(static_cast<char const*>(memory.get()), limit + 1)));
  EXPECT_TRUE(refused(args, std::string_view(static_cast<char const*>(memory.get()), limit - 8)));  // with 9 before it
  EXPECT_TRUE(refused(args, std::span(bytes, limit / 2 + 1)));                                      // twice as hex
  EXPECT_TRUE(refused(args, std::span(bytes, limit + 1)));
  EXPECT_EQ(args.wire(), before);
  EXPECT_EQ(args.count(), 1u);
}

}  // namespace
}  // namespace tusk
