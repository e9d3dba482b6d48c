// hstore's text: pairs between commas, every key and every value but NULL in quotes.
#include <tusk/types/hstore.hpp>

#include <tusk/types/quoting.hpp>

namespace tusk::types {
namespace {

// In quotes, with a backslash before each quote and backslash. What a user's string has is checked.
void write_hstore_string(std::string_view text, text_writer& out) {
  text_buffer checked;
  text_writer(checked) << text;
  write_quoted({checked.data(), checked.size()}, '\\', out);
}

}  // namespace

void write_hstore_pair(std::string_view key, std::optional<std::string_view> value, bool first, text_writer& out) {
  if (!first) out.unchecked(", ");
  write_hstore_string(key, out);
  out.unchecked("=>");
  value ? write_hstore_string(*value, out) : out.unchecked("NULL");
}

protocol::expected<hstore_map> parse_hstore(std::string_view text, bool nulls) {
  part_reader reader(text);
  hstore_map made;
  auto const malformed = [&reader] { return protocol::parse_error{errc::malformed_hstore, reader.position()}; };
  auto const take = [&reader](std::string_view what) {
    for (char const c : what)
      if (!reader.take(c)) return false;
    return true;
  };
  part each;
  if (text.empty()) return made;
  for (;;) {
    if (!reader.at('"') || !reader.read<false>(each, ',')) return malformed();
    std::size_t const key_position = each.position;
    std::string key(each.text);
    if (!take("=>")) return malformed();
    std::optional<std::string> value;
    if (reader.at('"')) {
      if (!reader.read<false>(each, ',')) return malformed();
      value.emplace(each.text);
    } else {
      std::size_t const position = reader.position();
      if (!take("NULL")) return malformed();
      if (!nulls) return protocol::parse_error{errc::null_element, position};
    }
    // The server writes each key once.
    if (!made.emplace(std::move(key), std::move(value)).second)
      return protocol::parse_error{errc::malformed_hstore, key_position};
    if (reader.at_end()) return made;
    if (!take(", ")) return malformed();
  }
}

// ---- binary ---------------------------------------------------------------------------------------------------------

void write_binary_hstore_string(std::optional<std::string_view> text, binary_writer& out) {
  std::size_t const length = out.size();
  out.put(std::int32_t{-1});
  if (!text) return;
  out.text(*text);
  out.put_at(length, static_cast<std::int32_t>(out.size() - length - 4));
}

protocol::expected<hstore_map> parse_binary_hstore(std::string_view bytes, bool nulls) {
  binary_reader in(bytes);
  hstore_map made;
  auto const count = in.take<std::int32_t>();
  if (count < 0) in.fail_at(0);
  for (std::int32_t i = 0; i < count && !in.failed(); ++i) {
    std::size_t const key_position = in.position();
    auto const key = in.field();
    if (!key) in.fail_at(key_position);
    std::size_t const value_position = in.position();
    auto const value = in.field();
    if (!value && !nulls) in.fail_at(value_position, errc::null_element);
    if (in.failed()) break;
    // The server writes each key once.
    if (!made.emplace(*key, value).second) in.fail_at(key_position);
  }
  if (auto const error = in.finish(); error.code) return error;
  return made;
}

}  // namespace tusk::types
