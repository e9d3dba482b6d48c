#include <tusk/types/read_any.hpp>

#include <optional>
#include <utility>

#include <tusk/types/builtin.hpp>

namespace tusk::types {
namespace {

using binary_reader_of_value = protocol::expected<value> (*)(std::string_view, oid, read_context const&);

template <class T>
value read_value(oid as, std::string_view text, oid type, read_context const& in,
                 std::optional<protocol::parse_error>& error) {
  if constexpr (quickly_readable<T>) {
    if (T quick{}; reads_quickly<T>(type) && from_text<T>::parse_quickly(text, quick)) [[likely]]
      return value(std::move(quick), as);
  }
  auto read = read_text<T>(text, type, in);
  if (read) return value(*std::move(read), as);
  error = read.error();
  return value();
}

template <class T>
protocol::expected<value> read_binary_value(std::string_view bytes, oid type, read_context const& in) {
  if constexpr (binary_readable<T>) {
    if (from_binary<T>::reads(type)) {
      auto read = read_binary<T>(bytes, type, in);
      if (!read) return read.error();
      return value(*std::move(read));
    }
  }
  return protocol::parse_error{errc::wrong_type, 0};
}

/// How a type is read, and an array of it; then the same from the binary form.
struct readers {
  any_reader one;
  any_reader many;
  binary_reader_of_value one_binary;
  binary_reader_of_value many_binary;
};

template <class T>
constexpr readers read_with{&read_value<T>, &read_value<array<std::optional<T>>>, &read_binary_value<T>,
                            &read_binary_value<array<std::optional<T>>>};

/// Null: the table does not have it.
template <class T>
constexpr readers const* readers_of = &read_with<T>;

readers const* find(oid type) noexcept {
  switch (type) {
    case oids::text:
    case oids::varchar:
    case oids::bpchar:
    case oids::name: return readers_of<std::string>;
    case oids::bool_: return readers_of<bool>;
    case oids::int2:
    case oids::int4: return readers_of<std::int32_t>;
    case oids::int8: return readers_of<std::int64_t>;
    case oids::oid: return readers_of<std::uint32_t>;
    case oids::float4: return readers_of<float>;
    case oids::float8: return readers_of<double>;
    case oids::numeric: return readers_of<numeric>;
    case oids::money: return readers_of<money>;
    case oids::bytea: return readers_of<std::vector<std::byte>>;
    case oids::char_: return readers_of<char>;
    case oids::date: return readers_of<date>;
    case oids::time: return readers_of<time>;
    case oids::timetz: return readers_of<time_tz>;
    case oids::timestamp: return readers_of<timestamp>;
    case oids::timestamptz: return readers_of<timestamptz>;
    case oids::interval: return readers_of<interval>;
    case oids::uuid: return readers_of<uuid>;
    case oids::json:
    case oids::jsonb: return readers_of<json>;
    case oids::xml: return readers_of<xml>;
    case oids::inet: return readers_of<inet>;
    case oids::cidr: return readers_of<cidr>;
    case oids::bit:
    case oids::varbit: return readers_of<bits>;
    case oids::int4range: return readers_of<range<std::int32_t>>;
    case oids::int8range: return readers_of<range<std::int64_t>>;
    case oids::numrange: return readers_of<range<numeric>>;
    case oids::daterange: return readers_of<range<date>>;
    case oids::tsrange: return readers_of<range<timestamp>>;
    case oids::tstzrange: return readers_of<range<timestamptz>>;
    case oids::int4multirange: return readers_of<multirange<std::int32_t>>;
    case oids::int8multirange: return readers_of<multirange<std::int64_t>>;
    case oids::nummultirange: return readers_of<multirange<numeric>>;
    case oids::datemultirange: return readers_of<multirange<date>>;
    case oids::tsmultirange: return readers_of<multirange<timestamp>>;
    case oids::tstzmultirange: return readers_of<multirange<timestamptz>>;
    case oids::point: return readers_of<point>;
    case oids::line: return readers_of<line>;
    case oids::lseg: return readers_of<lseg>;
    case oids::box: return readers_of<box>;
    case oids::path: return readers_of<path>;
    case oids::polygon: return readers_of<polygon>;
    case oids::circle: return readers_of<circle>;
    case oids::macaddr: return readers_of<macaddr>;
    case oids::macaddr8: return readers_of<macaddr8>;
    case oids::tsvector: return readers_of<tsvector>;
    case oids::tsquery: return readers_of<tsquery>;
    case oids::jsonpath: return readers_of<jsonpath>;
    case oids::pg_lsn: return readers_of<pg_lsn>;
    case oids::pg_snapshot:
    case oids::txid_snapshot: return readers_of<pg_snapshot>;
    case oids::xid: return readers_of<xid>;
    case oids::xid8: return readers_of<xid8>;
    case oids::cid: return readers_of<cid>;
    case oids::tid: return readers_of<tid>;
    default: return nullptr;
  }
}
readers const& of(oid type) noexcept {
  auto const* const found = find(type);
  return found == nullptr ? *readers_of<std::string> : *found;
}

}  // namespace

any_reader any_reader_of(oid type) noexcept {
  if (auto const* const known = find(type)) return known->one;
  oid const element = element_of(type);
  return element == 0 ? of(type).one : of(element).many;
}

protocol::expected<value> read_any(std::string_view text, oid type, read_context const& in) {
  std::optional<protocol::parse_error> error;
  value made = any_reader_of(type)(0, text, type, in, error);
  if (error) return *error;
  return made;
}

protocol::expected<value> read_any_binary(std::string_view bytes, oid type, read_context const& in) {
  if (auto const* const known = find(type)) return known->one_binary(bytes, type, in);
  oid const element = element_of(type);
  return element == 0 ? of(type).one_binary(bytes, type, in) : of(element).many_binary(bytes, type, in);
}

}  // namespace tusk::types
