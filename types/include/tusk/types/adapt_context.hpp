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
#include <vector>

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
  /// What its values are read as: the type below a domain, text for an enum and for what is sent as text, record for a
  /// composite type; itself for any other.
  tusk::oid like = 0;
  tusk::oid base = 0;                      ///< the type below a domain; itself for any other
  char delimiter = ',';                    ///< between its values in the text of an array
  std::vector<tusk::oid> attributes = {};  ///< the types of a composite type's attributes, in order
};

/// All of them. Immutable once it is given to a registry.
class loaded_types {
 public:
  /// `visible`: the name means this type without its schema. What it gives may be filled until the next one is added.
  loaded_type& add(std::string_view schema, std::string_view name, tusk::oid type, tusk::oid array, bool visible);

  /// By a name as SQL writes it: `color`, `shop.color`, `"Color"`. Null if there is none.
  loaded_type const* find(std::string_view name) const;
  loaded_type const* find(tusk::oid type) const noexcept;
  /// The name of a type, or of the arrays of one (`color[]`); empty if there is none.
  std::string name_of(tusk::oid type) const;
  /// The type that values of this type are read as, for arrays too; a type that is not known is itself.
  tusk::oid read_as(tusk::oid type) const noexcept;
  /// The type below a domain; any other is itself.
  tusk::oid base_of(tusk::oid type) const noexcept;
  /// The type of the elements of an array type, built in or not; 0 if it is none.
  tusk::oid element_of(tusk::oid array) const noexcept;
  /// What stands between the elements in the text of that array; `otherwise` if it is not known.
  char delimiter_of(tusk::oid array, char otherwise) const noexcept;

 private:
  std::map<tusk::oid, loaded_type> by_oid_;
  std::map<tusk::oid, tusk::oid> elements_;                           // of array types
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
  /// All that were loaded; lives as long as this object.
  loaded_types const& types() const;

  static constexpr tusk::oid first_loaded = 10'000;  ///< what is below is numbered in PostgreSQL's sources

 private:
  argument_type resolve_loaded(argument_type const& type) const;

  adapter_registry const* registry_;
  std::shared_ptr<loaded_types const> mutable types_;  // null until it is asked for
};

}  // namespace tusk
