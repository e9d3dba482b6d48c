#include <tusk/types/read_any.hpp>

#include <tusk/types/builtin.hpp>

namespace tusk::types {
namespace {

template <class T>
protocol::expected<value> read_as(std::string_view text, oid type) {
  auto read = read_text<T>(text, type);
  if (!read) return read.error();
  return value(*std::move(read));
}

}  // namespace

protocol::expected<value> read_any(std::string_view text, oid type) {
  switch (type) {
    case oids::bool_: return read_as<bool>(text, type);
    case oids::int2:
    case oids::int4: return read_as<std::int32_t>(text, type);
    case oids::int8: return read_as<std::int64_t>(text, type);
    case oids::oid: return read_as<oid>(text, type);
    case oids::float4: return read_as<float>(text, type);
    case oids::float8: return read_as<double>(text, type);
    case oids::bytea: return read_as<std::vector<std::byte>>(text, type);
    default: return value(std::string(text));
  }
}

}  // namespace tusk::types
