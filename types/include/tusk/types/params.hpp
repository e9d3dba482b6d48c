// The arguments of a statement, in the form in which the Bind message carries them; merging derives literals from it.
//
//   value ─► adapter<T> ─► wire: for each value an Int32, its length or -1 for NULL, then its text or its SQL
//                          types: its OID, 0 where the server infers it
//                          formats: text or binary, where one of them is binary; such can only be bound
//                          notes: a name, a type that has no OID, and that it is SQL; few arguments have one
//
// Source: PostgreSQL's documentation, "Message Formats", Bind.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tusk/protocol/limits.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/argument.hpp>
#include <tusk/types/binary_row.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/builtin.hpp>
#include <tusk/types/format.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/quoting.hpp>
#include <tusk/types/registry.hpp>
#include <tusk/types/small_buffer.hpp>

namespace tusk {

/// See `named`. `T` is a reference to the caller's value, or a value of its own.
template <class T>
class named_argument {
 public:
  named_argument(std::string_view name, T&& value) : name_(name), value_(std::forward<T>(value)) {}
  std::string_view name() const noexcept { return name_; }
  auto const& value() const noexcept { return value_; }

 private:
  std::string_view name_;
  T value_;
};

/// An argument for the placeholders `%(name)s`. The name, and a value that is itself given by name, are referred to:
/// they have to live until this is used; a temporary value is kept.
template <class T>
named_argument<T> named(std::string_view name, T&& value) {
  return {name, std::forward<T>(value)};
}

namespace types {

/// One of the arguments; views into them.
struct argument_view {
  std::string_view text;  ///< its text, or its SQL
  written how;
  std::string_view name;  ///< empty if it has none
};

template <class T>
inline constexpr bool holds_optional = false;
template <class T>
inline constexpr bool holds_optional<std::optional<T>> = true;
/// What an optional holds, else the type itself.
template <class T>
using optional_value = without_optional<T>;

/// How arguments are bound. Not as text only to a statement that is prepared with their types, and so each time that it
/// is prepared again: bytes that were meant for another type may be a value of the parameter's, a wrong one.
struct binding {
  adapter_registry const* registry;  ///< asked for adapters first; may be null
  tusk::format how = format::automatic;
};

}  // namespace types

/// Arguments of a statement, bound or merged; they are written when they are added, so nothing of the values need live
/// on. The first few, as long as they are short, need no heap.
///
///     params args(1, "it's", std::nullopt);
///     params more;
///     for (auto const& v : values) more.add(v);
///     params by_name(named("id", 1), named("name", "it's"));  // for merging alone
///
/// One object belongs to one thread at a time.
class params {
 public:
  static constexpr std::size_t max_count = protocol::max_parameters;

  params() noexcept = default;

  /// Arguments in order; the same as adding them one by one.
  template <class... Args>
  requires(sizeof...(Args) > 0 &&
           !(std::same_as<std::remove_cvref_t<Args>, params> || ...)) explicit params(Args const&... args) {
    (add(args), ...);
  }

  /// Adds an argument. `registry`, which may be null, is asked for adapters before the global one, and for the types
  /// that were loaded. Fails with
  /// programming_error if there are 65535 already, with data_error if all of them together would pass 1 GiB, and with
  /// what the adapter throws; nothing is added then.
  template <class T>
  params& add(T const& value, adapter_registry const* registry = nullptr) {
    return add_one(value, adapt_context(registry));
  }

  /// The same of a named one. An empty name is a programming_error.
  template <class T>
  params& add(named_argument<T> const& value, adapter_registry const* registry = nullptr) {
    return add_one(value, adapt_context(registry));
  }

  /// An object without any, for ever.
  static params const& none() noexcept;

  /// Arguments that were gathered before, as they are.
  static params const& of(adapter_registry const*, params const& args) noexcept { return args; }
  /// Arguments in order, with adapters of `registry` first, which may be null.
  template <class... Args>
  static params of([[maybe_unused]] adapter_registry const* registry, Args const&... args) {
    params made;
    adapt_context const context(registry);
    (made.add_one(args, context), ...);
    return made;
  }

  /// Arguments in order that are bound, in the binary form where that is asked for and understood. Throws as
  /// require_bindable(), too.
  static params const& bound(types::binding const&, params const& args) { return args.require_bindable(); }
  template <class... Args>
  static params bound([[maybe_unused]] types::binding const& to, Args const&... args) {
    params made;
    made.add_bound(to, args...);
    return made;
  }
  /// The same in place of all there are; the memory is used again.
  template <class... Args>
  void assign_bound(types::binding const& to, Args const&... args) {
    clear();
    add_bound(to, args...);
  }

