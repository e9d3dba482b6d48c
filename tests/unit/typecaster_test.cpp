// Typecasters, as far as they need no connection.
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <tusk/types/error.hpp>
#include <tusk/types/typecaster.hpp>

#include "support/thrown.hpp"

namespace tusk {
namespace {

auto const length = [](std::optional<std::string_view> text, cast_context const&) -> std::optional<std::size_t> {
  if (!text) return std::nullopt;
  return text->size();
};

TEST(typecaster, gives_what_its_function_gives) {
  auto const caster = new_type<std::size_t>({25, 1043}, "LENGTH", length);
  EXPECT_EQ(caster.name(), "LENGTH");
  EXPECT_EQ(caster.oids().size(), 2u);
  EXPECT_TRUE(caster.yields() == typeid(std::size_t));
  EXPECT_TRUE(caster.gives<std::size_t>());
  EXPECT_FALSE(caster.gives<int>());
  EXPECT_EQ(caster.cast_to<std::size_t>("abc", {}), 3u);
  EXPECT_EQ(caster.cast("abc", {}), value(std::size_t{3}));
  EXPECT_TRUE(caster.cast(std::nullopt, {}).is_null());
}

TEST(typecaster, sees_the_context) {
  auto const caster =
      new_type<std::string>({25}, "CONTEXT", [](auto, cast_context const& c) -> std::optional<std::string> {
        return std::to_string(c.type) + ' ' + std::to_string(c.modifier) + ' ' + std::string(c.column) + ' ' +
               std::string(c.time_zone);
      });
  cast_context context{25, 7, "name"};
  context.time_zone = "UTC";
  EXPECT_EQ(caster.cast_to<std::string>("", context), "25 7 name UTC");
}

TEST(typecaster, may_give_a_value_for_null) {
  auto const caster =
      new_type<int>({23}, "ZERO", [](auto text, auto const&) -> std::optional<int> { return text ? 1 : 0; });
  EXPECT_EQ(caster.cast(std::nullopt, {}), value(0));
}

TEST(typecaster, what_the_function_throws_comes_out) {
  auto const caster =
      new_type<int>({23}, "BAD", [](auto, auto const&) -> std::optional<int> { throw std::out_of_range("mine"); });
  EXPECT_THROW(caster.cast("1", {}), std::out_of_range);
  EXPECT_THROW(caster.cast_to<int>("1", {}), std::out_of_range);
}

TEST(typecaster, without_oids_is_an_error) {
  EXPECT_CONTAINS("NONE", test::thrown<programming_error>([] { new_type<std::size_t>({}, "NONE", length); }).what());
  EXPECT_THROW(new_type<std::size_t>({25, 0}, "ZERO", length), programming_error);
}

TEST(typecaster, registered_last_counts) {
  constexpr oid unused = 4'000'000'001;  // that no server of the other tests has
  auto const answer = [](int number) {
    return new_type<int>({unused}, "ANSWER", [number](auto, auto const&) -> std::optional<int> { return number; });
  };
  auto const before = types::global_casters_version.load();
  register_type(answer(1));
  auto const first = types::global_casters();
  register_type(answer(2));
  EXPECT_EQ(types::global_casters_version.load(), before + 2);
  EXPECT_EQ(first->at(unused).cast_to<int>("", {}), 1) << "a snapshot stays as it is";
  EXPECT_EQ(types::global_casters()->at(unused).cast_to<int>("", {}), 2);
}

// ---- arrays ----

auto const arrays_of_lengths =
    new_array_type<std::size_t>({1009}, "LENGTHS", new_type<std::size_t>({25}, "LENGTH", length));

TEST(array_typecaster, reads_each_element_by_its_base) {
  using elements = array<std::optional<std::size_t>>;
  EXPECT_TRUE(arrays_of_lengths.yields() == typeid(elements));
  auto const all = arrays_of_lengths.cast_to<elements>(R"([0:1][1:2]={{a,"b,\"c"},{NULL,""}})", {});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->elements(), (std::vector<std::optional<std::size_t>>{1, 4, std::nullopt, 0}));
  EXPECT_EQ(all->at(0, 2), 4u);
  EXPECT_EQ(arrays_of_lengths.cast("{}", {}), value(elements()));
  EXPECT_TRUE(arrays_of_lengths.cast(std::nullopt, {}).is_null());
}

TEST(array_typecaster, gives_vectors_of_one_dimension) {
  EXPECT_EQ(arrays_of_lengths.cast_to<std::vector<std::size_t>>("{a,bc}", {}), (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(arrays_of_lengths.cast_to<std::vector<std::optional<std::size_t>>>("{a,NULL}", {}),
            (std::vector<std::optional<std::size_t>>{1, std::nullopt}));
  EXPECT_EQ(arrays_of_lengths.cast_to<std::vector<std::size_t>>("{}", {}), std::vector<std::size_t>());
  auto const vector_of = [](std::string_view text) {
    (void)arrays_of_lengths.cast_to<std::vector<std::size_t>>(text, {});
  };
  EXPECT_EQ(test::thrown<data_error>([&] { vector_of("{a,NULL}"); }).code(), types::errc::null_element);
  EXPECT_EQ(test::thrown<data_error>([&] { vector_of("{{a}}"); }).code(), types::errc::wrong_dimensions);
}

TEST(array_typecaster, refuses_what_is_no_array) {
  for (std::string_view const text : {"", "a", "{a", "{a}}", "{{a},{b,c}}", "[1:3]={a}"})
    EXPECT_THROW((void)arrays_of_lengths.cast(text, {}), data_error) << text;
}

TEST(array_typecaster, needs_a_base_that_gives_its_elements) {
  auto const told = test::thrown<programming_error>(
      [] { new_array_type<int>({1009}, "INTS", new_type<std::size_t>({25}, "LENGTH", length)); });
  EXPECT_CONTAINS("INTS", told.what());
  EXPECT_CONTAINS("LENGTH", told.what());
}

}  // namespace
}  // namespace tusk
