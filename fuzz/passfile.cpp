// Fuzzes password files. The input is the host, port, database and user that a password is wanted for, a line each, and
// then the file.
//
// Oracles: a password that is found stands in a line of the file; the file after a first line that does not fit gives
// the same; a line made for the key, in front, is the one that is found.
#include "conninfo/passfile.hpp"

#include "support/fuzz_input.hpp"

namespace {

using namespace tusk::client;

std::string_view take_line(std::string_view& text) {
  std::string_view const line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::string escaped(std::string_view field) {
  std::string out;
  for (char c : field) {
    if (c == ':' || c == '\\' || c == '*') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view rest = tusk::test::fuzz_text(data, size);
  password_key wanted;
  for (std::string_view* field : {&wanted.host, &wanted.port, &wanted.dbname, &wanted.user}) *field = take_line(rest);

  auto const found = find_password(rest, wanted);
  if (found) {
    FUZZ_CHECK(found->size() <= rest.size() && found->find('\n') == found->npos);
    FUZZ_CHECK(found->empty() || rest.find(found->front()) != rest.npos);
  }
  FUZZ_CHECK(find_password("#*:*:*:*:comment\n" + std::string(rest), wanted) == found);

  std::string key = escaped(wanted.host) + ':' + escaped(wanted.port) + ':' + escaped(wanted.dbname) + ':';
  key += escaped(wanted.user) + ':';
  // A line that begins with # is a comment, whatever the host is called.
  if (!key.starts_with('#')) {
    FUZZ_CHECK(find_password(key + "s\\:e\\\\c\n" + std::string(rest), wanted) == "s:e\\c");
  }
  FUZZ_CHECK(find_password("*:*:*:*:all:more\n" + std::string(rest), wanted) == "all");
  return 0;
}
