// Whole rows as C++ values.
//
//   std::tuple, std::pair   columns by position, as many as elements
//   an aggregate            columns by the names of its members; each member needs its column, other columns are left
//                           out
//   by_position<aggregate>  columns by position, as many as members
//   anything else           the one column there is
//
// A result of one column whose type is read as T itself, by a typecaster or a parser, gives that: a composite value as
// its aggregate. What is looked up by name is looked up once a result.
#pragma once

#include <array>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <tusk/result.hpp>
#include <tusk/types/aggregate.hpp>
#include <tusk/types/format.hpp>
#include <tusk/types/params.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace tusk {

/// Says that an aggregate's members are the columns in order, whatever their names: `rows<by_position<item>>()`.
template <types::aggregate T>
struct by_position {
  by_position() = delete;  // a name for a way of reading: there are no values of it
};

namespace detail {

[[noreturn]] void throw_column_count(std::size_t columns, std::size_t wanted, char const* type);
[[noreturn]] void throw_row_count(std::size_t rows, bool or_none = false);
/// The column of each member. Throws programming_error that lists what has no partner.
void match_members(result_state const& in, std::span<std::string_view const> names, std::span<std::size_t> columns,
                   char const* type);

template <class T>
using members_of = decltype(types::members(std::declval<T&>()));

/// Whether a T has views into the row it was read from.
template <class T>
inline constexpr bool holds_view = is_view<T>;
template <class... Elements>
inline constexpr bool holds_view<std::tuple<Elements...>> = (holds_view<Elements> || ...);
template <class First, class Second>
inline constexpr bool holds_view<std::pair<First, Second>> = holds_view<First> || holds_view<Second>;
template <types::aggregate T>
inline constexpr bool holds_view<T> = holds_view<decltype([]<class... M>(std::tuple<M&...>*) {
  return std::tuple<std::remove_const_t<M>...>();
}(static_cast<members_of<T>*>(nullptr)))>;
template <class T>
inline constexpr bool holds_view<by_position<T>> = holds_view<T>;

/// Whether the one column of a result is a T by itself.
template <class T>
bool is_whole(result_state const& in) {
  if constexpr (!holds_view<T>) {  // a part of a field may be a copy without its quotes, which does not last
    if (in.columns->infos->size() != 1) return false;
    if constexpr (castable<T>) {
      auto const& casters = in.columns->casters;
      if (!casters.empty() && casters[0] && casters[0]->template gives<T>()) return true;
    }
    if constexpr (readable<T>) return from_text<T>::reads(in.columns->types[0]);
  }
  return false;
}

/// See types::result_choice. A typecaster that gives a T takes what it says; one that does not is in the way of binary,
/// as it would be asked first.
template <class T>
bool asks_for_binary(oid type, format how, typecaster const* caster) {
  if (caster == nullptr) return types::asks_for_binary<T>(type, how);
  return how != format::text && !is_view<T> && caster->takes_binary() &&
         caster->gives<typename types::optional_value<T>::type>();
}
template <class... T>
inline constexpr types::result_choice::question questions[] = {&asks_for_binary<T>...};

/// Reads a field of a column that was found when the mapper was made: its number is not checked for each row again.
struct known_column {
  template <class T>
  [[gnu::always_inline]] static T read(row const& from, std::size_t column) {
    return from.read<T>(column);
  }
};

/// Makes rows of one result into values. `choice`: what its columns are to be read as.
template <class T>
class mapper {
 public:
  using type = T;
  static constexpr types::result_choice choice{questions<T>};
  explicit mapper(result_state const& in) {
    if (in.columns->infos->size() != 1) throw_column_count(in.columns->infos->size(), 1, type_text<T>());
  }
  T operator()(row const& from) const { return known_column::read<T>(from, 0); }
};

/// Elements by position: what tuples and by_position share.
template <class T, class... Elements>
class positional_mapper {
 public:
  using type = T;
  static constexpr types::result_choice choice{questions<Elements...>};
  explicit positional_mapper(result_state const& in) : whole_(is_whole<T>(in)) {
    if (!whole_ && in.columns->infos->size() != sizeof...(Elements))
      throw_column_count(in.columns->infos->size(), sizeof...(Elements), type_text<T>());
  }
  T operator()(row const& from) const {
    if constexpr (!holds_view<T>) {
      if (whole_) [[unlikely]]
        return from.get<T>(0);
    }
    return [&from]<std::size_t... I>(std::index_sequence<I...>) {
      return T{known_column::read<Elements>(from, I)...};  // braces: from left to right
    }
    (std::index_sequence_for<Elements...>());
  }

