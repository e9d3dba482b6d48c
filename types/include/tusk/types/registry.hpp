// Adapters that are registered when the program runs: a function for each C++ type, which gives another value that can
// be an argument.
//
//   point ─► function registered for point ─► as_is, std::string, ... ─► its adapter ─► text or SQL
//
// There is one global registry; a connection may have one of its own, which is asked first. That one also has the types
// that load_types() found.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <type_traits>
#include <typeindex>
#include <typeinfo>
#include <unordered_map>
#include <utility>

#include <tusk/types/adapt_context.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/small_buffer.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {

class adapter_registry;

namespace types {

/// What was written of an argument.
enum class shape : unsigned char {
  null,  ///< nothing
  text,  ///< the text of a value, of the type that is said: may be bound
  sql,   ///< a part of a statement
};

/// See `write_argument`.
struct written {
  shape as = shape::null;
  argument_type type = {};
};

/// Appends what the adapter of `T` writes, and says what that is, as long as the context lives. Its registry, if it has
/// one, is asked before the global one. `plain`: for text that a user composes, see `adapt`.
template <argument T>
written write_argument(T const& value, text_buffer& to, adapt_context const& context, bool plain = false);

/// The same by what is registered for `type`. Nothing is: programming_error "can't adapt type 'X'".
written write_registered(std::type_info const& type, void const* value, text_buffer& to, adapt_context const& context,
                         bool plain);

/// Throws the programming_error "can't adapt type 'X'".
[[noreturn]] void throw_not_adapted(std::type_info const& type);

}  // namespace types

/// Functions that adapt values of types that are marked with `tusk::registered`.
///
/// Any thread may register and look up at any time; a function is called without a lock, so it has to bear calls from
/// several threads itself. A value that is being adapted keeps the function that was registered when it began.
class adapter_registry {
 public:
  adapter_registry() = default;
  adapter_registry(adapter_registry const&) = delete;
  adapter_registry& operator=(adapter_registry const&) = delete;

  /// Registers `adapt`, called with a `T const&`; what it returns is adapted in turn. A type that is registered already
  /// gets the new function. What `adapt` throws comes out of the call that was given the value. Functions that lead to
  /// each other in a circle, or more than 100 deep, are a programming_error there.
  template <class T, class Function>
  void add(Function adapt) {
    using given = std::remove_cvref_t<std::invoke_result_t<Function const&, T const&>>;
    static_assert(registrable<T>, "tusk: declare template <> struct tusk::adapter<T> : tusk::registered {};");
    static_assert(!std::is_same_v<given, T>, "tusk: this function gives what it is given; it has to give another type");
    types::require_adapter<types::adapted<given>>();
    set(typeid(T), [adapt = std::move(adapt)](void const* value, types::text_buffer& to, adapt_context const& context,
                                              bool plain) {
      return types::write_argument<types::adapted<given>>(adapt(*static_cast<T const*>(value)), to, context, plain);
    });
  }

  /// The types of the connection's database, as load_types() found them last; null before. A snapshot.
  std::shared_ptr<loaded_types const> types() const;
  void set_types(std::shared_ptr<loaded_types const> found);

  /// The registry that serves every connection.
  static adapter_registry& global();

 private:
  friend types::written types::write_registered(std::type_info const&, void const*, types::text_buffer&,
                                                adapt_context const&, bool);

  using function = std::function<types::written(void const*, types::text_buffer&, adapt_context const&, bool)>;

  void set(std::type_index type, function adapt);
  std::shared_ptr<function const> find(std::type_index type) const;  // null if there is none

  std::mutex mutable mutex_;
  std::unordered_map<std::type_index, std::shared_ptr<function const>> functions_;
  std::shared_ptr<loaded_types const> types_;
};

/// Registers a function that adapts values of `T`, for every connection; see `adapter_registry::add`.
///
///     template <> struct tusk::adapter<point> : tusk::registered {};
///     tusk::register_adapter<point>([](point const& p) { return tusk::as_is("..."); });
template <class T, class Function>
void register_adapter(Function adapt) {
  adapter_registry::global().add<T>(std::move(adapt));
}

}  // namespace tusk
