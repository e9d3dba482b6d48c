// A value whose type is known when the program runs: what a field holds, whatever that is.
//
//   row.at(0) ─► value: NULL, or a T ─► get<T>(), get_if<T>(), visit<A, B, C>(f), ==, <<, an argument
//
// As an argument it is what it holds. One that was read from a column is of that column's type, NULL too, so that what
// was read goes back as what it was: a jsonb as a jsonb, where a string would have no type.
//
// A value is immutable. What is small stands in it, what is large is shared: copies are cheap, and may be read from any
// thread.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <new>
#include <ostream>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <tusk/types/adapt_context.hpp>
#include <tusk/types/argument.hpp>
#include <tusk/types/builtin.hpp>
#include <tusk/types/language.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/printed.hpp>
#include <tusk/types/registry.hpp>

namespace tusk {

/// See the top of this file. Empty, it is NULL.
class value {
 public:
  /// NULL.
  value() noexcept = default;

  /// A value of type `T`, copied or moved in.
  template <class T>
  requires(!std::same_as<std::remove_cvref_t<T>, value> &&
           std::copy_constructible<std::decay_t<T>>) explicit value(T&& held)
      : ops_(&table<std::decay_t<T>>) {
    using type = std::decay_t<T>;
    if constexpr (is_small<type>())
      ::new (static_cast<void*>(small_)) type(std::forward<T>(held));
    else
      held_ = std::make_shared<type const>(std::forward<T>(held));
  }

  /// The same of a value as one of the SQL type `type`, see of_type().
  template <class T>
  requires std::copy_constructible<std::decay_t<T>> value(T&& held, tusk::oid type) : value(std::forward<T>(held)) {
    type_ = type;
  }

  /// The same value as one of the SQL type `type`, as it is of a column; 0 leaves the type to the adapter.
  value of_type(tusk::oid type) const& { return value(*this).of_type(type); }
  value of_type(tusk::oid type) && {
    type_ = type;
    return std::move(*this);
  }
  /// The SQL type that was said, or 0.
  tusk::oid sql_type() const noexcept { return type_; }

  bool is_null() const noexcept { return ops_ == nullptr; }

  /// The type of what is held; `void` for NULL.
  std::type_info const& type() const noexcept { return ops_ == nullptr ? typeid(void) : *ops_->type; }

  template <class T>
  bool holds() const noexcept {
    return ops_ != nullptr && (ops_ == &table<T> || *ops_->type == typeid(T));
  }

  /// What is held if it is exactly a `T`, else null. Lives as long as this value.
  template <class T>
  T const* get_if() const noexcept {
    return holds<T>() ? static_cast<T const*>(place()) : nullptr;
  }

  /// What is held. Throws programming_error that names both types if it is no `T`, or NULL.
  template <class T>
  T const& get() const {
    if (T const* const found = get_if<T>()) return *found;
    throw_not_a(typeid(T));
  }

  /// Calls `f` with what is held if it is one of the types; says whether it was.
  template <class... Ts, class F>
  bool visit(F&& f) const {
    return (visit_one<Ts>(f) || ...);
  }

  /// Both NULL, or equal values of one type. Values of a type without `==` are equal only to their copies.
  friend bool operator==(value const& a, value const& b) {
    if (a.ops_ == nullptr || b.ops_ == nullptr) return a.ops_ == b.ops_;
    return *a.ops_->type == *b.ops_->type && a.ops_->equal(a.place(), b.place());
  }

  /// The value as text: `NULL`, a bool as true or false, what `<<` of its type prints, else what its adapter writes
  /// (`{1,2}` for a vector), else the name of its type in brackets.
  friend std::ostream& operator<<(std::ostream& out, value const& shown) {
    shown.print(out);
    return out;
  }
  std::string to_string() const;

 private:
  struct operations {
    std::type_info const* type;
    bool is_small;
    bool (*equal)(void const*, void const*);
    void (*print)(std::ostream&, void const*);
    types::written (*write)(void const*, types::text_buffer&, adapt_context const&, bool);
  };

  // A container says that it can be compared, whether its elements can or not.
  template <class T>
  static constexpr bool comparable() {
    if constexpr (requires { typename T::value_type; }) {
      if constexpr (!std::same_as<typename T::value_type, T>)
        return std::equality_comparable<T> && comparable<typename T::value_type>();
    }
    return std::equality_comparable<T>;
  }

  /// Whether it stands in the value. What cannot be compared does not: only copies of one such value are equal.
  template <class T>
  static constexpr bool is_small() {
    if constexpr (std::is_trivially_copyable_v<T> && sizeof(T) <= small_size && alignof(T) <= alignof(void*))
      return comparable<T>();
    else
      return false;
  }
  void const* place() const noexcept { return ops_->is_small ? small_ : held_.get(); }

  template <class T>
  static bool equal(void const* a, void const* b) {
    if constexpr (comparable<T>()) {
      return *static_cast<T const*>(a) == *static_cast<T const*>(b);
    } else {
      return a == b;
    }
  }

  template <class T>
  static void print_one(std::ostream& out, T const& shown) {
    if constexpr (types::printable<T>) {
      types::print(out, shown);
    } else {
      print_name(out, typeid(T));
    }
  }

  template <class T>
  static types::written write_one(void const* held, types::text_buffer& to, adapt_context const& context, bool plain) {
    using type = types::adapted<T>;
    if constexpr (argument<type>) {
      return types::write_argument<type>(*static_cast<T const*>(held), to, context, plain);
    } else {
      types::throw_not_adapted(typeid(T));
    }
  }

  template <class T>
  static inline operations const table{
      &typeid(T), is_small<T>(), &equal<T>,
      [](std::ostream& out, void const* held) { print_one(out, *static_cast<T const*>(held)); }, &write_one<T>};

  template <class T, class F>
  bool visit_one(F& f) const {
    T const* const found = get_if<T>();
    if (found != nullptr) f(*found);
    return found != nullptr;
  }

  void print(std::ostream& out) const;
  static void print_name(std::ostream& out, std::type_info const& type);
  [[noreturn]] void throw_not_a(std::type_info const& wanted) const;

  friend struct adapter<value>;

  static constexpr std::size_t small_size = 16;

  std::shared_ptr<void const> held_;  // null if it is small
  alignas(void*) unsigned char small_[small_size] = {};
  operations const* ops_ = nullptr;
  tusk::oid type_ = 0;
};

/// By the adapter of what is held, as the type of the column that it was read from. What is held may have no adapter,
/// which is a programming_error.
template <>
struct adapter<value> {
  static bool is_null(value const& value) noexcept { return value.is_null(); }
  static types::written write(value const& value, types::text_buffer& to, adapt_context const& context, bool plain);
};

namespace types {

/// A type's name for people, such as "std::vector<int>".
std::string type_text(std::type_info const& type);

}  // namespace types
}  // namespace tusk
