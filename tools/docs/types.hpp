// The documentation's page of types, made from the adapters and parsers themselves: what each C++ type is sent as, and
// which types of the server it is read from.
#pragma once

#include <string>
#include <string_view>
#include <tusk/types/builtin.hpp>
#include <tusk/types/read_any.hpp>
#include <vector>

namespace tusk::docs {

inline constexpr oid last_built_in = 16'383;

/// The type of an argument, as the page names it.
template <class T>
std::string sent_as() {
  if constexpr (adaptable<T>) {
    argument_type const type = types::argument_type_of<T>();
    return type.oid == 0 ? "what the statement needs there" : "`" + std::string(type_name(type.oid)) + "`";
  } else {
    return "not sent";
  }
}

/// The types of the server that are read as T; of those that have an array type all but the arrays.
template <class T>
std::string read_from() {
  if constexpr (readable<T>) {
    if (from_text<T>::reads(oids::tsquery) && from_text<T>::reads(oids::circle)) return "any type";
    std::string list;
    for (oid type = 1; type <= last_built_in; ++type) {
      if (type_name(type).empty() || !from_text<T>::reads(type)) continue;
      list += (list.empty() ? "`" : ", `") + std::string(type_name(type)) + "`";
    }
    return list;
  } else {
    return "not read";
  }
}

class types_page {
 public:
  template <class T>
  void line(std::string_view name) {
    text_ += "| `" + std::string(name) + "` | " + sent_as<T>() + " | " + read_from<T>() + " |\n";
  }
  void add(std::string_view text) { text_ += text; }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

/// What `row.at(i)` holds: the sample is a text that the type may have.
struct dynamic_row {
  oid type;
  std::string_view sample;
};

inline std::string types() {
  types_page page;
  page.add(
      "# Types\n\n"
      "Which C++ types go to the server as which of its types, and which of its types are read as what. A value is "
      "checked:\n"
      "a bigint that fits is a fine `int`, one that does not is a `data_error`. `std::optional<T>` is a T or NULL. "
      "What is not\n"
      "in the table is read as text, cast in the statement, or read by a parser or typecaster of your own.\n\n"
      "| C++ | sent as | read from |\n|---|---|---|\n");
  page.line<bool>("bool");
  page.line<signed char>("signed char");
  page.line<std::int16_t>("std::int16_t");
  page.line<std::int32_t>("std::int32_t");
  page.line<std::int64_t>("std::int64_t");
  page.line<std::uint8_t>("std::uint8_t");
  page.line<std::uint16_t>("std::uint16_t");
  page.line<std::uint32_t>("std::uint32_t, tusk::oid");
  page.line<std::uint64_t>("std::uint64_t");
  page.line<float>("float");
  page.line<double>("double");
  page.line<std::string>("std::string");
  page.line<std::string_view>("std::string_view");
  page.line<char const*>("char const*");
  page.line<std::vector<std::byte>>("std::vector<std::byte>");
  page.add(
      "\n## Values whose type is known at run time\n\n"
      "`row.at(i)` gives a `tusk::value`. Without a typecaster for the column it holds:\n\n| type | holds "
      "|\n|---|---|\n");
  return std::move(page).text();
}

}  // namespace tusk::docs
