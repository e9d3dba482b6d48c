#include "session_types.hpp"

namespace tusk::detail {

void session_types::register_type(typecaster const& caster) {
  for (oid const each : caster.oids()) casters_.insert_or_assign(each, caster);
  ++version_;
}

void session_types::parameter_changed(std::string_view name) noexcept {
  if (name == "DateStyle" || name == "IntervalStyle" || name == "TimeZone") ++version_;
}

// A domain is read as the type below it, an enum and a type of category S (citext) as text, a composite type as record,
// and an array of these as an array of what its elements are read as. Everything else keeps its OID: it is text.
std::string_view session_types::catalogue_query() noexcept {
  return "WITH RECURSIVE base(oid, type, kind) AS ("
         "SELECT oid, CASE typtype WHEN 'd' THEN typbasetype ELSE oid END, typtype FROM pg_catalog.pg_type "
         "WHERE oid >= 16384 AND typtype IN ('b', 'c', 'd', 'e', 'r', 'm') "
         "UNION ALL SELECT b.oid, t.typbasetype, t.typtype FROM base b "
         "JOIN pg_catalog.pg_type t ON t.oid = b.type WHERE b.kind = 'd' AND t.typtype = 'd'), "
         "plain AS (SELECT b.oid, CASE WHEN t.typtype = 'e' OR t.typcategory = 'S' THEN 25 WHEN t.typtype = 'c' THEN "
         "2249 "
         "ELSE t.oid END AS type FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.type WHERE t.typtype <> 'd') "
         "SELECT t.oid, n.nspname, t.typname, pg_catalog.pg_type_is_visible(t.oid), p.type, "
         "(SELECT a.typarray FROM pg_catalog.pg_type a WHERE a.oid = p.type), t.typarray "
         "FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace "
         "JOIN plain p ON p.oid = t.oid";
}

void session_types::load_catalogue(result const& rows) {
  auto loaded = std::make_unique<catalogue>();
  auto& [read_as, by_name] = *loaded;
  for (row const& each : rows) {
    oid const type = each.get<oid>(0);
    std::string const schema = each.get<std::string>(1);
    std::string const name = each.get<std::string>(2);
    by_name.insert_or_assign(schema + '.' + name, type);
    if (each.get<bool>(3)) by_name.insert_or_assign(name, type);
    oid const like = each.get<oid>(4);
    if (like != type) read_as.emplace(type, like);
    oid const array = each.get<oid>(6);
    oid const array_like = each.get<std::optional<oid>>(5).value_or(0);
    if (array != 0 && array_like != 0 && array_like != array) read_as.emplace(array, array_like);
  }
  catalogue_ = std::move(loaded);
  ++version_;
}

oid session_types::find(std::string_view name) const {
  if (!catalogue_) return 0;
  auto const found = catalogue_->by_name.find(name);
  return found == catalogue_->by_name.end() ? 0 : found->second;
}

std::shared_ptr<column_set const> session_types::resolve(std::shared_ptr<std::vector<column_info> const> columns,
                                                         bool casters, types::caster_map const* first) const {
  std::vector<column_info> const& infos = *columns;
  auto made = std::make_shared<column_set>();
  made->version = version();  // before the snapshot: what is registered meanwhile is seen the next time
  auto const global = types::global_casters();
  made->types.reserve(infos.size());
  for (column_info const& each : infos) {
    oid type = each.type;
    if (catalogue_)
      if (auto const known = catalogue_->read_as.find(type); known != catalogue_->read_as.end()) type = known->second;
    made->types.push_back(type);
  }
  made->quick_types = made->types;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (!infos[i].is_binary) continue;
    made->has_binary = true;
    made->quick_types[i] = 0;
  }
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
    made->quick_types[i] = 0;
  }
  if (!made->casters.empty()) {
    made->date_style = session_.parameter("DateStyle");
    made->interval_style = session_.parameter("IntervalStyle");
    made->time_zone = session_.parameter("TimeZone");
  }
  made->infos = std::move(columns);
  return made;
}

}  // namespace tusk::detail
