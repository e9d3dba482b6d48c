#include <tusk/types/format.hpp>

namespace tusk::types {

bool is_faster_in_binary(oid type) noexcept {
  switch (type) {
    case oids::int8:
    case oids::float4:
    case oids::float8:
    case oids::timestamp:
    case oids::timestamptz:
    case oids::date:
    case oids::time:
    case oids::bytea:
    case oids::uuid:
    case oids::inet:
    case oids::cidr:
    case oids::int2_array:
    case oids::int4_array:
    case oids::int8_array:
    case oids::float4_array:
    case oids::float8_array:
    case oids::text_array: return true;
    default: return false;
  }
}

}  // namespace tusk::types
