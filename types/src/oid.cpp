// The names of the built-in types and their array types, sorted by OID: pure data and a binary search.
#include <tusk/types/oid.hpp>

#include <algorithm>
#include <array>
#include <iterator>

namespace tusk {
namespace {

struct named_oid {
  oid type;
  std::string_view name;
};

constexpr named_oid named_oids[] = {
    {16, "bool"},
    {17, "bytea"},
    {18, "\"char\""},
    {19, "name"},
    {20, "int8"},
    {21, "int2"},
    {22, "int2vector"},
    {23, "int4"},
    {24, "regproc"},
    {25, "text"},
    {26, "oid"},
    {27, "tid"},
    {28, "xid"},
    {29, "cid"},
    {30, "oidvector"},
    {32, "pg_ddl_command"},
    {114, "json"},
    {142, "xml"},
    {143, "xml[]"},
    {194, "pg_node_tree"},
    {199, "json[]"},
    {210, "pg_type[]"},
    {269, "table_am_handler"},
    {270, "pg_attribute[]"},
    {271, "xid8[]"},
    {272, "pg_proc[]"},
    {273, "pg_class[]"},
    {325, "index_am_handler"},
    {600, "point"},
    {601, "lseg"},
    {602, "path"},
    {603, "box"},
    {604, "polygon"},
    {628, "line"},
    {629, "line[]"},
    {650, "cidr"},
    {651, "cidr[]"},
    {700, "float4"},
    {701, "float8"},
    {705, "unknown"},
    {718, "circle"},
    {719, "circle[]"},
    {774, "macaddr8"},
    {775, "macaddr8[]"},
    {790, "money"},
    {791, "money[]"},
    {829, "macaddr"},
    {869, "inet"},
    {1000, "bool[]"},
    {1001, "bytea[]"},
    {1002, "\"char\"[]"},
    {1003, "name[]"},
    {1005, "int2[]"},
    {1006, "int2vector[]"},
    {1007, "int4[]"},
    {1008, "regproc[]"},
    {1009, "text[]"},
    {1010, "tid[]"},
    {1011, "xid[]"},
    {1012, "cid[]"},
    {1013, "oidvector[]"},
    {1014, "bpchar[]"},
    {1015, "varchar[]"},
    {1016, "int8[]"},
    {1017, "point[]"},
    {1018, "lseg[]"},
    {1019, "path[]"},
    {1020, "box[]"},
    {1021, "float4[]"},
    {1022, "float8[]"},
    {1027, "polygon[]"},
    {1028, "oid[]"},
    {1033, "aclitem"},
    {1034, "aclitem[]"},
    {1040, "macaddr[]"},
    {1041, "inet[]"},
    {1042, "bpchar"},
    {1043, "varchar"},
    {1082, "date"},
    {1083, "time"},
    {1114, "timestamp"},
    {1115, "timestamp[]"},
    {1182, "date[]"},
    {1183, "time[]"},
    {1184, "timestamptz"},
    {1185, "timestamptz[]"},
    {1186, "interval"},
    {1187, "interval[]"},
    {1231, "numeric[]"},
    {1263, "cstring[]"},
    {1266, "timetz"},
    {1270, "timetz[]"},
    {1560, "bit"},
    {1561, "bit[]"},
    {1562, "varbit"},
    {1563, "varbit[]"},
    {1700, "numeric"},
    {1790, "refcursor"},
    {2201, "refcursor[]"},
    {2202, "regprocedure"},
    {2203, "regoper"},
    {2204, "regoperator"},
    {2205, "regclass"},
    {2206, "regtype"},
    {2207, "regprocedure[]"},
    {2208, "regoper[]"},
    {2209, "regoperator[]"},
    {2210, "regclass[]"},
    {2211, "regtype[]"},
    {2249, "record"},
    {2275, "cstring"},
    {2276, "any"},
    {2277, "anyarray"},
    {2278, "void"},
    {2279, "trigger"},
    {2280, "language_handler"},
    {2281, "internal"},
    {2283, "anyelement"},
    {2287, "record[]"},
    {2776, "anynonarray"},
    {2949, "txid_snapshot[]"},
    {2950, "uuid"},
    {2951, "uuid[]"},
    {2970, "txid_snapshot"},
    {3115, "fdw_handler"},
    {3220, "pg_lsn"},
    {3221, "pg_lsn[]"},
    {3310, "tsm_handler"},
    {3361, "pg_ndistinct"},
    {3402, "pg_dependencies"},
    {3500, "anyenum"},
    {3614, "tsvector"},
    {3615, "tsquery"},
    {3642, "gtsvector"},
    {3643, "tsvector[]"},
    {3644, "gtsvector[]"},
    {3645, "tsquery[]"},
    {3734, "regconfig"},
    {3735, "regconfig[]"},
    {3769, "regdictionary"},
    {3770, "regdictionary[]"},
    {3802, "jsonb"},
    {3807, "jsonb[]"},
    {3831, "anyrange"},
    {3838, "event_trigger"},
    {3904, "int4range"},
    {3905, "int4range[]"},
    {3906, "numrange"},
    {3907, "numrange[]"},
    {3908, "tsrange"},
    {3909, "tsrange[]"},
    {3910, "tstzrange"},
    {3911, "tstzrange[]"},
    {3912, "daterange"},
    {3913, "daterange[]"},
    {3926, "int8range"},
    {3927, "int8range[]"},
    {4072, "jsonpath"},
    {4073, "jsonpath[]"},
    {4089, "regnamespace"},
    {4090, "regnamespace[]"},
    {4096, "regrole"},
    {4097, "regrole[]"},
    {4191, "regcollation"},
    {4192, "regcollation[]"},
    {4451, "int4multirange"},
    {4532, "nummultirange"},
    {4533, "tsmultirange"},
    {4534, "tstzmultirange"},
    {4535, "datemultirange"},
    {4536, "int8multirange"},
    {4537, "anymultirange"},
    {4538, "anycompatiblemultirange"},
    {4600, "pg_brin_bloom_summary"},
    {4601, "pg_brin_minmax_multi_summary"},
    {5017, "pg_mcv_list"},
    {5038, "pg_snapshot"},
    {5039, "pg_snapshot[]"},
    {5069, "xid8"},
    {5077, "anycompatible"},
    {5078, "anycompatiblearray"},
    {5079, "anycompatiblenonarray"},
    {5080, "anycompatiblerange"},
    {6150, "int4multirange[]"},
    {6151, "nummultirange[]"},
    {6152, "tsmultirange[]"},
    {6153, "tstzmultirange[]"},
    {6155, "datemultirange[]"},
    {6157, "int8multirange[]"},
};

static_assert(std::is_sorted(std::begin(named_oids), std::end(named_oids),
                             [](named_oid const& a, named_oid const& b) { return a.type < b.type; }));

struct array_entry {
  oid element;
  oid array;
};

constexpr array_entry arrays[] = {
    {16, 1000},   {17, 1001},   {18, 1002},   {19, 1003},   {20, 1016},   {21, 1005},   {22, 1006},   {23, 1007},
    {24, 1008},   {25, 1009},   {26, 1028},   {27, 1010},   {28, 1011},   {29, 1012},   {30, 1013},   {114, 199},
    {142, 143},   {600, 1017},  {601, 1018},  {602, 1019},  {603, 1020},  {604, 1027},  {628, 629},   {650, 651},
    {700, 1021},  {701, 1022},  {718, 719},   {774, 775},   {790, 791},   {829, 1040},  {869, 1041},  {1033, 1034},
    {1042, 1014}, {1043, 1015}, {1082, 1182}, {1083, 1183}, {1114, 1115}, {1184, 1185}, {1186, 1187}, {1266, 1270},
    {1560, 1561}, {1562, 1563}, {1700, 1231}, {1790, 2201}, {2202, 2207}, {2203, 2208}, {2204, 2209}, {2205, 2210},
    {2206, 2211}, {2249, 2287}, {2275, 1263}, {2950, 2951}, {2970, 2949}, {3220, 3221}, {3614, 3643}, {3615, 3645},
    {3642, 3644}, {3734, 3735}, {3769, 3770}, {3802, 3807}, {3904, 3905}, {3906, 3907}, {3908, 3909}, {3910, 3911},
    {3912, 3913}, {3926, 3927}, {4072, 4073}, {4089, 4090}, {4096, 4097}, {4191, 4192}, {4451, 6150}, {4532, 6151},
    {4533, 6152}, {4534, 6153}, {4535, 6155}, {4536, 6157}, {5038, 5039}, {5069, 271},
};

static_assert(std::is_sorted(std::begin(arrays), std::end(arrays),
                             [](array_entry const& a, array_entry const& b) { return a.element < b.element; }));

// For every array that is read its element is looked up, and for every value whether it is an array: by a table with
// open addressing, in which some two places are looked at.
constexpr std::size_t places = 256;
constexpr std::size_t place_of(oid array) noexcept { return array * 0x9e37'79b9U >> 24; }
constexpr auto by_array = [] {
  std::array<array_entry, places> table{};
  for (array_entry const& each : arrays) {
    std::size_t at = place_of(each.array);
    while (table[at].array != 0) at = (at + 1) % places;
    table[at] = each;
  }
  return table;
}();
static_assert(std::size(arrays) <= places / 2);

}  // namespace

std::string_view type_name(oid type) noexcept {
  auto const* found = std::lower_bound(std::begin(named_oids), std::end(named_oids), type,
                                       [](named_oid const& e, oid o) { return e.type < o; });
  return found != std::end(named_oids) && found->type == type ? found->name : std::string_view{};
}

oid type_of_name(std::string_view name) noexcept {
  auto const* found =
      std::find_if(std::begin(named_oids), std::end(named_oids), [name](named_oid const& e) { return e.name == name; });
  return found != std::end(named_oids) ? found->type : 0;
}

bool is_user_defined(oid type) noexcept {
  constexpr oid first_of_initdb = 10'000;  // FirstGenbkiObjectId: lower ones are given in PostgreSQL's sources
  return type >= first_of_initdb || (type != 0 && type_name(type).empty());
}

oid array_of(oid element) noexcept {
  auto const* found = std::lower_bound(std::begin(arrays), std::end(arrays), element,
                                       [](array_entry const& e, oid o) { return e.element < o; });
  return found != std::end(arrays) && found->element == element ? found->array : 0;
}

oid element_of(oid array) noexcept {
  for (std::size_t at = place_of(array);; at = (at + 1) % places) {
    array_entry const& found = by_array[at];
    if (found.array == array || found.array == 0) return found.element;
  }
}

}  // namespace tusk
