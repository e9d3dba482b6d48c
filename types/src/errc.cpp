#include <tusk/types/errc.hpp>

#include <string>

namespace tusk::types {
namespace {

char const* text(errc e) noexcept {
  switch (e) {
    case errc::malformed_bool: return "the text of a bool is neither t nor f; read the field as a string to see it";
    case errc::malformed_integer:
      return "the text of an integer has something other than digits; read a numeric as tusk::numeric, or the "
             "field as a string to see it";
    case errc::malformed_float:
      return "the text of a floating point number is not one; read the field as a string to see it";
    case errc::malformed_bytea:
      return "the text of a bytea is in neither of its formats; read the field as a string to see it";
    case errc::malformed_char:
      return "the text of a \"char\" is not one byte, or its octal form; read the field as a string to see it";
    case errc::malformed_numeric: return "the text is not a decimal number; write one like -12.50, NaN or Infinity";
    case errc::malformed_money:
      return "the text of a money value has no form that is the same everywhere (-$1,234.56): lc_monetary of the "
             "server decides; cast it to numeric in the statement";
    case errc::malformed_date:
      return "the text of a date is not in ISO form (YYYY-MM-DD); if DateStyle was changed, SET DateStyle TO 'ISO'";
    case errc::malformed_time:
      return "the text of a time is not in the form HH:MM:SS[.ffffff]; read the field as a string to see it";
    case errc::malformed_timestamp:
      return "the text of a timestamp is not in ISO form (YYYY-MM-DD HH:MM:SS); if DateStyle was changed, SET "
             "DateStyle "
             "TO 'ISO'";
    case errc::malformed_interval:
      return "the text of an interval is in none of the styles of IntervalStyle; read the field as a string to see it";
    case errc::malformed_uuid: return "the text is not a uuid: write 32 hexadecimal digits, in groups of 8-4-4-4-12";
    case errc::malformed_address:
      return "the text is not a network address: write one like 192.168.0.1, ::1 or 10.0.0.0/8, without host bits in a "
             "cidr";
    case errc::malformed_macaddr:
      return "the text is not a MAC address: write six or eight pairs of hexadecimal digits, with colons between them";
    case errc::malformed_lsn:
      return "the text is not a position in the write-ahead log: write two hexadecimal numbers like 16/B374D848";
    case errc::malformed_tid: return "the text of a tid is not one, like (42,7); read the field as a string to see it";
    case errc::malformed_snapshot:
      return "the text of a snapshot is not one, like 10:20:10,14; read the field as a string to see it";
    case errc::malformed_geometry:
      return "the text of a geometric value is not one; read the field as a string to see it";
    case errc::named_object:
      return "the field names an object, and its text has no OID: cast it to oid in the statement, or read the name as "
             "a string";
    case errc::malformed_bits: return "a bit string has something other than 0 and 1; leave only those";
    case errc::malformed_array: return "the text of an array is not one; read the field as a string to see it";
    case errc::malformed_range: return "the text of a range is not one; read the field as a string to see it";
    case errc::malformed_multirange: return "the text of a multirange is not one; read the field as a string to see it";
    case errc::malformed_hstore: return "the text of an hstore is not one; read the field as a string to see it";
    case errc::malformed_record: return "the text of a row value is not one; read the field as a string to see it";
    case errc::malformed_binary:
      return "the bytes are not a value of this type in the binary format; ask for text (tusk::format::text) to see it";
    case errc::wrong_type:
      return "the bytes are, or hold, a value of another type than it is read as; read it as that one, or ask for text "
             "(tusk::format::text)";
    case errc::unknown_label: return "the enum has a label that its adapter does not list; add it to the adapter";
    case errc::wrong_count:
      return "the number of fields is not that of the members or elements it is read as; make them agree";
    case errc::wrong_dimensions:
      return "the array has another number of dimensions than the type it is read as; nest std::vector accordingly";
    case errc::too_deep:
      return "the value is nested deeper than PostgreSQL allows; read the field as a string to see it";
    case errc::null_element: return "an element is NULL; use std::optional for the elements";
    case errc::out_of_range: return "the value does not fit in the type it is read as; use a larger type";
    case errc::inexact:
      return "the type it is read as cannot hold the value exactly; use a finer or an integer type, or round it in the "
             "query";
    case errc::infinite:
      return "the value is infinite, and the type it is read as has no such value; read it as tusk::date, "
             "tusk::timestamp, tusk::timestamptz or tusk::interval";
    case errc::has_calendar_units:
      return "the interval has months or days, which are no fixed time; read it as tusk::interval";
    case errc::embedded_nul:
      return "a string holds a NUL byte, which PostgreSQL's text cannot; remove it, or pass bytes (bytea)";
    case errc::invalid_utf8: return "a string is not valid UTF-8; convert it, or pass bytes (bytea) if it is not text";
    case errc::not_ascii:
      return "an adapter wrote a single character that is NUL or not ASCII; write such characters as a string";
    case errc::too_large: return "the values are larger than a message may be (1 GiB); send the data in smaller parts";
    case errc::too_many_parameters:
      return "a statement cannot have more than 65535 parameters; pass an array, or split the statement";
    case errc::not_registered:
      return "no adapter was registered for the type; call tusk::register_adapter before the first use";
    case errc::not_bindable:
      return "the argument is a part of the statement's text and cannot be bound; merge it, or pass a vector and write "
             "= ANY($1) in place of IN";
    case errc::empty_list:
      return "a list is empty, and SQL has no empty list; leave the condition out, or pass a vector and write = "
             "ANY(%s)";
    case errc::malformed_placeholder: return "a placeholder is not well formed; write it as the message says";
    case errc::wrong_arguments: return "the arguments are not those of the placeholders; make them agree";
    case errc::malformed_name: return "a name is empty or cannot be referred to; use another one";
    case errc::ragged_array:
      return "the vectors of one dimension of an array differ in size; make them equal, with std::optional for gaps";
    case errc::no_label: return "an enumerator has no label in its adapter; add it to the adapter";
  }
  return "unknown error of a value";
}

class category final : public std::error_category {
 public:
  char const* name() const noexcept override { return "tusk.types"; }
  std::string message(int value) const override { return text(static_cast<errc>(value)); }
};

}  // namespace

std::error_category const& types_category() noexcept {
  static category const instance;
  return instance;
}

}  // namespace tusk::types
