// Quoting copies eight bytes at a time; behind one that is to be doubled, the rest of the eight is written once more,
// one byte further on.
#include <tusk/types/literal.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include <tusk/types/array_reader.hpp>
#include <tusk/types/errc.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/number.hpp>

namespace tusk::types {
namespace {

// The lowest bit of each byte of `word` that is `c`.
constexpr std::uint64_t find(std::uint64_t word, char c) noexcept {
  constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
  std::uint64_t const other = word ^ ones * static_cast<unsigned char>(c);  // zero where it is `c`
  return ~(((other & 0x7f * ones) + 0x7f * ones) | other) >> 7 & ones;
}

// Whether a quote or a backslash is in a text.
bool needs_escapes(std::string_view text) noexcept {
  std::uint64_t found = 0, word = 0;
  if (text.size() < sizeof word) {
    for (char const c : text) found |= std::uint64_t{c == '\'' || c == '\\'};
    return found != 0;
  }
  auto const look = [&](char const* at) {
    std::memcpy(&word, at, sizeof word);
    found |= find(word, '\'') | find(word, '\\');
  };
  char const* const end = text.data() + text.size();
  for (char const* at = text.data(); end - at > 8; at += 8) look(at);
  look(end - 8);  // overlaps the one before
  return found != 0;
}

// Appends `text`, and each of the characters `Doubled` twice.
template <char... Doubled>
void append_doubling(text_buffer& out, std::string_view text) {
  constexpr std::size_t at_once = 4096;
  constexpr std::size_t word_size = sizeof(std::uint64_t);
  std::size_t doubled = 0;  // counted in a long text alone: a buffer that grows holds its content twice meanwhile
  if (text.size() > at_once)
    for (char const c : text) doubled += (std::size_t{c == Doubled} + ...);
  out.reserve(text.size() + doubled + std::min(text.size(), at_once) + word_size);
  while (!text.empty()) {
    std::string_view const part = text.substr(0, at_once);
    text.remove_prefix(part.size());
    char* const begin = out.reserve(2 * part.size() + word_size);  // a word is written where less may be left
    char* to = begin;
    char const* from = part.data();
    char const* const end = from + part.size();
    while (std::endian::native == std::endian::little && from != end) {
      std::size_t left = std::min(static_cast<std::size_t>(end - from), word_size);
      std::uint64_t word = load_characters(from, left);
      from += left;
      for (std::uint64_t found = (find(word, Doubled) | ...); found != 0;) {
        auto const before = static_cast<std::size_t>(std::countr_zero(found)) / 8;
        std::memcpy(to, &word, word_size);
        to += before + 2;
        to[-1] = to[-2];
        left -= before + 1;
        word = word >> 8 * before >> 8;
        found = found >> 8 * before >> 8;
      }
      std::memcpy(to, &word, word_size);
      to += left;
    }
    for (; from != end; ++from) {
      *to++ = *from;
      if (((*from == Doubled) || ...)) *to++ = *from;
    }
    out.commit(static_cast<std::size_t>(to - begin));
  }
}

void append(text_buffer& to, std::string_view text) { to.append(text.data(), text.size()); }

bool is_numeric(oid type) noexcept {
  switch (type) {
    case oids::int2:
    case oids::int4:
    case oids::int8:
    case oids::numeric:
    case oids::float4:
    case oids::float8: return true;
    default: return false;
  }
}

constexpr bool is_floating(oid type) noexcept { return type == oids::float4 || type == oids::float8; }

// What a text is to a statement's grammar, and to our writers: digits [ "." digits ] [ "e" [ sign ] digits ].
enum class magnitude : unsigned char { none, whole, fraction };

magnitude magnitude_of(std::string_view text) noexcept {
  // Takes digits off the front, at least one.
  auto const take_digits = [&text] {
    std::size_t const count = count_digits(text);
    text.remove_prefix(count);
    return count != 0;
  };
  if (!take_digits()) return magnitude::none;
  if (text.empty()) return magnitude::whole;  // which the server takes for an integer
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!take_digits()) return magnitude::none;
  }
  if (text.starts_with('e')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!take_digits()) return magnitude::none;
  }
  return text.empty() ? magnitude::fraction : magnitude::none;
}

// Whether the constant alone would be of another kind than the type, so that 7 / it were another division or a real
// column not equal to it.
bool needs_cast(std::string_view text, bool negative, bool whole, oid type) noexcept {
  if (type == oids::float4) return true;
  if (type == oids::numeric) return whole;
  return negative && text == "9223372036854775808";  // a numeric until it is negated
}

// False, and nothing is appended, for what is not a number of the grammar, and for the floating point -0, which would
// lose its sign: a literal with a point is a numeric.
bool append_number(text_buffer& to, std::string_view text, oid type) {
  bool const negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  magnitude const form = magnitude_of(text);
  if (form == magnitude::none) return false;
  if (is_floating(type) && negative && text.find_first_not_of("0.") == text.npos) return false;
  if (negative) append(to, "(-");
  append(to, text);
  if (is_floating(type) && form == magnitude::whole) append(to, ".0");  // else 1.0 / 2.0 would be 1 / 2, 0
  if (negative) to.push_back(')');
  if (needs_cast(text, negative, form == magnitude::whole, type)) {
    append(to, "::pg_catalog.");
    append(to, type_name(type));
  }
  return true;
}

