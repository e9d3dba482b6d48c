#include <tusk/types/registry.hpp>

#include <cxxabi.h>

#include <cstdlib>
#include <string>

#include <tusk/types/errc.hpp>
#include <tusk/types/error.hpp>

namespace tusk {
namespace {

// As a program writes it.
std::string name_of(std::type_info const& type) {
  struct freed {
    void operator()(char* p) const { std::free(p); }
  };
  std::unique_ptr<char, freed> const name(abi::__cxa_demangle(type.name(), nullptr, nullptr, nullptr));
  return name ? name.get() : type.name();
}

}  // namespace

adapter_registry& adapter_registry::global() {
  static auto& instance = *new adapter_registry;  // lives as long as anything that could ask it
  return instance;
}

void adapter_registry::set(std::type_index type, function adapt) {
  auto shared = std::make_shared<function const>(std::move(adapt));
  std::lock_guard const lock(mutex_);
  functions_[type].swap(shared);  // the old one goes after the lock
}

std::shared_ptr<adapter_registry::function const> adapter_registry::find(std::type_index type) const {
  std::lock_guard const lock(mutex_);
  auto const found = functions_.find(type);
  return found == functions_.end() ? nullptr : found->second;
}

std::shared_ptr<loaded_types const> adapter_registry::types() const {
  std::lock_guard const lock(mutex_);
  return types_;
}

void adapter_registry::set_types(std::shared_ptr<loaded_types const> found) {
  std::lock_guard const lock(mutex_);
  types_.swap(found);  // the old one goes after the lock
}

namespace types {
namespace {

// How many functions may stand within one another: fewer than the stack bears, more than anybody nests values.
constexpr int deepest = 100;
thread_local int levels = 0;

class one_deeper {
 public:
  explicit one_deeper(std::type_info const& type) {
    if (levels == deepest)
      throw programming_error("can't adapt type '" + name_of(type) +
                              "': the registered functions lead to each other, " + std::to_string(deepest) +
                              " deep; let one of them give a value with an adapter of its own");
    ++levels;
  }
  one_deeper(one_deeper const&) = delete;
  one_deeper& operator=(one_deeper const&) = delete;
  ~one_deeper() { --levels; }
};

}  // namespace

void throw_not_adapted(std::type_info const& type) {
  std::string const name = name_of(type);
  throw programming_error("can't adapt type '" + name + "': nothing is registered for it; call " +
                              "tusk::register_adapter<" + name + ">(function) before",
                          make_error_code(errc::not_registered));
}

written write_registered(std::type_info const& type, void const* value, text_buffer& to, adapt_context const& context,
                         bool plain) {
  auto function = context.registry() != nullptr ? context.registry()->find(type) : nullptr;
  if (!function) function = adapter_registry::global().find(type);
  if (!function) throw_not_adapted(type);
  one_deeper const now(type);
  return (*function)(value, to, context, plain);
}

}  // namespace types
}  // namespace tusk
