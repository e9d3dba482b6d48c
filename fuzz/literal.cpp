// Literals of any text, as any type, as the server's lexer reads them.
//
// Input: a letter that chooses the type (see `kind_of`), then the text.
//
// Checked: text that is not UTF-8 or has a NUL is refused; any other gives one literal, under either setting of
// standard_conforming_strings: a string with the same text and the type's cast, or a number with the same characters,
// or true or false; a name in double quotes holds the same name.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tusk/protocol/utf8.hpp>
#include <tusk/types/array_reader.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/literal.hpp>
#include <tusk/types/params.hpp>

#include "support/fuzz_input.hpp"
#include "support/sql_lexer.hpp"

namespace {

struct kind {
  tusk::argument_type type;
  std::string_view cast;  // behind a string
  bool array = false;     // in parentheses
  bool number = false;
  bool floating = false;
};

kind kind_of(char letter) {
  namespace oids = tusk::oids;
  switch (letter) {
    case 'b': return {{oids::bool_}, "::pg_catalog.bool"};
    case 'h': return {{oids::int2}, "::pg_catalog.int2", false, true};
    case 'i': return {{oids::int4}, "::pg_catalog.int4", false, true};
    case 'l': return {{oids::int8}, "::pg_catalog.int8", false, true};
    case 'o': return {{oids::oid}, "::pg_catalog.oid"};
    case 'n': return {{oids::numeric}, "::pg_catalog.numeric", false, true};
    case 'f': return {{oids::float4}, "::pg_catalog.float4", false, true, true};
    case 'd': return {{oids::float8}, "::pg_catalog.float8", false, true, true};
    case 'D': return {{oids::date}, "::pg_catalog.date"};
    case 'B': return {{oids::bit}, "::pg_catalog.\"bit\""};
    case 'a': return {{oids::int4_array}, "::pg_catalog.int4[]", true};
    case 's': return {{oids::text_array}, "::pg_catalog.text[]", true};
    case 'c': return {{0, "shop.color"}, "::shop.color", true};
    case 'e': return {{0, "shop.color", false, true}, "::shop.color"};
    case 'C': return {{0, "shop.color", true}, "::shop.color[]", true};
    default: return {{}, ""};
  }
}

std::string string_of(tusk::types::text_buffer const& buffer) { return {buffer.data(), buffer.size()}; }

// Whether it is the text, as a string constant and its cast.
bool is_string(std::string_view literal, std::string_view text, kind const& expected, bool standard) {
  if (expected.array) {
    if (!literal.starts_with('(') || !literal.ends_with(')')) return false;
    literal = literal.substr(1, literal.size() - 2);
  }
  return tusk::test::take_string(literal, standard) == text && literal == expected.cast;
}

// Whether it is an array of the same strings: (ARRAY['a', NULL]).
bool is_strings(std::string_view literal, std::string_view text, bool standard) {
  if (text == "{}") return literal == "'{}'";
  tusk::types::array_reader expected(text, ',');
  if (!literal.starts_with("(ARRAY[")) return false;
  literal.remove_prefix(6);
  auto const skip = [&] { literal.remove_prefix(std::min(literal.find_first_not_of("[], "), literal.size())); };
  while (expected.next()) {
    skip();
    if (expected.is_null()) {
      if (!literal.starts_with("NULL")) return false;
      literal.remove_prefix(4);
    } else if (tusk::test::take_string(literal, standard) != expected.element().text) {
      return false;
    }
  }
  skip();
  return !expected.error() && literal == ")";
}

// Whether it is the text, as a number, and its cast where the constant alone would be of another type.
bool is_number(std::string_view literal, std::string_view text, kind const& expected) {
  bool const floating = expected.floating;
  bool const typed = literal.ends_with(expected.cast);
  if (typed) literal.remove_suffix(expected.cast.size());
  bool const whole = text.find_first_of(".e") == text.npos;
  namespace oids = tusk::oids;
  if (typed != (expected.type.oid == oids::float4 || (expected.type.oid == oids::numeric && whole) ||
                (expected.type.oid != oids::float8 && text == "-9223372036854775808")))
    return false;
  bool const negative = literal.starts_with("(-");
  if (negative) {
    if (!literal.ends_with(')') || !text.starts_with('-')) return false;
    literal = literal.substr(2, literal.size() - 3);
    text.remove_prefix(1);
    if (floating && text.find_first_not_of("0.") == text.npos) return false;  // has lost its sign
  }
  if (floating && literal.size() == text.size() + 2 && literal.ends_with(".0")) {
    literal.remove_suffix(2);
  } else if (floating && text.find_first_of(".e") == text.npos) {
    return false;  // would be an integer
  }
  std::string_view rest = literal;
  return literal == text && !tusk::test::take_number(rest).empty() && rest.empty();
}

void check_identifier(std::string_view name) {
  tusk::types::text_buffer buffer;
  try {
    tusk::types::append_identifier(buffer, name);
  } catch (tusk::programming_error const&) {
    FUZZ_CHECK(name.empty());
    return;
  }
  std::string const written = string_of(buffer);
  std::string_view rest = written;
  FUZZ_CHECK(tusk::test::take_identifier(rest) == name && rest.empty());
}

void check(kind const& expected, std::string_view text) {
  tusk::params args;
  try {
    args.add(text);
  } catch (tusk::data_error const&) {
    FUZZ_CHECK(text.find('\0') != text.npos || tusk::protocol::find_invalid_utf8(text) != text.npos);
    return;
  }
  FUZZ_CHECK(text.find('\0') == text.npos && tusk::protocol::find_invalid_utf8(text) == text.npos);
  tusk::types::text_buffer buffer;
  tusk::types::append_literal(buffer, text, expected.type);
  std::string const literal = string_of(buffer);
  for (bool const standard : {false, true}) {
    if (is_string(literal, text, expected, standard)) continue;
    if (expected.type.oid == tusk::oids::text_array && is_strings(literal, text, standard)) continue;
    if (expected.number) {
      FUZZ_CHECK(is_number(literal, text, expected));
    } else {
      FUZZ_CHECK(expected.cast == "::pg_catalog.bool" &&
                 ((literal == "true" && text == "t") || (literal == "false" && text == "f")));
    }
  }
  check_identifier(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  check(kind_of(static_cast<char>(data[0])), tusk::test::fuzz_text(data + 1, size - 1));
  return 0;
}
