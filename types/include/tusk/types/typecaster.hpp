// Typecasters: SQL's text into C++ values, by functions that are given while the program runs.
//
//   new_type<point>({600}, "POINT", fn) ─► typecaster ─► register_type(...): everywhere, or for one connection
//   new_array_type<point>({1017}, "POINT[]", POINT)
//   a result is made ─► each column's caster is looked up by its OID ─► row.get<point>(i), row.at(i) call fn
//
// The look-up is done once a column, when the result is made: rows that are there already keep theirs, and a result can
// be read after its connection is gone and on any thread. Of two casters for one OID the one registered last counts.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include <tusk/types/array.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/value.hpp>

namespace tusk {

/// What a typecaster may ask about the field. Views into the result: valid during the call.
struct cast_context {
  oid type = 0;                      ///< of the column
  std::int32_t modifier = -1;        ///< what the type makes of it (length, precision); -1: none
  std::string_view column = {};      ///< its name
  std::string_view date_style = {};  ///< the session's settings that change text, as the server reported them
  std::string_view interval_style = {};
  std::string_view time_zone = {};
  bool is_binary = false;  ///< what is given is the binary form, see typecaster::with_binary
  char delimiter = ',';    ///< between elements, if the column is an array of a type that load_types() found
};

/// A function that reads the text of certain types. Cheap to copy, immutable.
class typecaster {
 public:
  /// The types it is for.
  std::span<oid const> oids() const noexcept { return state_->oids; }
  std::string const& name() const noexcept { return state_->name; }
  /// The type of the values that `cast` gives; it may give others to `cast_to`.
  std::type_info const& yields() const noexcept { return *state_->functions.front().type; }

  /// The same typecaster, which also takes the binary form: its function is given that where cast_context::is_binary
  /// says so. Where what it gives is asked for before the statement runs (query_rows<T...> and its like) columns of its
  /// types come in binary then, unless connect_options::format is text; rows of a BINARY cursor are read by it, too.
  /// Without this they come as text, and a column that is binary all the same is an error.
  ///
  ///     tusk::register_type(tusk::new_type<point>({600}, "POINT", [](auto field, tusk::cast_context const& in) {
  ///       return !field ? std::nullopt : std::optional(in.is_binary ? from_bytes(*field) : from_text(*field));
  ///     }).with_binary());
  typecaster with_binary() const {
    state made = *state_;
    made.takes_binary = true;
    return typecaster(std::make_shared<state const>(std::move(made)));
  }
  bool takes_binary() const noexcept { return state_->takes_binary; }

  /// Calls it; NULL gives what the function gives for it. Throws what the function throws.
  value cast(std::optional<std::string_view> text, cast_context const& context) const {
    return state_->to_value(*state_, text, context);
  }

  /// Whether it gives values of type `T`; `cast_to<T>` may be called then.
  template <class T>
  bool gives() const noexcept {
    return state_->find(typeid(T)) != nullptr;
  }
  template <class T>
  std::optional<T> cast_to(std::optional<std::string_view> text, cast_context const& context) const {
    return (*static_cast<function<T> const*>(state_->find(typeid(T))))(text, context);
  }

 private:
  template <class T>
  using function = std::function<std::optional<T>(std::optional<std::string_view>, cast_context const&)>;

  struct state {
    struct one {
      std::type_info const* type;
      std::shared_ptr<void const> call;  // a function<T> for that type
    };
    std::vector<oid> oids;
    std::string name;
    value (*to_value)(state const&, std::optional<std::string_view>, cast_context const&);  // by the first of them
    std::vector<one> functions;
    bool takes_binary = false;

    void const* find(std::type_info const& type) const noexcept {
      for (one const& each : functions)
        if (*each.type == type) return each.call.get();
      return nullptr;
    }
  };

  explicit typecaster(std::shared_ptr<state const> made) noexcept : state_(std::move(made)) {}

  template <class T>
  static value to_value(state const& of, std::optional<std::string_view> text, cast_context const& context) {
    std::optional<T> given = (*static_cast<function<T> const*>(of.functions.front().call.get()))(text, context);
    return given ? value(*std::move(given)) : value();
  }

  /// One that gives each of these types, by one function a type.
  template <class First, class... More>
  static typecaster make(std::vector<oid> oids, std::string name, function<First> first, function<More>... more) {
    return typecaster(
        std::make_shared<state>(state{std::move(oids),
                                      std::move(name),
                                      &to_value<First>,
                                      {{&typeid(First), std::make_shared<function<First> const>(std::move(first))},
                                       {&typeid(More), std::make_shared<function<More> const>(std::move(more))}...},
                                      false}));
  }

