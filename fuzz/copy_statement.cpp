// The options of any COPY statement.
//
// Checked: whether it is a COPY is what first_word() says; a comment or a semicolon in front, and one behind, change
// nothing; what is certain where a backslash may mean two things is the same where it means itself.
#include "operations/copy_statement.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "operations/first_word.hpp"
#include "support/exact_buffer.hpp"
#include "support/fuzz_input.hpp"

namespace {

using namespace tusk::detail;

bool same(copy_statement const& a, copy_statement const& b) {
  return a.is_copy == b.is_copy && a.is_certain == b.is_certain && a.is_utf8 == b.is_utf8 &&
         a.matches_header == b.matches_header && a.format == b.format;
}

void check(std::string_view sql) {
  auto const read = read_copy_statement(sql, true), careful = read_copy_statement(sql, false);
  FUZZ_CHECK(read.is_copy == is_copy(first_word(sql)));
  FUZZ_CHECK(!careful.is_certain || same(read, careful));
  FUZZ_CHECK(same(read, read_copy_statement("; /* COPY */ -- x\n" + std::string(sql), true)));
  if (read.is_certain) FUZZ_CHECK(same(read, read_copy_statement(std::string(sql) + "\n;", true)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  check(tusk::test::exact_buffer(tusk::test::fuzz_text(data, size)).view());
  return 0;
}
