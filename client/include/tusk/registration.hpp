// Typecasters and adapters for one connection.
#pragma once

#include <tusk/connection.hpp>
#include <tusk/types/registry.hpp>
#include <tusk/types/typecaster.hpp>
#include <utility>

namespace tusk {

/// Registers a typecaster for the results of one connection; it comes before those registered everywhere.
void register_type(typecaster const& caster, connection& conn);

/// Registers a function that adapts values of `T` for the statements of one connection; it comes before the one that is
/// registered everywhere. See adapter_registry::add.
template <class T, class Function>
void register_adapter(Function adapt, connection& conn) {
  conn.adapters().template add<T>(std::move(adapt));
}

}  // namespace tusk
