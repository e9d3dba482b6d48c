#include <tusk/types/params.hpp>

#include <string>

#include <tusk/types/errc.hpp>
#include <tusk/types/error.hpp>

namespace tusk {

namespace {

// No local static, which would be asked at every round trip whether it exists: zeros, which it is before its turn among
// the constructors comes, are an object without arguments too.
params const no_arguments;

}  // namespace

params const& params::none() noexcept { return no_arguments; }

void params::throw_too_many() {
  std::error_code const code = types::errc::too_many_parameters;
  throw programming_error(code.message(), code);
}

void params::throw_unnamed() {
  throw programming_error("a named argument has an empty name; give it one", types::errc::malformed_name);
}

void params::check_notes() const {
  for (note const& each : notes_) {
    if (each.how.as == types::shape::sql) {
      std::error_code const code = types::errc::not_bindable;
      throw programming_error("argument " + std::to_string(each.index + 1) + ": " + code.message(), code);
    }
    if (!each.name.empty()) {
      throw programming_error("argument " + std::to_string(each.index + 1) +
                                  " has a name, but a bound statement knows its arguments by number; pass them in the "
                                  "order of $1, $2, or merge them",
                              types::errc::not_bindable);
    }
  }
}

std::vector<types::argument_view> params::arguments() const {
  std::vector<types::argument_view> all;
  all.reserve(count());
  std::string_view rest = wire();
  auto next = notes_.begin();
  for (std::size_t i = 0; i < count(); ++i) {
    auto const octet = [rest](std::size_t at) { return std::uint32_t{static_cast<unsigned char>(rest[at])}; };
    std::uint32_t const length = octet(0) << 24 | octet(1) << 16 | octet(2) << 8 | octet(3);
    bool const null = length == 0xffff'ffff;
    types::argument_view& each = all.emplace_back();
    each.text = rest.substr(length_size, null ? 0 : length);
    each.how = {null ? types::shape::null : types::shape::text, {types()[i]}};
    if (next != notes_.end() && next->index == i) {
      each.how = next->how;
      each.how.type.name = next->type_name;
      each.name = next->name;
      ++next;
    }
    rest.remove_prefix(length_size + each.text.size());
  }
  return all;
}

}  // namespace tusk