  /// Replaces all by these, as `of` makes them; the memory is used again. Where it throws those before it may be left.
  template <class... Args>
  void assign(adapter_registry const* registry, Args const&... args) {
    clear();
    [[maybe_unused]] adapt_context const context(registry);
    (add_one(args, context), ...);
  }

  /// How many there are.
  std::size_t count() const noexcept { return types_.size(); }
  bool empty() const noexcept { return count() == 0; }

  /// The type of each; lives until the next change.
  std::span<oid const> types() const noexcept { return {types_.data(), types_.size()}; }

  /// All values as Bind carries them after their count; lives until the next change.
  std::string_view wire() const noexcept { return {wire_.data(), wire_.size()}; }

  /// The format of each, as Bind carries it; empty: all are text. Lives until the next change.
  std::string_view formats() const noexcept { return {formats_.data(), formats_.size()}; }
  bool is_binary(std::size_t index) const noexcept {
    return formats_.size() != 0 && formats_.data()[2 * index + 1] != 0;
  }

  /// What the columns of the statement's result will be read as, for the format that they are asked for in; null: text.
  types::result_choice const* results() const noexcept { return results_; }
  void ask_for(types::result_choice const* results) noexcept { results_ = results; }

  /// Throws programming_error, naming the argument, if one of them has a name or is SQL: such can only be merged.
  params const& require_bindable() const {
    if (!notes_.empty()) check_notes();
    return *this;
  }

  /// Whether none has a name, is SQL, or is of a type that is known by its name alone.
  bool are_plain() const noexcept { return notes_.empty(); }
  /// Whether one of them has a name.
  bool has_names() const noexcept { return !notes_.empty() && find_name(); }

  class reader;
  /// All of them in order; views that live until the next change.
  std::vector<types::argument_view> arguments() const;

 private:
  static constexpr std::size_t length_size = 4;

  // What the wire does not say of an argument.
  struct note {
    std::size_t index;  // of the argument
    types::written how;
    std::string name;
    std::string type_name;  // what how.type.name, which lives no longer than the context, was
  };

  template <class T>
  params& add_one(T const& value, adapt_context const& context) {
    return add_argument({}, value, context);
  }
  template <class T>
  params& add_one(named_argument<T> const& value, adapt_context const& context) {
    if (value.name().empty()) throw_unnamed();
    return add_argument(value.name(), value.value(), context);
  }

  template <class T>
  params& add_argument(std::string_view name, T const& value, adapt_context const& context) {
    using type = types::adapted<T>;
    types::require_adapter<type>();
    if constexpr (types::has_fixed_type<type>()) {
      if (name.empty()) [[likely]]
        return add_plain<type>(value);
    }
    if constexpr (argument<type>) {  // otherwise the one message is enough
      entry added(*this);
      added.finish(types::write_argument<type>(value, wire_, context), name);
    }
    return *this;
  }

  /// The same without a name, of a type that is known at compile time: most arguments.
  template <class T>
  params& add_plain(T const& value) {
    entry added(*this);
    bool const null = types::is_null<T>(value);
    if (!null) {
      text_writer out(wire_);
      adapter<T>::text(value, out);
    }
    added.finish(adapter<T>::oid, null);
    return *this;
  }

  void clear() noexcept {
    wire_.truncate(0);
    types_.truncate(0);
    formats_.truncate(0);
    notes_.clear();
  }
  template <class... Args>
  void add_bound(types::binding const& to, Args const&... args) {
    [[maybe_unused]] adapt_context const context(to.registry);
    // Where nothing prefers the binary form, there is mostly no question.
    bool const in_text = to.how == format::text || (to.how == format::automatic && !(prefer_binary<Args>() || ...));
    if (in_text)
      (add_one(args, context), ...);
    else
      (add_bound_one(args, to, context), ...);
    require_bindable();
  }
  template <class T>
  void add_bound_one(T const& value, types::binding const& to, adapt_context const& context) {
    using type = types::adapted<T>;
    if constexpr (types::holds_optional<type>) {
      if constexpr (binary_adaptable<typename type::value_type>)
        if (value) return add_bound_one(*value, to, context);
    } else if constexpr (binary_adaptable<type>) {
      if (to.how == format::binary || (to.how == format::automatic && types::prefers_binary<type>)) {
        argument_type how;
        if constexpr (types::has_fixed_type<type>())
          how.oid = adapter<type>::oid;
        else if (!types::is_null<type>(value))
          how = types::argument_type_of<type>(value, context);
        if (is_built_in(how)) return add_binary<type>(value, how.oid);
      }
    }
    if constexpr (adaptable<type> && !types::has_fixed_type<type>()) {
      if (to.how == format::binary && add_loaded<type>(value, context)) return;
    }
    add_one(value, context);
  }
  /// As a type that load_types() found, if that is known and has the form of a T.
  template <class T>
  bool add_loaded(T const& value, adapt_context const& context) {
    if (types::is_null<T>(value)) return false;  // its type is not asked for
    oid const type = types::argument_type_of<T>(value, context).oid;
    if (type < adapt_context::first_loaded || !types::writes_as<T>(type, context.types())) return false;
    entry added(*this);
    binary_writer out(wire_);
    types::write_as<T>(value, type, context.types(), out);
    added.finish(type, false, true);
    return true;
  }
  template <class T>
  static consteval bool prefer_binary() {
    using type = typename types::optional_value<types::adapted<T>>::type;
    if constexpr (binary_adaptable<type>)
      return types::prefers_binary<type>;
    else
      return false;
  }
  static bool is_built_in(argument_type const& how) noexcept {
    return how.oid != 0 && how.oid < adapt_context::first_loaded && how.name.empty();
  }
  template <class T>
  void add_binary(T const& value, oid type) {
    entry added(*this);
    bool const null = types::is_null<T>(value);
    if (!null) {
      binary_writer out(wire_);
      adapter<T>::binary(value, out);
    }
    added.finish(type, null, true);
  }

