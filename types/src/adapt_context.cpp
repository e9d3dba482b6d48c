// Names of types as SQL writes them, and what is known of them once they are loaded.
#include <tusk/types/adapt_context.hpp>

#include <algorithm>
#include <optional>
#include <tusk/types/from_text.hpp>
#include <tusk/types/literal.hpp>
#include <tusk/types/registry.hpp>

namespace tusk {
namespace {

std::string in_quotes(std::string_view name) {
  types::text_buffer to;
  types::append_identifier(to, name);
  return {to.data(), to.size()};
}

// In quotes only where it would be read as another name without them.
std::string written(std::string_view name) {
  bool const plain = !name.empty() && (name.front() < '0' || name.front() > '9') &&
                     std::all_of(name.begin(), name.end(),
                                 [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  return plain ? std::string(name) : in_quotes(name);
}

// Takes one identifier off the front, as the server reads it: in quotes as it stands, else in small letters.
std::optional<std::string> take_identifier(std::string_view& rest) {
  std::string name;
  if (!rest.starts_with('"')) {
    std::size_t const end = rest.find('.');
    for (char const c : rest.substr(0, end)) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    rest.remove_prefix(name.size());
  } else {
    for (rest.remove_prefix(1);; rest.remove_prefix(1)) {
      if (rest.empty()) return std::nullopt;
      if (rest.starts_with("\"\"")) {
        rest.remove_prefix(1);
      } else if (rest.starts_with('"')) {
        rest.remove_prefix(1);
        break;
      }
      name += rest.front();
    }
  }
  if (name.empty()) return std::nullopt;
  return name;
}

}  // namespace

loaded_type& loaded_types::add(std::string_view schema, std::string_view name, tusk::oid type, tusk::oid array,
                               bool visible) {
  bool const alone = visible && type_of_name(name) == 0;
  auto const [at, added] =
      by_oid_.insert_or_assign(type, loaded_type{.type = type,
                                                 .array = array,
                                                 .sql = in_quotes(schema) + '.' + in_quotes(name),
                                                 .name = (alone ? "" : written(schema) + '.') + written(name),
                                                 .like = type,
                                                 .base = type});
  if (array != 0) elements_.insert_or_assign(array, type);
  by_name_.insert_or_assign({std::string(schema), std::string(name)}, type);
  if (visible) by_name_.insert_or_assign({std::string(), std::string(name)}, type);
  return at->second;
}

loaded_type const* loaded_types::find(std::string_view name) const {
  std::pair<std::string, std::string> key;
  auto first = take_identifier(name);
  if (!first) return nullptr;
  if (name.empty()) {
    key.second = *std::move(first);
  } else {
    if (name.front() != '.') return nullptr;
    name.remove_prefix(1);
    auto second = take_identifier(name);
    if (!second || !name.empty()) return nullptr;
    key = {*std::move(first), *std::move(second)};
  }
  auto const found = by_name_.find(key);
  return found == by_name_.end() ? nullptr : find(found->second);
}

loaded_type const* loaded_types::find(tusk::oid type) const noexcept {
  auto const found = by_oid_.find(type);
  return found == by_oid_.end() ? nullptr : &found->second;
}

std::string loaded_types::name_of(tusk::oid type) const {
  if (type == 0) return {};
  if (auto const element = elements_.find(type); element != elements_.end())
    return find(element->second)->name + "[]";  // which the catalogue has as `_color` too
  loaded_type const* const found = find(type);
  return found == nullptr ? std::string() : found->name;
}

tusk::oid loaded_types::read_as(tusk::oid type) const noexcept {
  if (loaded_type const* const found = find(type); found != nullptr) type = found->like;
  auto const element = elements_.find(type);  // a domain may be one over an array
  if (element == elements_.end()) return type;
  tusk::oid const like = find(element->second)->like;
  if (like == element->second) return type;
  if (tusk::oid const array = tusk::array_of(like); array != 0) return array;
  loaded_type const* const below = find(like);  // of a domain over a type that was made in the database
  return below != nullptr && below->array != 0 ? below->array : type;
}

tusk::oid loaded_types::base_of(tusk::oid type) const noexcept {
  loaded_type const* const found = find(type);
  return found == nullptr ? type : found->base;
}

tusk::oid loaded_types::element_of(tusk::oid array) const noexcept {
  if (tusk::oid const built_in = tusk::element_of(array); built_in != 0) return built_in;
  auto const found = elements_.find(array);
  return found == elements_.end() ? 0 : found->second;
}

char loaded_types::delimiter_of(tusk::oid array, char otherwise) const noexcept {
  auto const found = elements_.find(array);
  return found == elements_.end() ? otherwise : find(found->second)->delimiter;
}

tusk::oid types::read_as_loaded(tusk::oid type, loaded_types const& in) noexcept { return in.read_as(type); }
char types::loaded_delimiter(tusk::oid array, loaded_types const& in, char otherwise) noexcept {
  return in.delimiter_of(array, otherwise);
}

loaded_types const& adapt_context::types() const {
  if (!types_ && registry_ != nullptr) types_ = registry_->types();
  static loaded_types const none;
  return types_ ? *types_ : none;
}

argument_type adapt_context::resolve_loaded(argument_type const& type) const {
  argument_type known = type;
  loaded_type const* const found = type.oid != 0 ? find(type.oid) : find(type.name);
  if (found == nullptr) return known;
  if (type.oid == 0) known.oid = type.array ? found->array : found->type;
  if (type.oid == 0 || type.name.empty()) known.name = found->sql;
  return known;
}

argument_type adapt_context::array_of(argument_type const& element) const {
  if (element.name.empty() && element.oid == 0) return {oids::text_array};
  if (element.name.empty() && tusk::array_of(element.oid) != 0) return {tusk::array_of(element.oid)};
  loaded_type const* const found = element.oid != 0 ? find(element.oid) : find(element.name);
  if (found == nullptr) return {0, element.name, true};
  return {found->array, found->sql, true};
}

}  // namespace tusk
