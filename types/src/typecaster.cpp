// The typecasters that are registered everywhere. Readers take a snapshot; a registration makes the next one.
#include <tusk/types/typecaster.hpp>

#include <algorithm>
#include <mutex>

#include <tusk/types/error.hpp>

namespace tusk {
namespace {

// Never destroyed: a result may be read by what is destroyed later.
struct registry {
  std::mutex mutex;
  std::shared_ptr<types::caster_map const> current;  // null as long as nothing is registered
};
registry& global() {
  static registry& one = *new registry;
  return one;
}

}  // namespace

void register_type(typecaster const& caster) {
  registry& in = global();
  std::shared_ptr<types::caster_map const> before;  // its functions go when the lock is given back
  std::lock_guard const guard(in.mutex);
  auto next = in.current ? std::make_shared<types::caster_map>(*in.current) : std::make_shared<types::caster_map>();
  for (oid const each : caster.oids()) next->insert_or_assign(each, caster);
  before = std::exchange(in.current, std::move(next));
  ++types::global_casters_version;
}

namespace types {

void require_oids(std::span<oid const> oids, std::string_view name) {
  if (!oids.empty() && std::find(oids.begin(), oids.end(), oid{0}) == oids.end()) return;
  throw programming_error("the typecaster " + std::string(name) +
                          " needs the OIDs of the types it is for, none of them 0; a column's is in columns()[i].type");
}

void throw_other_base(std::string_view name, typecaster const& base, std::type_info const& wanted) {
  throw programming_error("the typecaster " + std::string(name) + " is for elements of type " + type_text(wanted) +
                          ", but " + base.name() + " gives " + type_text(base.yields()));
}

void throw_array_error(std::error_code code, std::size_t position) {
  throw data_error("at byte " + std::to_string(position) + " of an array: " + code.message(), code);
}

std::shared_ptr<caster_map const> global_casters() {
  registry& in = global();
  std::lock_guard const guard(in.mutex);
  return in.current;
}

}  // namespace types
}  // namespace tusk
