#include <tusk/copy_decoder.hpp>

#include <algorithm>
#include <tusk/types/error.hpp>

namespace tusk::detail {
namespace {

constexpr std::string_view signature("PGCOPY\n\377\r\n\0", 11);

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

bool copy_decoder::next() {
  if (rest_.empty()) return false;
  fields_.clear();
  text_.clear();
  if (how_.kind == copy_kind::binary) return next_binary();
  bool const is_header = how_.header && !std::exchange(begun_, true);
  if (is_header) return rest_ = {}, false;
  if (rest_.ends_with('\n')) rest_.remove_suffix(1);
  ++row_;
  if (how_.kind == copy_kind::csv)
    next_csv();
  else
    next_text();
  rest_ = {};
  return true;
}

/// A message is a row. A delimiter inside a value has a backslash before it.
void copy_decoder::next_text() {
  if (rest_.find('\\') == rest_.npos) {  // the usual row: one without NULL, too, unless that is written in another way
    for (std::size_t from = 0;;) {
      std::size_t const at = rest_.find(how_.delimiter, from);
      field& made = fields_.emplace_back();
      made.bytes = rest_.substr(from, at - from);
      if (how_.null == made.bytes) made.how = field::null;
      if (at == rest_.npos) return;
      from = at + 1;
    }
  }
  for (std::size_t from = 0;;) {
    bool escaped = false;
    std::size_t at = from;
    for (; at < rest_.size() && rest_[at] != how_.delimiter; ++at)
      if (rest_[at] == '\\') escaped = true, ++at;
    std::string_view const raw = rest_.substr(from, std::min(at, rest_.size()) - from);
    field& made = fields_.emplace_back();
    if (raw == how_.null)
      made.how = field::null;
    else if (escaped)
      unescape(raw);
    else
      made.bytes = raw;
    if (at >= rest_.size()) return;
    from = at + 1;
  }
}

void copy_decoder::unescape(std::string_view raw) {
  field& made = fields_.back();
  made.how = field::unescaped;
  made.at = text_.size();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '\\') {
      if (++i == raw.size()) throw_malformed("a backslash at the end of a value");
      constexpr std::string_view letters = "bfnrtv", meant = "\b\f\n\r\t\v";
      auto const which = letters.find(raw[i]);
      c = which == letters.npos ? raw[i] : meant[which];
      auto const is_octal = [&](std::size_t at) { return at < raw.size() && raw[at] >= '0' && raw[at] <= '7'; };
      if (is_octal(i)) {
        int number = 0;
        for (int digits = 0; digits < 3 && is_octal(i); ++digits, ++i) number = number * 8 + (raw[i] - '0');
        --i;
        c = static_cast<char>(number);
      } else if (raw[i] == 'x' && i + 1 < raw.size() && hex_digit(raw[i + 1]) >= 0) {
        int number = 0;
        for (int digits = 0; digits < 2 && i + 1 < raw.size() && hex_digit(raw[i + 1]) >= 0; ++digits)
          number = number * 16 + hex_digit(raw[++i]);
        c = static_cast<char>(number);
      }
    }
    text_ += c;
  }
  made.size = text_.size() - made.at;
}

void copy_decoder::next_csv() {
  std::size_t at = 0;
  for (;;) {
    field& made = fields_.emplace_back();
    if (at < rest_.size() && rest_[at] == how_.quote) {
      made.how = field::unescaped;
      made.at = text_.size();
      for (++at;; ++at) {
        if (at >= rest_.size()) throw_malformed("a quote that does not end");
        char const c = rest_[at];
        bool const has_next = at + 1 < rest_.size();
        if (c == how_.escape && has_next && (rest_[at + 1] == how_.quote || rest_[at + 1] == how_.escape)) {
          text_ += rest_[++at];
        } else if (c == how_.quote) {
          break;
        } else {
          text_ += c;
        }
      }
      made.size = text_.size() - made.at;
      ++at;
      if (at < rest_.size() && rest_[at] != how_.delimiter) throw_malformed("text behind a quoted value");
    } else {
      auto const end = std::min(rest_.find(how_.delimiter, at), rest_.size());
      made.bytes = rest_.substr(at, end - at);
      if (made.bytes == how_.null) made.how = field::null;
      at = end;
    }
    if (at >= rest_.size()) return;
    ++at;
  }
}

/// The signature stands in front of the first row, in the same message; behind the last one comes -1.
bool copy_decoder::next_binary() {
  types::binary_reader in(rest_);
  if (!std::exchange(begun_, true)) {
    if (in.take(signature.size()) != signature) throw_malformed("it does not begin with COPY's signature");
    auto const flags = in.take<std::int32_t>();
    if ((static_cast<std::uint32_t>(flags) & 0xffff'0000U) != 0) throw_malformed("it has flags that are not known");
    auto const extension = in.take<std::int32_t>();
    in.take(static_cast<std::size_t>(std::max(extension, 0)));
    if (extension < 0 || in.failed()) throw_malformed("its header is cut short");
    if (in.left() == 0) return rest_ = {}, false;
  }
  ++row_;
  auto const columns = in.take<std::int16_t>();
  if (columns == -1 && !in.failed()) {
    if (in.left() != 0) throw_malformed("data behind its end");
    return rest_ = {}, false;
  }
  if (columns < 0) throw_malformed("a row has a negative number of columns");
  for (int i = 0; i < columns && !in.failed(); ++i) {
    field& made = fields_.emplace_back();
    if (auto const bytes = in.field())
      made.bytes = *bytes;
    else
      made.how = field::null;
  }
  if (in.failed()) throw_malformed("a row is cut short");
  rest_ = in.rest();
  return true;
}

void copy_decoder::throw_columns(std::size_t wanted) const {
  throw data_error("row " + std::to_string(row_) + " of COPY has " + std::to_string(fields_.size()) + " columns, and " +
                   std::to_string(wanted) + " were asked for");
}
void copy_decoder::throw_null_at(std::size_t column) const {
  throw data_error("column " + std::to_string(column + 1) + " of row " + std::to_string(row_) +
                   " of COPY is NULL; read it as a std::optional");
}
void copy_decoder::throw_not_binary(std::size_t column, char const* type) const {
  throw programming_error("column " + std::to_string(column + 1) + " of COPY is asked for as " + type +
                          ", which cannot be read from the binary form; use another FORMAT");
}
void copy_decoder::throw_bad_field(std::size_t column, std::string_view bytes, char const* type,
                                   protocol::parse_error const& error) const {
  std::string shown = how_.kind == copy_kind::binary ? std::to_string(bytes.size()) + " bytes"
                                                     : '"' + std::string(bytes.substr(0, 60)) + '"';
  throw data_error("column " + std::to_string(column + 1) + " of row " + std::to_string(row_) + " of COPY, " + shown +
                       ", is no " + type + ": " + error.code.message() + " (at byte " + std::to_string(error.position) +
                       ")",
                   error.code);
}
void copy_decoder::throw_malformed(char const* what) const {
  throw data_error("row " + std::to_string(row_) + " of COPY is malformed: " + what);
}

}  // namespace tusk::detail