  // One value being written behind its length; taken back if it is not finished.
  class entry {
   public:
    explicit entry(params& to) : to_(to), start_(to.wire_.size()) {
      if (to.count() == max_count) throw_too_many();
      to.wire_.reserve(length_size);
      to.wire_.commit(length_size);
    }
    entry(entry const&) = delete;
    entry& operator=(entry const&) = delete;
    ~entry() {
      if (!finished_) to_.wire_.truncate(start_);
    }

    /// Without a note.
    void finish(oid type, bool null, bool binary = false) {
      std::size_t const size = to_.wire_.size() - start_ - length_size;  // below 2^30, as the buffer grants
      std::uint32_t const length = null ? 0xffff'ffff : static_cast<std::uint32_t>(size);
      auto const octet = [length](int i) { return static_cast<char>(length >> 8 * i & 0xff); };
      char const prefix[length_size] = {octet(3), octet(2), octet(1), octet(0)};
      std::memcpy(to_.wire_.data() + start_, prefix, length_size);
      if (binary || to_.formats_.size() != 0) to_.add_format(binary);
      to_.types_.push_back(type);
      finished_ = true;
    }
    void finish(types::written const& how, std::string_view name) {
      to_.types_.reserve(1);
      if (how.as == types::shape::sql || !how.type.name.empty() || !name.empty()) {
        to_.notes_.push_back({to_.count(), how, std::string(name), std::string(how.type.name)});
      }
      finish(how.type.oid, how.as == types::shape::null);
    }

   private:
    params& to_;
    std::size_t start_;
    bool finished_ = false;
  };

  void add_format(bool binary);
  [[noreturn]] static void throw_too_many();
  [[noreturn]] static void throw_unnamed();
  void check_notes() const;
  bool find_name() const noexcept;

  types::text_buffer wire_;
  types::small_buffer<oid, 16> types_;
  types::small_buffer<char, 16> formats_;  // two bytes an argument
  std::vector<note> notes_;                // in the order of the arguments
  types::result_choice const* results_ = nullptr;
};

/// Reads arguments in order. They must not change meanwhile. All members need a next one.
class params::reader {
 public:
  explicit reader(params const& of) noexcept
      : at_(of.wire_.data()), types_(of.types_.data()), note_(of.notes_.data()), last_note_(note_ + of.notes_.size()) {}

  /// Whether there is more to the next one than its text and type.
  bool has_note() const noexcept { return note_ != last_note_ && note_->index == index_; }
  /// The next one's text, or its SQL; nothing if it is NULL.
  std::optional<std::string_view> text() const noexcept {
    auto const octet = [this](int i) { return std::uint32_t{static_cast<unsigned char>(at_[i])}; };
    std::uint32_t const length = octet(0) << 24 | octet(1) << 16 | octet(2) << 8 | octet(3);
    if (length == 0xffff'ffff) return std::nullopt;
    return std::string_view(at_ + length_size, length);
  }
  oid type() const noexcept { return types_[index_]; }

  /// Passes the next one, whose text has that size; 0 for NULL.
  void skip(std::size_t size) noexcept {
    at_ += length_size + size;
    ++index_;
  }
  /// The next one with all that is known of it; passes it.
  types::argument_view next() noexcept;

 private:
  char const* at_;
  oid const* types_;
  note const *note_, *last_note_;
  std::size_t index_ = 0;
};

}  // namespace tusk
