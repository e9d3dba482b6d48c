#include "engine/session_types.hpp"

#include <algorithm>
#include <utility>

namespace tusk::detail {

void session_types::register_type(typecaster const& caster) {
  for (oid const each : caster.oids()) casters_.insert_or_assign(each, caster);
  ++version_;
}

void session_types::parameter_changed(std::string_view name) noexcept {
  if (name == "DateStyle" || name == "IntervalStyle" || name == "TimeZone") ++version_;
}

// A domain is read as the type below it, an enum and a string type that is sent as text is (citext) as text, a
// composite type as record, and an array of these as an array of what its elements are read as. Everything else keeps
// its OID: it is text. Types of the built-in table come too, and are left out here.
//
// Whoever may make a schema that stands on search_path can make operators, functions and types there. So everything has
// its schema, operators too, and nothing is used that looks up an operator by itself: IN, BETWEEN, CASE x WHEN.
namespace {

bool are_unique(std::vector<column_info> const& infos) {
  std::vector<std::string_view> names;
  names.reserve(infos.size());
  for (column_info const& each : infos) names.push_back(each.name);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) == names.end();
}

}  // namespace

std::string_view session_types::catalogue_query() noexcept {
  return "WITH RECURSIVE base(oid, type, kind) AS ("
         "SELECT oid, CASE WHEN typtype OPERATOR(pg_catalog.=) 'd'::pg_catalog.\"char\" THEN typbasetype ELSE oid END, "
         "typtype FROM pg_catalog.pg_type WHERE typtype OPERATOR(pg_catalog.<>) 'p'::pg_catalog.\"char\" "
         "UNION ALL SELECT b.oid, t.typbasetype, t.typtype FROM base b "
         "JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) b.type "
         "WHERE b.kind OPERATOR(pg_catalog.=) 'd'::pg_catalog.\"char\" "
         "AND t.typtype OPERATOR(pg_catalog.=) 'd'::pg_catalog.\"char\"), "
         "plain AS (SELECT b.oid, CASE WHEN t.typtype OPERATOR(pg_catalog.=) 'e'::pg_catalog.\"char\" "
         "OR (t.typcategory OPERATOR(pg_catalog.=) 'S'::pg_catalog.\"char\" "
         "AND t.typdelim OPERATOR(pg_catalog.=) ','::pg_catalog.\"char\" "
         "AND EXISTS (SELECT 1 FROM pg_catalog.pg_proc f WHERE f.oid OPERATOR(pg_catalog.=) t.typsend::pg_catalog.oid "
         "AND (f.prosrc OPERATOR(pg_catalog.=) 'textsend'::pg_catalog.text "
         "OR f.prosrc OPERATOR(pg_catalog.=) 'varcharsend'::pg_catalog.text "
         "OR f.prosrc OPERATOR(pg_catalog.=) 'bpcharsend'::pg_catalog.text "
         "OR f.prosrc OPERATOR(pg_catalog.=) 'namesend'::pg_catalog.text))) THEN 25::pg_catalog.oid "
         "WHEN t.typtype OPERATOR(pg_catalog.=) 'c'::pg_catalog.\"char\" THEN 2249::pg_catalog.oid ELSE t.oid END AS "
         "type, t.oid AS base "
         "FROM base b JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) b.type "
         "WHERE t.typtype OPERATOR(pg_catalog.<>) 'd'::pg_catalog.\"char\") "
         "SELECT t.oid, n.nspname, t.typname, "
         "pg_catalog.pg_type_is_visible(t.oid) IS TRUE, p.type, p.base, t.typarray, "
         "t.typdelim, (SELECT pg_catalog.array_agg(a.atttypid ORDER BY a.attnum) FROM pg_catalog.pg_attribute a "
         "WHERE t.typtype OPERATOR(pg_catalog.=) 'c'::pg_catalog.\"char\" "
         "AND a.attrelid OPERATOR(pg_catalog.=) t.typrelid AND a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2 "
         "AND NOT a.attisdropped), "
         "pg_catalog.current_setting('extra_float_digits'::pg_catalog.text) "
         "FROM pg_catalog.pg_type t "
         "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace "
         "JOIN plain p ON p.oid OPERATOR(pg_catalog.=) t.oid";
}

void session_types::load_catalogue(result const& rows) {
  auto loaded = std::make_shared<loaded_types>();
  int float_digits = 1;
  for (row const& each : rows) {
    oid const type = each.get<oid>(0);
    if (!is_user_defined(type)) continue;
    loaded_type& found =
        loaded->add(each.get<std::string>(1), each.get<std::string>(2), type, each.get<oid>(6), each.get<bool>(3));
    found.like = each.get<oid>(4);
    found.base = each.get<oid>(5);
    found.delimiter = each.get<char>(7);
    found.attributes = each.get<std::optional<std::vector<oid>>>(8).value_or(std::vector<oid>());
    if (auto const digits = types::parse_integer<int>(each.get<std::string_view>(9))) float_digits = *digits;
  }
  loaded_ = std::move(loaded);
  rounds_floats_ = float_digits < 1;
  ++version_;
}

oid session_types::find(std::string_view name) const {
  bool const array = name.ends_with("[]");
  if (array) name.remove_suffix(2);
  loaded_type const* const found = loaded_ ? loaded_->find(name) : nullptr;
  return found == nullptr ? 0 : array ? found->array : found->type;
}

std::string session_types::name_of(oid type) const {
  if (auto const built_in = type_name(type); !built_in.empty()) return std::string(built_in);
  return loaded_ ? loaded_->name_of(type) : std::string();
}

std::shared_ptr<column_set const> session_types::resolve(std::shared_ptr<std::vector<column_info> const> columns,
                                                         bool casters, types::caster_map const* first) const {
  std::vector<column_info> const& infos = *columns;
  auto made = std::make_shared<column_set>();
  made->version = version();  // before the snapshot: what is registered meanwhile is seen the next time
  auto const global = types::global_casters();
  made->types.reserve(infos.size());
  for (column_info const& each : infos) {
    made->types.push_back(loaded_ ? loaded_->read_as(each.type) : each.type);
  }
  made->quick_types = made->types;
  made->binary_types.resize(infos.size());
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (!infos[i].is_binary) continue;
    made->has_binary = true;
    made->binary_types[i] = std::exchange(made->quick_types[i], 0);
  }
  made->has_unique_names = are_unique(infos);
  for (std::size_t i = 0; casters && i < infos.size(); ++i) {
    typecaster const* caster = nullptr;
    for (types::caster_map const* each : {first, &casters_, global.get()}) {
      if (each == nullptr) continue;
      auto const found = each->find(infos[i].type);
      if (found == each->end()) continue;
      caster = &found->second;
      break;
    }
    if (caster == nullptr) continue;
    made->casters.resize(infos.size());
    made->casters[i] = *caster;
    made->quick_types[i] = made->binary_types[i] = 0;
  }
  made->readers.reserve(infos.size());
  for (oid const type : made->quick_types) made->readers.push_back(type == 0 ? nullptr : types::any_reader_of(type));
  if (!made->casters.empty()) {
    made->date_style = session_.parameter("DateStyle");
    made->interval_style = session_.parameter("IntervalStyle");
    made->time_zone = session_.parameter("TimeZone");
  }
  made->infos = std::move(columns);
  made->loaded = loaded_;
  return made;
}

}  // namespace tusk::detail
