// Object identifiers of PostgreSQL's types: the number by which a column, a parameter or an array says what it holds.
//
// The numbers of built-in types never change between servers; those of enums, domains, composites and extensions differ
// from database to database. Source: the catalogue pg_type of PostgreSQL 15; newer servers keep every one of them.
#pragma once

#include <cstdint>
#include <string_view>

namespace tusk {

/// A row's identifier in the catalogue; for a type, pg_type.oid. 0 means "not said": the server infers the type.
using oid = std::uint32_t;

/// The OIDs of the built-in types, under the catalogue's names. A name that C++ keeps for itself has a trailing `_`
/// (`bool_`, `char_`, `void_`); the array type of `int4` is `int4_array`.
namespace oids {

inline constexpr tusk::oid bool_ = 16;
inline constexpr tusk::oid bytea = 17;
inline constexpr tusk::oid char_ = 18;
inline constexpr tusk::oid name = 19;
inline constexpr tusk::oid int8 = 20;
inline constexpr tusk::oid int2 = 21;
inline constexpr tusk::oid int2vector = 22;
inline constexpr tusk::oid int4 = 23;
inline constexpr tusk::oid regproc = 24;
inline constexpr tusk::oid text = 25;
inline constexpr tusk::oid oid = 26;
inline constexpr tusk::oid tid = 27;
inline constexpr tusk::oid xid = 28;
inline constexpr tusk::oid cid = 29;
inline constexpr tusk::oid oidvector = 30;
inline constexpr tusk::oid json = 114;
inline constexpr tusk::oid xml = 142;
inline constexpr tusk::oid pg_node_tree = 194;
inline constexpr tusk::oid point = 600;
inline constexpr tusk::oid lseg = 601;
inline constexpr tusk::oid path = 602;
inline constexpr tusk::oid box = 603;
inline constexpr tusk::oid polygon = 604;
inline constexpr tusk::oid line = 628;
inline constexpr tusk::oid cidr = 650;
inline constexpr tusk::oid float4 = 700;
inline constexpr tusk::oid float8 = 701;
inline constexpr tusk::oid circle = 718;
inline constexpr tusk::oid macaddr8 = 774;
inline constexpr tusk::oid money = 790;
inline constexpr tusk::oid macaddr = 829;
inline constexpr tusk::oid inet = 869;
inline constexpr tusk::oid aclitem = 1033;
inline constexpr tusk::oid bpchar = 1042;
inline constexpr tusk::oid varchar = 1043;
inline constexpr tusk::oid date = 1082;
inline constexpr tusk::oid time = 1083;
inline constexpr tusk::oid timestamp = 1114;
inline constexpr tusk::oid timestamptz = 1184;
inline constexpr tusk::oid interval = 1186;
inline constexpr tusk::oid timetz = 1266;
inline constexpr tusk::oid bit = 1560;
inline constexpr tusk::oid varbit = 1562;
inline constexpr tusk::oid numeric = 1700;
inline constexpr tusk::oid refcursor = 1790;
inline constexpr tusk::oid regprocedure = 2202;
inline constexpr tusk::oid regoper = 2203;
inline constexpr tusk::oid regoperator = 2204;
inline constexpr tusk::oid regclass = 2205;
inline constexpr tusk::oid regtype = 2206;
inline constexpr tusk::oid uuid = 2950;
inline constexpr tusk::oid txid_snapshot = 2970;
inline constexpr tusk::oid pg_lsn = 3220;
inline constexpr tusk::oid pg_ndistinct = 3361;
inline constexpr tusk::oid pg_dependencies = 3402;
inline constexpr tusk::oid tsvector = 3614;
inline constexpr tusk::oid tsquery = 3615;
inline constexpr tusk::oid gtsvector = 3642;
inline constexpr tusk::oid regconfig = 3734;
inline constexpr tusk::oid regdictionary = 3769;
inline constexpr tusk::oid jsonb = 3802;
inline constexpr tusk::oid int4range = 3904;
inline constexpr tusk::oid numrange = 3906;
inline constexpr tusk::oid tsrange = 3908;
inline constexpr tusk::oid tstzrange = 3910;
inline constexpr tusk::oid daterange = 3912;
inline constexpr tusk::oid int8range = 3926;
inline constexpr tusk::oid jsonpath = 4072;
inline constexpr tusk::oid regnamespace = 4089;
inline constexpr tusk::oid regrole = 4096;
inline constexpr tusk::oid regcollation = 4191;
inline constexpr tusk::oid int4multirange = 4451;
inline constexpr tusk::oid nummultirange = 4532;
inline constexpr tusk::oid tsmultirange = 4533;
inline constexpr tusk::oid tstzmultirange = 4534;
inline constexpr tusk::oid datemultirange = 4535;
inline constexpr tusk::oid int8multirange = 4536;
inline constexpr tusk::oid pg_brin_bloom_summary = 4600;
inline constexpr tusk::oid pg_brin_minmax_multi_summary = 4601;
inline constexpr tusk::oid pg_mcv_list = 5017;
inline constexpr tusk::oid pg_snapshot = 5038;
inline constexpr tusk::oid xid8 = 5069;

// Pseudo-types: what functions take and return; `unknown`, `record` and `void` are met in results.
inline constexpr tusk::oid pg_ddl_command = 32;
inline constexpr tusk::oid table_am_handler = 269;
inline constexpr tusk::oid index_am_handler = 325;
inline constexpr tusk::oid unknown = 705;
inline constexpr tusk::oid record = 2249;
inline constexpr tusk::oid cstring = 2275;
inline constexpr tusk::oid any = 2276;
inline constexpr tusk::oid anyarray = 2277;
inline constexpr tusk::oid void_ = 2278;
inline constexpr tusk::oid trigger = 2279;
inline constexpr tusk::oid language_handler = 2280;
inline constexpr tusk::oid internal = 2281;
inline constexpr tusk::oid anyelement = 2283;
inline constexpr tusk::oid anynonarray = 2776;
inline constexpr tusk::oid fdw_handler = 3115;
inline constexpr tusk::oid tsm_handler = 3310;
inline constexpr tusk::oid anyenum = 3500;
inline constexpr tusk::oid anyrange = 3831;
inline constexpr tusk::oid event_trigger = 3838;
inline constexpr tusk::oid anymultirange = 4537;
inline constexpr tusk::oid anycompatiblemultirange = 4538;
inline constexpr tusk::oid anycompatible = 5077;
inline constexpr tusk::oid anycompatiblearray = 5078;
inline constexpr tusk::oid anycompatiblenonarray = 5079;
inline constexpr tusk::oid anycompatiblerange = 5080;

// Array types.
inline constexpr tusk::oid xml_array = 143;
inline constexpr tusk::oid json_array = 199;
inline constexpr tusk::oid pg_type_array = 210;
inline constexpr tusk::oid pg_attribute_array = 270;
inline constexpr tusk::oid xid8_array = 271;
inline constexpr tusk::oid pg_proc_array = 272;
inline constexpr tusk::oid pg_class_array = 273;
inline constexpr tusk::oid line_array = 629;
inline constexpr tusk::oid cidr_array = 651;
inline constexpr tusk::oid circle_array = 719;
inline constexpr tusk::oid macaddr8_array = 775;
inline constexpr tusk::oid money_array = 791;
inline constexpr tusk::oid bool_array = 1000;
inline constexpr tusk::oid bytea_array = 1001;
inline constexpr tusk::oid char_array = 1002;
inline constexpr tusk::oid name_array = 1003;
inline constexpr tusk::oid int2_array = 1005;
inline constexpr tusk::oid int2vector_array = 1006;
inline constexpr tusk::oid int4_array = 1007;
inline constexpr tusk::oid regproc_array = 1008;
inline constexpr tusk::oid text_array = 1009;
inline constexpr tusk::oid tid_array = 1010;
inline constexpr tusk::oid xid_array = 1011;
inline constexpr tusk::oid cid_array = 1012;
inline constexpr tusk::oid oidvector_array = 1013;
inline constexpr tusk::oid bpchar_array = 1014;
inline constexpr tusk::oid varchar_array = 1015;
inline constexpr tusk::oid int8_array = 1016;
inline constexpr tusk::oid point_array = 1017;
inline constexpr tusk::oid lseg_array = 1018;
inline constexpr tusk::oid path_array = 1019;
inline constexpr tusk::oid box_array = 1020;
inline constexpr tusk::oid float4_array = 1021;
inline constexpr tusk::oid float8_array = 1022;
inline constexpr tusk::oid polygon_array = 1027;
inline constexpr tusk::oid oid_array = 1028;
inline constexpr tusk::oid aclitem_array = 1034;
inline constexpr tusk::oid macaddr_array = 1040;
inline constexpr tusk::oid inet_array = 1041;
inline constexpr tusk::oid timestamp_array = 1115;
inline constexpr tusk::oid date_array = 1182;
inline constexpr tusk::oid time_array = 1183;
inline constexpr tusk::oid timestamptz_array = 1185;
inline constexpr tusk::oid interval_array = 1187;
inline constexpr tusk::oid numeric_array = 1231;
inline constexpr tusk::oid cstring_array = 1263;
inline constexpr tusk::oid timetz_array = 1270;
inline constexpr tusk::oid bit_array = 1561;
inline constexpr tusk::oid varbit_array = 1563;
inline constexpr tusk::oid refcursor_array = 2201;
inline constexpr tusk::oid regprocedure_array = 2207;
inline constexpr tusk::oid regoper_array = 2208;
inline constexpr tusk::oid regoperator_array = 2209;
inline constexpr tusk::oid regclass_array = 2210;
inline constexpr tusk::oid regtype_array = 2211;
inline constexpr tusk::oid record_array = 2287;
inline constexpr tusk::oid txid_snapshot_array = 2949;
inline constexpr tusk::oid uuid_array = 2951;
inline constexpr tusk::oid pg_lsn_array = 3221;
inline constexpr tusk::oid tsvector_array = 3643;
inline constexpr tusk::oid gtsvector_array = 3644;
inline constexpr tusk::oid tsquery_array = 3645;
inline constexpr tusk::oid regconfig_array = 3735;
inline constexpr tusk::oid regdictionary_array = 3770;
inline constexpr tusk::oid jsonb_array = 3807;
inline constexpr tusk::oid int4range_array = 3905;
inline constexpr tusk::oid numrange_array = 3907;
inline constexpr tusk::oid tsrange_array = 3909;
inline constexpr tusk::oid tstzrange_array = 3911;
inline constexpr tusk::oid daterange_array = 3913;
inline constexpr tusk::oid int8range_array = 3927;
inline constexpr tusk::oid jsonpath_array = 4073;
inline constexpr tusk::oid regnamespace_array = 4090;
inline constexpr tusk::oid regrole_array = 4097;
inline constexpr tusk::oid regcollation_array = 4192;
inline constexpr tusk::oid pg_snapshot_array = 5039;
inline constexpr tusk::oid int4multirange_array = 6150;
inline constexpr tusk::oid nummultirange_array = 6151;
inline constexpr tusk::oid tsmultirange_array = 6152;
inline constexpr tusk::oid tstzmultirange_array = 6153;
inline constexpr tusk::oid datemultirange_array = 6155;
inline constexpr tusk::oid int8multirange_array = 6157;

}  // namespace oids

/// The name of a built-in type, as error messages show it ("int4", "int4[]"), or "" if `type` is not built in.
/// Lives for ever; any thread.
std::string_view type_name(oid type) noexcept;

/// The built-in type of that name ("int4", "int4[]"), or 0. Any thread.
oid type_of_name(std::string_view name) noexcept;

/// The array type of a built-in type, or 0 if there is none or `element` is not built in.
oid array_of(oid element) noexcept;

/// The type of the elements of a built-in array type, or 0 if `array` is not one.
oid element_of(oid array) noexcept;

/// Whether the type is none of the built-in ones, so that only `load_types()` knows it: made in its database, or when
/// the server's data directory was (information_schema's domains, the row types of the catalogue). False for 0.
bool is_user_defined(oid type) noexcept;

}  // namespace tusk
