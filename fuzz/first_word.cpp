// The first word of any text.
//
// Checked: it is what a slow reading of the grammar finds, one character at a time; comments, spaces and semicolons in
// front change nothing; what it tells does not depend on upper and lower case.
#include "operations/first_word.hpp"

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "support/exact_buffer.hpp"
#include "support/fuzz_input.hpp"

namespace {

using namespace tusk::detail;

std::string expected(std::string_view sql) {
  enum { between, line, block } in = between;
  int depth = 0;
  std::string_view rest = sql;
  while (!rest.empty()) {
    char const c = rest[0];
    std::string_view const pair = rest.substr(0, 2);
    std::size_t taken = 1;
    if (in == line) {
      if (c == '\n' || c == '\r') in = between;
    } else if (pair == "/*") {
      in = block;
      ++depth;
      taken = 2;
    } else if (in == block) {
      if (pair == "*/") {
        taken = 2;
        if (--depth == 0) in = between;
      }
    } else if (pair == "--") {
      in = line;
    } else if (c != ';' && std::isspace(static_cast<unsigned char>(c)) == 0) {
      break;
    }
    rest.remove_prefix(taken);
  }
  std::string word;
  auto const is_letter = [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
  };
  for (char const c : rest) {
    bool const behind = std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '$';
    if (!is_letter(c) && (word.empty() || !behind)) break;
    word += c;
  }
  return word;
}

std::string other_case(std::string_view text) {
  std::string made;
  for (char const c : text)
    made += static_cast<char>(std::islower(static_cast<unsigned char>(c)) != 0
                                  ? std::toupper(static_cast<unsigned char>(c))
                                  : std::tolower(static_cast<unsigned char>(c)));
  return made;
}

void check(std::string_view text) {
  auto const word = first_word(text);
  FUZZ_CHECK(word == expected(text));
  std::string const behind = ";/* /* COPY */ */ -- COMMIT\n\t" + std::string(text);
  FUZZ_CHECK(first_word(behind) == word);
  std::string const other = other_case(word);
  FUZZ_CHECK(is_copy(word) == is_copy(other));
  FUZZ_CHECK(may_change_transaction(word) == may_change_transaction(other));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  check(tusk::test::exact_buffer(tusk::test::fuzz_text(data, size)).view());
  return 0;
}