 private:
  bool whole_;
};

template <class... Elements>
class mapper<std::tuple<Elements...>> : public positional_mapper<std::tuple<Elements...>, Elements...> {
 public:
  using mapper::positional_mapper::positional_mapper;
};

template <class First, class Second>
class mapper<std::pair<First, Second>> : public positional_mapper<std::pair<First, Second>, First, Second> {
 public:
  using mapper::positional_mapper::positional_mapper;
};

template <class T, class Members>
struct positional_of;
template <class T, class... Members>
struct positional_of<T, std::tuple<Members&...>> {
  using type = positional_mapper<T, Members...>;
};

template <class T>
class mapper<by_position<T>> : public positional_of<T, members_of<T>>::type {
 public:
  explicit mapper(result_state const& in) : positional_of<T, members_of<T>>::type(in) {}
};

template <class Members>
struct questions_of;
template <class... Members>
struct questions_of<std::tuple<Members&...>> {
  static constexpr auto const& all = questions<std::remove_const_t<Members>...>;
};

template <types::aggregate T>
class mapper<T> {
  static constexpr auto names = types::member_names<T>();

 public:
  using type = T;
  static constexpr types::result_choice choice{questions_of<members_of<T>>::all, names};
  explicit mapper(result_state const& in) : whole_(is_whole<T>(in)) {
    if (!whole_) match_members(in, names, columns_, type_text<T>());
  }
  T operator()(row const& from) const {
    if constexpr (!holds_view<T>) {
      if (whole_) [[unlikely]]
        return from.get<T>(0);
    }
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return T{known_column::read<std::remove_cvref_t<std::tuple_element_t<I, members_of<T>>>>(from, columns_[I])...};
    }
    (std::make_index_sequence<types::member_count<T>>());
  }

 private:
  std::array<std::size_t, types::member_count<T>> columns_{};
  bool whole_;
};

template <class T>
constexpr void require_owning() noexcept {
  static_assert(
      !holds_view<T>,
      "tusk: a std::string_view would dangle here, because the result is a temporary. Ask for std::string, or "
      "keep the result in a variable first.");
}

}  // namespace detail

/// The rows of a result as values of one type, made as they are walked. It shares the result, so a loop over the rows
/// of a temporary is fine; views in them live as long as it.
template <class T>
class mapped_rows {
 public:
  explicit mapped_rows(std::shared_ptr<detail::result_state const> in) : in_(std::move(in)), map_(*in_) {}
  mapped_rows(mapped_rows const&) = default;
  mapped_rows& operator=(mapped_rows const&) = default;
  mapped_rows(mapped_rows&& other) noexcept
      : in_(std::exchange(other.in_, detail::no_state())), map_(std::move(other.map_)) {}
  mapped_rows& operator=(mapped_rows&& other) noexcept {
    if (this == &other) return *this;
    in_ = std::exchange(other.in_, detail::no_state());
    map_ = std::move(other.map_);
    return *this;
  }

  class iterator {
   public:
    using value_type = detail::mapped<T>;
    using reference = value_type;
    using pointer = void;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;
    iterator(mapped_rows const& rows, protocol::row_set::iterator at) noexcept : rows_(&rows), at_(at) {}
    /// Throws what row::get throws.
    value_type operator*() const { return rows_->map_(row(*rows_->in_, *at_)); }
    iterator& operator++() noexcept {
      ++at_;
      return *this;
    }
    void operator++(int) noexcept { ++at_; }
    friend bool operator==(iterator const& a, iterator const& b) noexcept { return a.at_ == b.at_; }

