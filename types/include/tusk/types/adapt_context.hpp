// What an adapter may ask beside the value: the types that load_types() found in the connection's database.
//
//   load_types() ─► loaded_types (a snapshot) ─► adapter_registry ─► adapt_context ─► adapter<T>::type(value, context)
//
// An enum, a composite or an extension's type has another OID in each database, and its name means one thing or another
// as search_path says. Once the types are loaded such an argument is bound with its OID and merged with its schema, so
// that both ways choose the same function and the same type.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <tusk/types/oid.hpp>

namespace tusk {

class adapter_registry;

/// What an adapter says of its type: the OID that Bind declares (0: the server infers it), and for types that are known
/// by name alone the name, which a cast in the statement's text uses.
struct argument_type {
  tusk::oid oid = 0;
  std::string_view name = {};  ///< as SQL writes it, without `[]`; lives for ever, or as long as the adapt_context
  bool array = false;          ///< with a name: an array of that type
  bool scalar = false;         ///< with a name: neither a subscript nor `.field` can follow a value of it
};

/// A type that load_types() found.
struct loaded_type {
  tusk::oid type = 0;
  tusk::oid array = 0;  ///< the type of its arrays; 0 if it has none
  std::string sql;      ///< its schema and its name in double quotes, `"shop"."color"`
  std::string name;     ///< as a person writes it: `color`, with its schema where search_path does not lead to it
};

/// All of them. Immutable once it is given to a registry.
class loaded_types {
 public:
  /// `visible`: the name means this type without its schema.
  void add(std::string_view schema, std::string_view name, tusk::oid type, tusk::oid array, bool visible);

  /// By a name as SQL writes it: `color`, `shop.color`, `"Color"`. Null if there is none.
  loaded_type const* find(std::string_view name) const;
  loaded_type const* find(tusk::oid type) const noexcept;
  /// The name of a type, or of the arrays of one (`color[]`); empty if there is none. In linear time, for messages.
  std::string name_of(tusk::oid type) const;

 private:
  std::map<tusk::oid, loaded_type> by_oid_;
  std::map<std::pair<std::string, std::string>, tusk::oid> by_name_;  // schema, which is empty for a visible one; name
};

/// Given to `adapter<T>::type`. It sees one snapshot of the loaded types, however often it is asked; made for one set
/// of arguments, it belongs to one thread.
class adapt_context {
 public:
  /// `registry`, which may be null, is asked for adapters and loaded types; it has to outlive this object.
  explicit adapt_context(adapter_registry const* registry = nullptr) noexcept : registry_(registry) {}
  adapt_context(adapt_context const&) = delete;
  adapt_context& operator=(adapt_context const&) = delete;

  /// The loaded type of that name, as SQL writes it, or of that OID; null if types were not loaded or have no such one.
  /// Lives as long as this object.
  loaded_type const* find(std::string_view name) const { return types().find(name); }
  loaded_type const* find(tusk::oid type) const { return types().find(type); }

  /// A type with what is known of it: a name gets its OID and its schema, the OID of a loaded type its name.
  argument_type resolve(argument_type const& type) const {
    return type.name.empty() && type.oid < first_loaded ? type : resolve_loaded(type);
  }

  /// The type of arrays whose elements are of type `element`: text[] for those without a type.
  argument_type array_of(argument_type const& element) const;

  adapter_registry const* registry() const noexcept { return registry_; }

  static constexpr tusk::oid first_loaded = 10'000;  ///< what is below is numbered in PostgreSQL's sources

 private:
  loaded_types const& types() const;
  argument_type resolve_loaded(argument_type const& type) const;

  adapter_registry const* registry_;
  std::shared_ptr<loaded_types const> mutable types_;  // null until it is asked for
};

}  // namespace tusk