  template <class T, class F>
  friend typecaster new_type(std::vector<oid>, std::string, F);
  template <class T>
  friend typecaster new_array_type(std::vector<oid>, std::string, typecaster const&);

  std::shared_ptr<state const> state_;
};

namespace types {
/// Throws programming_error unless there is an OID and none is 0.
void require_oids(std::span<oid const> oids, std::string_view name);
[[noreturn]] void throw_other_base(std::string_view name, typecaster const& base, std::type_info const& wanted);
/// Throws data_error.
[[noreturn]] void throw_array_error(std::error_code code, std::size_t position);

/// The elements of an array, each as `cast` gives it.
template <class Cast>
auto read_array(std::string_view text, char delimiter, Cast const& cast) {
  array_reader reader(text, delimiter);
  std::vector<decltype(cast(std::nullopt))> all;
  while (reader.next()) all.push_back(cast(reader.is_null() ? std::nullopt : std::optional(reader.element().text)));
  if (auto const& error = reader.error()) throw_array_error(error->code, error->position);
  return array(reader.shape(), std::move(all));
}

/// The elements of an array of one dimension, or none.
template <class T>
std::vector<T> plain(array<T>&& from) {
  if (from.dimensions().size() > 1) throw_array_error(errc::wrong_dimensions, 0);
  return std::move(from).elements();
}
}  // namespace types

/// A typecaster that gives values of type `T`, for the types `oids`. `fn` takes `std::optional<std::string_view>`, the
/// field's text (nothing for NULL), and `cast_context const&`, and returns `std::optional<T>`, nothing meaning NULL.
/// What it throws comes out of `row.get`; it may be called from several threads at once. Throws programming_error if
/// `oids` is empty or holds 0.
template <class T, class F>
typecaster new_type(std::vector<oid> oids, std::string name, F fn) {
  static_assert(std::is_invocable_r_v<std::optional<T>, F const&, std::optional<std::string_view>, cast_context const&>,
                "tusk: a typecaster's function takes (std::optional<std::string_view>, tusk::cast_context const&) and "
                "returns std::optional<T>");
  static_assert(!std::is_same_v<T, std::string_view> && !std::is_pointer_v<T>,
                "tusk: a typecaster's values own what they hold: a view or a pointer would dangle");
  types::require_oids(oids, name);
  return typecaster::make<T>(std::move(oids), std::move(name), typecaster::function<T>(std::move(fn)));
}

/// A typecaster for arrays, the types `oids`, whose elements `base` reads; it has to give a `T`. It gives
/// `array<std::optional<T>>`, and where there is one dimension at most also `std::vector<std::optional<T>>`, and
/// `std::vector<T>` if no element is NULL. Elements are told to `base` with the context of the column, and the first of
/// base's OIDs as their type, always as text; of an array that is malformed, or is not as asked for, data_error is
/// thrown.
template <class T>
typecaster new_array_type(std::vector<oid> oids, std::string name, typecaster const& base) {
  using elements = array<std::optional<T>>;
  types::require_oids(oids, name);
  if (!base.gives<T>()) types::throw_other_base(name, base, typeid(T));
  auto const read = [base](std::string_view text, cast_context context) {
    context.type = base.oids()[0];
    char const delimiter = is_user_defined(context.type) ? context.delimiter : types::delimiter_of(context.type);
    return types::read_array(
        text, delimiter, [&](std::optional<std::string_view> element) { return base.cast_to<T>(element, context); });
  };
  return typecaster::make<elements, std::vector<std::optional<T>>, std::vector<T>>(
      std::move(oids), std::move(name),
      [read](std::optional<std::string_view> text, cast_context const& context) -> std::optional<elements> {
        if (!text) return std::nullopt;
        return read(*text, context);
      },
      [read](auto text, auto const& context) -> std::optional<std::vector<std::optional<T>>> {
        if (!text) return std::nullopt;
        return types::plain(read(*text, context));
      },
      [read](auto text, auto const& context) -> std::optional<std::vector<T>> {
        if (!text) return std::nullopt;
        std::vector<T> all;
        for (std::optional<T>& each : types::plain(read(*text, context))) {
          if (!each) types::throw_array_error(types::errc::null_element, 0);
          all.push_back(*std::move(each));
        }
        return all;
      });
}

/// Registers a typecaster for every connection of the process; results that are there already keep what they have.
/// Any thread.
void register_type(typecaster const& caster);

namespace types {

using caster_map = std::map<oid, typecaster>;

/// The casters that are registered everywhere: a snapshot that never changes.
std::shared_ptr<caster_map const> global_casters();
/// Goes up with each registration; a snapshot that was taken after it is read is at least that new. Looked at for each
/// result, hence no function.
inline constinit std::atomic<std::uint64_t> global_casters_version = 0;

}  // namespace types
}  // namespace tusk
