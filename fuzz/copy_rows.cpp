// A row that COPY TO STDOUT gives, of any bytes; and rows of any values, written and read again.
//
// Input: a letter for the format (t text, c CSV, b binary, h CSV with a header), then the message; for the way back its
// text is split at each '|' into the values of two columns.
//
// Checked: what is read is text without its escapes, or data_error; what the encoder writes is read as it was.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <tusk/copy_decoder.hpp>
#include <tusk/copy_encoder.hpp>
#include <tusk/types/error.hpp>

#include "support/exact_buffer.hpp"
#include "support/fuzz_input.hpp"

namespace {

using namespace tusk;
using pair = std::tuple<std::optional<std::string>, std::optional<std::string>>;

copy_format format_of(char letter) {
  copy_format made = letter == 'b' ? copy_format::binary() : letter == 't' ? copy_format::text() : copy_format::csv();
  made.header = letter == 'h';
  return made;
}

void read(copy_format const& how, std::string_view message) {
  detail::copy_decoder decoder(how, nullptr);
  try {
    for (int turn = 0; turn < 2; ++turn) {  // the first may be a header
      decoder.take(message);
      while (decoder.next()) (void)decoder.as<pair>();
    }
  } catch (data_error const&) {
    return;
  }
}

void write(copy_format const& how, std::string_view text) {
  auto const at = text.find('|');
  std::optional<std::string> const first(text.substr(0, at));
  std::optional<std::string> second;
  if (at != text.npos) second = text.substr(at + 1);
  detail::copy_encoder encoder(nullptr);
  encoder.begin(how);
  if (how.kind != copy_kind::binary) encoder.clear();  // an empty first line
  try {
    encoder.row(first, second);
  } catch (data_error const&) {
    return;  // it is not UTF-8
  }
  detail::copy_decoder decoder(how, nullptr);
  if (how.header) {
    decoder.take("\n");
    FUZZ_CHECK(!decoder.next());
  }
  tusk::test::exact_buffer const bytes(encoder.bytes());
  decoder.take(bytes.view());
  FUZZ_CHECK(decoder.next());
  FUZZ_CHECK(decoder.as<pair>() == pair(first, second));
  FUZZ_CHECK(!decoder.next());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const input = tusk::test::fuzz_input(data, size);
  if (input.empty()) return 0;
  auto const how = format_of(input[0]);
  tusk::test::exact_buffer const message(std::string_view(input).substr(1));
  read(how, message.view());
  write(how, message.view());
  return 0;
}
