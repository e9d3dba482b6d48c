// The elements of an executemany, one after another, each as a set of arguments.
//
//   params, a tuple or pair of arguments, an aggregate without an adapter (its members are the arguments), or the one
//   argument
#pragma once

#include <cstddef>
#include <iterator>
#include <ranges>
#include <tuple>
#include <tusk/types/aggregate.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/params.hpp>
#include <utility>
#include <vector>

namespace tusk::detail {

template <class T>
inline constexpr bool is_tuple = false;
template <class... T>
inline constexpr bool is_tuple<std::tuple<T...>> = true;
template <class First, class Second>
inline constexpr bool is_tuple<std::pair<First, Second>> = true;

/// Throws the exception that is being handled; if it is about an argument, with the element that this is of.
[[noreturn]] void rethrow_with_element(std::size_t number);

/// The arguments that an element is, into an empty object; gives those, or the element itself where that is params.
template <class Element>
params const& arguments_of(Element const& each, adapter_registry const* registry, params& into) {
  auto const add_all = [&](auto const&... args) { into.add_all(registry, args...); };
  if constexpr (std::same_as<Element, params>)
    return each;
  else if constexpr (is_tuple<Element>)
    std::apply(add_all, each);
  else if constexpr (types::aggregate<Element> && !argument<Element>)
    std::apply(add_all, types::members(each));
  else
    add_all(each);
  return into;
}

/// Elements of any kind. One thread at a time.
class element_source {
 public:
  element_source() = default;
  element_source(element_source const&) = delete;
  element_source& operator=(element_source const&) = delete;
  virtual ~element_source() = default;

  /// The next one; null: there is none. It lives until the next call. Throws what the range and adapters throw.
  virtual params const* next() = 0;

  /// How many rows all of them touched, set when that is known.
  std::uint64_t rows = 0;
};

/// Those of a range, which has to live as long.
template <class Range>
class range_elements final : public element_source {
 public:
  range_elements(Range& of, adapter_registry const* registry)
      : registry_(registry), at_(std::ranges::begin(of)), end_(std::ranges::end(of)) {}

  params const* next() override {
    if (std::exchange(begun_, true) && at_ != end_) ++at_;
    if (at_ == end_) return nullptr;
    into_.clear();
    auto&& each = *at_;
    if constexpr (std::same_as<std::remove_cvref_t<decltype(each)>, params>) {
      // What the range makes when it is asked does not live long enough.
      if constexpr (std::is_lvalue_reference_v<decltype(*at_)>)
        return &each.require_bindable();
      else
        into_ = std::move(each);
    } else {
      arguments_of(each, registry_, into_);
    }
    return &into_.require_bindable();
  }

 private:
  adapter_registry const* registry_;
  std::ranges::iterator_t<Range> at_;
  std::ranges::sentinel_t<Range> end_;
  bool begun_ = false;
  params into_;
};

/// Those that were gathered.
class kept_elements final : public element_source {
 public:
  /// All that there are. Throws what next() throws, with the element's number.
  explicit kept_elements(element_source& from) {
    for (;;) {
      try {
        auto const* const each = from.next();
        if (each == nullptr) return;
        all_.push_back(*each);
      } catch (error const&) {
        rethrow_with_element(all_.size());
      }
    }
  }
  params const* next() override { return at_ == all_.size() ? nullptr : &all_[at_++]; }

 private:
  std::vector<params> all_;
  std::size_t at_ = 0;
};

}  // namespace tusk::detail
