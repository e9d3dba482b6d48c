#include "engine/last_words.hpp"

#include <memory>
#include <string>
#include <tusk/types/error.hpp>

namespace tusk::detail {
namespace {

struct told_error {
  std::string text;
  std::shared_ptr<diagnostics const> fields;  // null if it is no server's
  std::error_code code;
};

told_error told_by(std::exception_ptr const& of) {
  try {
    std::rethrow_exception(of);
  } catch (error const& e) {
    if (e.diagnostics().message.empty() && e.sqlstate().empty()) return {e.what(), nullptr, e.code()};
    return {e.what(), std::make_shared<diagnostics const>(e.diagnostics()), {}};
  } catch (std::exception const& e) {
    return {e.what(), nullptr, {}};
  } catch (...) {
    return {"an exception that is no std::exception", nullptr, {}};
  }
}

}  // namespace

std::exception_ptr with_earlier(std::exception_ptr last, std::exception_ptr const& earlier) noexcept {
  try {
    told_error const now = told_by(last), before = told_by(earlier);
    std::string const text = now.text + "\nbefore that: " + before.text;
    if (auto const& fields = now.fields ? now.fields : before.fields)
      return std::make_exception_ptr(operational_error(text, fields, true));
    return std::make_exception_ptr(operational_error(text, now.code, true));
  } catch (std::exception const&) {
    return last;
  }
}

}  // namespace tusk::detail
