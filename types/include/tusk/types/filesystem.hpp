// std::filesystem::path: sent and read as text.
//
// A path of POSIX is bytes; one that is not valid UTF-8 is no text, and a data_error when it is sent. Bind its bytes
// where such may occur: tusk::binary(path.native()), into a bytea.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {

/// Without a type, as a string.
template <>
struct adapter<std::filesystem::path> {
  static constexpr tusk::oid oid = 0;
  static void text(std::filesystem::path const& value, text_writer& out) { out << std::string_view(value.native()); }
};

/// From strings, and from types that were made in the database, which may be domains over them.
template <>
struct from_text<std::filesystem::path> {
  static bool reads(oid type) noexcept {
    return type == oids::text || type == oids::varchar || type == oids::bpchar || type == oids::name ||
           is_user_defined(type);
  }
  static protocol::expected<std::filesystem::path> parse(std::string_view text) {
    return std::filesystem::path(std::string(text));
  }
};

}  // namespace tusk