// The common numbers, which append_number would append as they are: a non-negative integer, or a fraction in a float8.
// False, and nothing is appended, for any other.
bool append_plain_number(text_buffer& to, std::string_view text, oid type) {
  bool const is_plain = type == oids::float8 ? magnitude_of(text) == magnitude::fraction
                                             : !text.empty() && count_digits(text) == text.size();
  if (is_plain) append(to, text);
  return is_plain;
}

// Whether a subscript, or the name of a field, may follow a value of a built-in type.
bool has_parts(oid type) noexcept {
  switch (type) {
    case oids::name:
    case oids::int2vector:
    case oids::oidvector:
    case oids::point:
    case oids::lseg:
    case oids::line:
    case oids::box:
    case oids::jsonb: return true;
    default: return element_of(type) != 0;
  }
}

// Of which no text can be read, or which says no more than nothing does.
bool is_pseudo(oid type) noexcept {
  switch (type) {
    case oids::unknown:
    case oids::record:
    case oids::record_array:
    case oids::cstring:
    case oids::void_: return true;
    default: return false;
  }
}

// `('...'::schema.type[])`
void append_cast(text_buffer& to, std::string_view text, std::string_view schema, std::string_view name, bool array,
                 bool parentheses) {
  append(to, parentheses ? "(" : "");
  append_quoted(to, text);
  append(to, "::");
  append(to, schema);
  append(to, name == "bit" ? "\"bit\"" : name == "bit[]" ? "\"bit\"[]" : name);  // bit is bit(1) in a statement
  append(to, array ? "[]" : "");
  append(to, parentheses ? ")" : "");
}

// An array of strings as ARRAY[..]: of type text[] as when it is bound, but empty it is whatever the statement needs.
// False, and nothing is appended, for one with bounds, which has no such form.
bool append_strings(text_buffer& to, std::string_view text) {
  if (text == "{}") {
    append_quoted(to, text);
    return true;
  }
  array_reader check(text, ',');
  while (check.next()) {}
  if (check.error() || text.starts_with('[')) return false;
  auto const dimensions = std::as_const(check).shape().dimensions();
  // How many brackets open before element `i`; as many close behind the one before it.
  auto const edges = [&](std::size_t i) {
    std::size_t levels = 0;
    std::size_t size = 1;
    for (std::size_t d = dimensions.size(); d-- > 0; ++levels) {
      size *= dimensions[d].size;
      if (i % size != 0) break;
    }
    return levels;
  };
  array_reader reader(text, ',');
  append(to, "(ARRAY");
  for (std::size_t i = 0; reader.next(); ++i) {
    std::size_t const levels = edges(i);
    for (std::size_t n = 0; i != 0 && n < levels; ++n) to.push_back(']');
    append(to, i == 0 ? "" : ", ");
    for (std::size_t n = 0; n < levels; ++n) to.push_back('[');
    reader.is_null() ? append(to, "NULL") : append_quoted(to, reader.element().text);
  }
  for (std::size_t n = 0; n < dimensions.size(); ++n) to.push_back(']');
  to.push_back(')');
  return true;
}

}  // namespace

void append_quoted(text_buffer& to, std::string_view text) {
  constexpr std::size_t short_text = 64;  // a longer one is looked at while it is copied
  if (text.size() <= short_text && !needs_escapes(text)) {
    char* const at = to.reserve(text.size() + 2);
    at[0] = '\'';
    copy_bytes(at + 1, text.data(), text.size());
    at[text.size() + 1] = '\'';
    return to.commit(text.size() + 2);
  }
  bool const escapes = text.find('\\') != text.npos;
  append(to, escapes ? " E'" : "'");
  append_doubling<'\'', '\\'>(to, text);
  to.push_back('\'');
}

void append_literal(text_buffer& to, std::string_view text, argument_type const& type) {
  if (type.oid == oids::bool_ && (text == "t" || text == "f")) return append(to, text == "t" ? "true" : "false");
  if (is_numeric(type.oid) && append_number(to, text, type.oid)) return;
  if (type.oid == oids::text_array && append_strings(to, text)) return;
  if (!type.name.empty()) return append_cast(to, text, "", type.name, type.array, type.array || !type.scalar);
  std::string_view const name = type_name(type.oid);
  if (name.empty() || is_pseudo(type.oid)) return append_quoted(to, text);  // the server infers the type
  append_cast(to, text, "pg_catalog.", name, false, has_parts(type.oid));
}

void append_literal(text_buffer& to, std::string_view text, oid type) {
  switch (type) {
    case 0: return append_quoted(to, text);
    case oids::int2:
    case oids::int4:
    case oids::int8:
    case oids::float8:
      if (append_plain_number(to, text, type)) return;
      break;
    default: break;
  }
  append_literal(to, text, argument_type{type});
}

void append_plain(text_buffer& to, std::string_view text, argument_type const& type) {
  if (type.oid == oids::bool_ && (text == "t" || text == "f")) return append(to, text == "t" ? "true" : "false");
  bool const negative = text.starts_with('-');
  magnitude const form = is_numeric(type.oid) ? magnitude_of(text.substr(negative)) : magnitude::none;
  if (form == magnitude::none) return append_quoted(to, text);
  if (negative) to.push_back(' ');
  append(to, text);
  if (is_floating(type.oid) && form == magnitude::whole) append(to, ".0");
}

void append_identifier(text_buffer& to, std::string_view name) {
  if (name.empty()) {
    throw programming_error("an identifier is empty; SQL has no empty names", make_error_code(errc::malformed_name));
  }
  text_buffer checked;
  text_writer(checked) << name;
  to.push_back('"');
  append_doubling<'"'>(to, name);
  to.push_back('"');
}

}  // namespace tusk::types
