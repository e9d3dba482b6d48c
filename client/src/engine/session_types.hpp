// What a connection knows about types: the typecasters registered for it, what load_types() found in the catalogue, and
// the settings that change the text of values. From this it says how the columns of a result are read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tusk/protocol/session.hpp>
#include <tusk/result.hpp>
#include <tusk/types/adapt_context.hpp>
#include <tusk/types/typecaster.hpp>
#include <vector>

namespace tusk::detail {

/// Typecasters that come before those of the connection; null: none.
using first_casters = std::shared_ptr<types::caster_map const>;

/// See the top of this file. One thread at a time.
class session_types {
 public:
  /// The session is asked for the settings; it must outlive this object.
  explicit session_types(protocol::session const& of) noexcept : session_(of) {}

  /// Lets a connection be opened anew: the casters stay, the catalogue may be another one.
  void keep_casters_of(session_types const& other) { casters_ = other.casters_; }

  void register_type(typecaster const& caster);
  /// The server has reported a setting.
  void parameter_changed(std::string_view name) noexcept;

  /// The statement whose rows load_catalogue takes.
  static std::string_view catalogue_query() noexcept;
  void load_catalogue(result const& rows);
  bool has_catalogue() const noexcept { return loaded_ != nullptr; }
  /// What it found, for adapters; null until it is loaded.
  std::shared_ptr<loaded_types const> const& loaded() const noexcept { return loaded_; }
  /// Whether the session's extra_float_digits was below 1 then: the server rounds what it sends of floating point.
  bool rounds_floats() const noexcept { return rounds_floats_; }
  /// The type of that name, as it is written in SQL, with or without its schema; 0 if the catalogue has none.
  oid find(std::string_view name) const;
  /// The other way, for built-in types too; empty if the catalogue has none.
  std::string name_of(oid type) const;

  /// How these columns are read; where `casters` is false, by the built-in parsers alone, as for our own queries.
  /// `first` is asked before the connection's casters.
  std::shared_ptr<column_set const> resolve(std::shared_ptr<std::vector<column_info> const> columns,
                                            bool casters = true, types::caster_map const* first = nullptr) const;
  /// The version of no_columns(), which there is nothing to resolve in.
  static constexpr std::uint64_t never_stale = ~std::uint64_t{0};
  /// Whether something was registered, loaded or set since the columns were resolved. Asked for each result.
  bool is_stale(column_set const& columns) const noexcept {
    return columns.version != version() && columns.version != never_stale;
  }
  /// Resolves them again.
  [[gnu::cold]] void refresh(std::shared_ptr<column_set const>& columns) const { columns = resolve(columns->infos); }

 private:
  // Both only go up, so that an equal sum means that neither changed.
  std::uint64_t version() const noexcept {
    return types::global_casters_version.load(std::memory_order_acquire) + version_;
  }

  protocol::session const& session_;
  types::caster_map casters_;
  std::shared_ptr<loaded_types const> loaded_;  // null until they are loaded
  bool rounds_floats_ = false;
  std::uint64_t version_ = 0;
};

}  // namespace tusk::detail
