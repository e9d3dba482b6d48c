// Fuzzes service files. The input is the service's name, a line, and then the file.
//
// Oracles: what is found stands in the file, in order, with known keywords; a file of nothing but that section gives
// the same; errors name a line of the file and show none of it that could be a secret.
#include "conninfo/service_file.hpp"

#include <algorithm>

#include "support/fuzz_input.hpp"

namespace {

using namespace tusk::client;

void check_error(std::string_view file, conninfo_error const& error) {
  auto const lines = static_cast<std::size_t>(std::ranges::count(file, '\n')) + 1;
  FUZZ_CHECK(error.message.starts_with("line "));
  std::size_t const number = std::stoul(error.message.substr(5));
  FUZZ_CHECK(number >= 1 && number <= lines && error.position == not_in_text);
  FUZZ_CHECK(error.message.size() < 400);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view file = tusk::test::fuzz_text(data, size);
  std::string_view const service = file.substr(0, file.find('\n'));
  file.remove_prefix(std::min(service.size() + 1, file.size()));

  auto const parsed = parse_service_file(file, service);
  if (auto const* error = std::get_if<conninfo_error>(&parsed)) {
    check_error(file, *error);
    return 0;
  }
  auto const& section = std::get<0>(parsed);
  if (!section) return 0;
  std::string alone = "[" + std::string(service) + "]\n";
  std::size_t before = 0;
  for (service_setting const& each : *section) {
    FUZZ_CHECK(find_keyword(each.keyword) != nullptr && each.line > before);
    FUZZ_CHECK(each.value.find_first_of(std::string_view("\n\0", 2)) == each.value.npos);
    FUZZ_CHECK(each.keyword.data() >= file.data() && each.value.data() <= file.data() + file.size());
    before = each.line;
    alone += std::string(each.keyword) + '=' + std::string(each.value) + '\n';
  }
  // A name with white space at its front or with a bracket is read by other rules when its line stands alone.
  if (alone.size() > 1000 || service.find_first_of(" \t\v\f\r]\0") != service.npos) return 0;
  auto const again = parse_service_file(alone, service);
  auto const* const same = std::get_if<0>(&again);
  FUZZ_CHECK(same != nullptr && *same && (*same)->size() == section->size());
  for (std::size_t i = 0; i < section->size(); ++i) {
    FUZZ_CHECK((**same)[i].keyword == (*section)[i].keyword && (**same)[i].value == (*section)[i].value);
  }
  return 0;
}
