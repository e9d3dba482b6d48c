#include "session_types.hpp"

namespace tusk::detail {

void session_types::register_type(typecaster const& caster) {
  for (oid const each : caster.oids()) casters_.insert_or_assign(each, caster);
  ++version_;
}

void session_types::set_parameter(std::string_view name, std::string_view value) {
  std::string* const kept = name == "DateStyle"       ? &date_style_
                            : name == "IntervalStyle" ? &interval_style_
                            : name == "TimeZone"      ? &time_zone_
                                                      : nullptr;
  if (kept == nullptr) return;
  kept->assign(value);
  ++version_;
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
  std::map<oid, oid> read_as;
  std::map<std::string, oid, std::less<>> by_name;
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
  read_as_ = std::move(read_as);
  by_name_ = std::move(by_name);
  loaded_ = true;
  ++version_;
}

oid session_types::find(std::string_view name) const {
  auto const found = by_name_.find(name);
  return found == by_name_.end() ? 0 : found->second;
}

std::shared_ptr<column_set const> session_types::resolve(std::shared_ptr<std::vector<column_info> const> columns,
                                                         bool casters, types::caster_map const* first) const {
  std::vector<column_info> const& infos = *columns;
  auto made = std::make_shared<column_set>();
  made->version = version();  // before the snapshot: what is registered meanwhile is seen the next time
  auto const global = types::global_casters();
  made->types.reserve(infos.size());
  for (column_info const& each : infos) {
    auto const known = read_as_.find(each.type);
    made->types.push_back(known == read_as_.end() ? each.type : known->second);
  }
  made->quick_types = made->types;
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
    made->date_style = date_style_;
    made->interval_style = interval_style_;
    made->time_zone = time_zone_;
  }
  made->infos = std::move(columns);
  return made;
}

}  // namespace tusk::detail
