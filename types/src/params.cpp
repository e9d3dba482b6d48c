#include <tusk/types/params.hpp>

#include <algorithm>
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

/// Of the argument that is added; those before it are text if nothing was said.
void params::add_format(bool binary) {
  std::size_t const end = 2 * (count() + 1);
  std::size_t const missing = end - formats_.size();
  std::memset(formats_.reserve(missing), 0, missing);
  formats_.commit(missing);
  formats_.data()[end - 1] = binary ? 1 : 0;
}

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

bool params::find_name() const noexcept {
  return std::any_of(notes_.begin(), notes_.end(), [](note const& each) { return !each.name.empty(); });
}

types::argument_view params::reader::next() noexcept {
  auto const text = this->text();
  types::argument_view given{
      text.value_or(std::string_view()), {text ? types::shape::text : types::shape::null, {type()}}, {}};
  if (has_note()) {
    given.how = note_->how;
    given.how.type.name = note_->type_name;
    given.name = note_->name;
    ++note_;
  }
  skip(given.text.size());
  return given;
}

std::vector<types::argument_view> params::arguments() const {
  std::vector<types::argument_view> all;
  all.reserve(count());
  reader each(*this);
  for (std::size_t i = 0; i < count(); ++i) all.push_back(each.next());
  return all;
}

}  // namespace tusk