   private:
    mapped_rows const* rows_ = nullptr;
    protocol::row_set::iterator at_;
  };

  iterator begin() const& noexcept { return {*this, in_->rows.begin()}; }
  iterator end() const& noexcept { return {*this, in_->rows.end()}; }
  iterator begin() const&& = delete;  // it would not outlive this
  iterator end() const&& = delete;
  std::size_t size() const noexcept { return in_->rows.size(); }
  /// The columns of the result; lives as long as this.
  std::span<column_info const> columns() const noexcept { return *in_->columns->infos; }

 private:
  std::shared_ptr<detail::result_state const> in_;
  detail::mapper<T> map_;
};

template <class T>
detail::mapped<T> row::as() const {
  return detail::mapper<T>(*in_)(*this);
}

template <class T>
detail::mapped<T> owned_row::as() const {
  detail::require_owning<T>();
  return row_.template as<T>();
}

template <class T, class... More>
auto result::rows() const {
  if constexpr (sizeof...(More) == 0)
    return mapped_rows<T>(state_);
  else
    return mapped_rows<std::tuple<T, More...>>(state_);
}

template <class T>
std::vector<detail::mapped<T>> result::as() const& {
  mapped_rows<T> const from(state_);
  std::vector<detail::mapped<T>> made;
  made.reserve(from.size());
  for (auto&& each : from) made.push_back(std::forward<decltype(each)>(each));
  return made;
}

template <class T>
std::vector<detail::mapped<T>> result::as() && {
  detail::require_owning<T>();
  return std::as_const(*this).template as<T>();
}

template <class T>
detail::mapped<T> result::one() const& {
  if (size() != 1) detail::throw_row_count(size());
  return (*this)[0].template as<T>();
}

template <class T>
detail::mapped<T> result::one() && {
  detail::require_owning<T>();
  return std::as_const(*this).template one<T>();
}

namespace detail {

template <class... T>
struct row_type {
  using type = std::tuple<T...>;
};
template <class T>
struct row_type<T> {
  using type = T;
};
/// What a whole row is read as: the one type, or a tuple of several.
template <class... T>
requires(sizeof...(T) != 0) using row_of = typename row_type<T...>::type;

/// The arguments of a statement whose columns will be read as `choice` says. Arguments that were gathered beforehand
/// are not copied for it: all columns come as text then.
template <class... Args>
decltype(auto) bound_for([[maybe_unused]] types::result_choice const& choice, types::binding const& to,
                         Args const&... args) {
  if constexpr ((std::is_same_v<std::remove_cvref_t<Args>, params> || ...)) {
    return params::bound(to, args...);
  } else {
    params bound = params::bound(to, args...);
    bound.ask_for(&choice);
    return bound;
  }
}
/// The same of a statement whose rows are read as T..., or as rows if there are none.
template <class... T, class... Args>
decltype(auto) bound_for_rows(types::binding const& to, Args const&... args) {
  if constexpr (sizeof...(T) == 0)
    return params::bound(to, args...);
  else
    return bound_for(mapper<row_of<T...>>::choice, to, args...);
}

template <class T>
std::optional<mapped<T>> optional_row(result const& from) {
  require_owning<T>();
  auto const rows = from.rows<T>();  // that the columns go together with T is checked even if there is no row
  if (rows.size() > 1) throw_row_count(rows.size(), true);
  if (rows.size() == 0) return {};
  return *rows.begin();
}

template <class T>
T only_value(result const& from) {
  require_owning<T>();
  if (from.columns().size() != 1) throw_column_count(from.columns().size(), 1, type_text<T>());
  if (from.size() != 1) throw_row_count(from.size());
  return from[0].get<T>(0);
}

}  // namespace detail
}  // namespace tusk
