// Composing statements: parts of SQL whose names and values are quoted, put together by templates.
//
//   namespace sql = tusk::sql;
//   auto query = sql::sql("SELECT {} FROM {table} WHERE id = {}")
//                    .format(sql::sql(", ").join({sql::identifier("id"), sql::identifier("na\"me")}),
//                            tusk::named("table", sql::identifier("shop", "item")), sql::placeholder());
//   conn.mogrify(query, 5)     SELECT "id", "na""me" FROM "shop"."item" WHERE id = 5
//
//   template    = { text | "{}" | "{" name "}" | "{{" | "}}" }
//   name        = any characters but "{" and "}"
//
// A percent sign in a name or a literal is no placeholder, so it is doubled where arguments are merged; those in the
// text of templates are left as they are.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tusk/types/argument.hpp>
#include <tusk/types/params.hpp>

namespace tusk::sql {

class sql;

/// A part of a statement, or all of it. A plain value: it copies, and different threads may read it.
class composed {
 public:
  /// Nothing.
  composed() = default;
  composed(sql const& text);  // NOLINT(google-explicit-constructor): a template that is used as it stands

  /// The text, for `exec`, for `query` with $1, $2, ..., and for showing it. To merge arguments into it, use
  /// `tusk::merge` or `connection::mogrify`, which take this object: a percent sign in a name is not taken for a
  /// placeholder there.
  std::string const& as_string() const noexcept { return text_; }

  friend composed operator+(composed const& a, composed const& b) {
    composed both = a;
    both.append(b);
    return both;
  }

 private:
  friend class sql;
  friend composed verbatim(std::string text);
  friend composed placeholder();
  friend composed placeholder(std::string_view name);
  friend std::string as_template(composed const& statement);

  explicit composed(std::string text) noexcept : text_(std::move(text)) {}
  void append(composed const& other);
  void append(std::string_view sql) { text_ += sql; }

  std::string text_;
  std::vector<std::size_t> percents_;  // where the percent signs of names and literals are
};

/// What `identifier` and `literal` give: text in which a percent sign is no placeholder.
composed verbatim(std::string text);

/// A name in double quotes: `identifier("na\"me")` is `"na""me"`, `identifier("shop", "item")` is `"shop"."item"`. An
/// empty one is a programming_error; NUL and invalid UTF-8 are a data_error.
composed identifier(std::span<std::string_view const> parts);
template <class... Parts>
composed identifier(std::string_view first, Parts const&... more) {
  std::string_view const parts[] = {first, std::string_view(more)...};
  return identifier(std::span<std::string_view const>(parts));
}

/// A value, as merging would write it. Throws what its adapter throws.
template <class T>
composed literal(T const& value, adapter_registry const* registry = nullptr) {
  return verbatim(types::literal_of(value, registry));
}

/// `%s`, or `%(name)s`, for arguments that are merged later. A name that is empty or has a `)` is a programming_error.
composed placeholder();
composed placeholder(std::string_view name);

/// A template: text of SQL, given by the programmer. Never make it of text that came from elsewhere.
class sql {
 public:
  /// A NUL byte and invalid UTF-8 are a data_error.
  explicit sql(std::string_view text);

  /// The text with a part in place of each `{}`, in order, and of each `{name}`, given as `tusk::named(name, part)`.
  /// Throws programming_error, with the position in bytes from 0, for a brace that is no part of these, a part too few
  /// or too many, and a name that is not given or is given twice.
  template <class... Parts>
  composed format(Parts const&... parts) const {
    static_assert(
        (is_part<Parts> && ...),
        "tusk: the parts of a statement are made by sql::identifier, sql::literal, sql::placeholder, sql::sql");
    if constexpr ((is_part<Parts> && ...)) {
      std::vector<part> all;
      (all.push_back(part_of(parts)), ...);
      return format_parts(all);
    }
  }

  /// The parts with this text between them.
  composed join(std::span<composed const> parts) const;
  composed join(std::initializer_list<composed> parts) const { return join(std::span(parts.begin(), parts.size())); }

  std::string_view text() const noexcept { return text_; }

 private:
  struct part {
    std::string_view name;  // empty if it has none
    composed value;
    bool used = false;
  };

  static part part_of(composed const& value) { return {{}, value}; }
  template <class T>
  requires(std::is_convertible_v<T const&, composed>) static part part_of(named_argument<T> const& value) {
    return {value.name(), value.value()};
  }
  template <class T>
  static constexpr bool is_part = requires(T const& value) {
    part_of(value);
  };
  static composed const& choose(std::vector<part>& parts, std::string_view name, std::size_t position);
  composed format_parts(std::vector<part>& parts) const;

  std::string text_;
};

/// The text for merging: percent signs of names and literals are doubled.
std::string as_template(composed const& statement);

}  // namespace tusk::sql

namespace tusk {

/// The same as for text. See merge.hpp.
std::string merge(sql::composed const& statement, params const& args);

}  // namespace tusk
