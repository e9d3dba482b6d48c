// The elements of a range as arguments of a statement: what executemany and execute_values are given.
//
//   params                            as they are
//   a tuple or pair                   its elements, in order
//   an aggregate without an adapter   its members, in order
//   anything else                     the one argument
#pragma once

#include <concepts>
#include <cstdint>
#include <ranges>
#include <tuple>
#include <tusk/types/aggregate.hpp>
#include <tusk/types/params.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace tusk::detail {

template <class T>
inline constexpr bool is_tuple = false;
template <class... T>
inline constexpr bool is_tuple<std::tuple<T...>> = true;
template <class First, class Second>
inline constexpr bool is_tuple<std::pair<First, Second>> = true;

/// The arguments of one element after the other.
class element_source {
 public:
  element_source() = default;
  element_source(element_source const&) = delete;
  element_source& operator=(element_source const&) = delete;
  virtual ~element_source() = default;

  /// Those of the next element, until the next call; null: there is none. Throws what an adapter or the range throws.
  virtual params const* next() = 0;

  /// What became of them, once that is known: how many rows they touched.
  std::uint64_t rows = 0;
};

/// Those of a range, which is walked once.
template <std::ranges::input_range Range>
class elements_of final : public element_source {
 public:
  /// To be merged. `registry`: asked for adapters first; may be null.
  elements_of(Range& range, adapter_registry const* registry)
      : elements_of(range, types::binding{registry, format::text}) {}
  /// To be bound.
  elements_of(Range& range, types::binding const& to)
      : to_(to), at_(std::ranges::begin(range)), end_(std::ranges::end(range)) {}

  params const* next() override {
    if (std::exchange(begun_, true)) ++at_;
    if (at_ == end_) return nullptr;
    return &arguments_of(*at_);
  }

 private:
  template <class Element>
  params const& arguments_of(Element&& element) {
    using type = std::remove_cvref_t<Element>;
    if constexpr (std::same_as<type, params> && std::is_lvalue_reference_v<Element>)
      return element;
    else if constexpr (std::same_as<type, params>)
      made_ = std::forward<Element>(element);
    else if constexpr (is_tuple<type>)
      spread(element);
    else if constexpr (types::aggregate<type> && !argument<type>)
      spread(types::members(element));
    else if constexpr (std::same_as<type, std::vector<bool>::reference>)
      assign(bool{element});
    else
      assign(element);
    return made_;
  }
  template <class Tuple>
  void spread(Tuple const& tuple) {
    std::apply([this](auto const&... each) { this->assign(each...); }, tuple);
  }
  template <class... Args>
  void assign(Args const&... args) {
    if (to_.how == format::text)
      made_.assign(to_.registry, args...);
    else
      made_.assign_bound(to_, args...);
  }

  types::binding to_;
  std::ranges::iterator_t<Range> at_;
  std::ranges::sentinel_t<Range> end_;
  params made_;
  bool begun_ = false;
};

}  // namespace tusk::detail
