// The structure of a row value's text, and how its fields are quoted; the error of an enumerator without a label.
#include <tusk/types/composite.hpp>
#include <tusk/types/enum.hpp>
#include <tusk/types/error.hpp>

namespace tusk::types {

bool record_reader::next() {
  bool const closed = reader_.read<true>(field_, ',', '(', ')', '"', '\\');
  return (closed && (reader_.at(',') || reader_.at(')'))) || fail(malformed());
}

bool record_reader::end_field(bool last) {
  if (last != reader_.at(')')) return fail({errc::wrong_count, reader_.position()});
  reader_.skip(1);
  return !last || reader_.at_end() || fail(malformed());
}

void binary_record_reader::begin(std::size_t count) noexcept {
  if (with_.depth > max_binary_depth) in_.fail(errc::too_deep);
  auto const told = in_.take<std::int32_t>();
  if (!in_.failed() && (told < 0 || static_cast<std::size_t>(told) != count)) {
    in_.fail_at(0, told < 0 ? errc::malformed_binary : errc::wrong_count);
  }
}

binary_record_reader::field binary_record_reader::take(bool (*reads)(oid)) {
  field next;
  std::size_t const at = in_.position();
  next.type = read_as(in_.take<oid>(), with_);
  if (!in_.failed() && !reads(next.type)) in_.fail_at(at, errc::wrong_type);
  next.position = in_.position();
  next.bytes = in_.field();
  return next;
}

void write_record_field(std::string_view text, text_writer& out) {
  if (text.empty() || find_special(text, 0, ',', '(', ')', '"', '\\') != text.size()) {
    write_quoted(text, '"', out);
  } else {
    out.unchecked(text);
  }
}

void throw_no_label() {
  std::error_code const code = errc::no_label;
  throw data_error(code.message(), code);
}

}  // namespace tusk::types
