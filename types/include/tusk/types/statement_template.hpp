// A statement cut at its placeholders (the grammar is that of merge.hpp): read once, merged as often as needed.
//
//   template_reader ─► template_part, template_part, ... ─► append_merged, with the arguments as literals
//
//   "SELECT %s || '%%', %(a)s"   "SELECT " %s   " || '%"   "', " %(a)s   ""
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/types/params.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk::types {

/// Some text, and what stands behind it. Views into the text that was read.
struct template_part {
  enum class kind : unsigned char { text, position, name };
  std::string_view text;
  kind ends_in = kind::text;  ///< text: in nothing, or in the first half of %%; position: in %s; name: in %(name)s
  std::string_view name = {};
  std::size_t at = 0;  ///< where the placeholder begins, in bytes from 0
};

/// Reads the parts one after another. The text has to live as long.
class template_reader {
 public:
  /// `called`: how errors call the text, "statement". Throws programming_error if it is not UTF-8.
  template_reader(std::string_view text, char const* called);

  /// The next part; false: there are no more. Throws programming_error for a `%` that begins no placeholder.
  bool next(template_part& into);

 private:
  void take_other(template_part& into);

  std::string_view text_;
  char const* called_;
  std::size_t at_ = 0;
};

/// Appends the next argument as a literal, or as its SQL, and passes it.
void append_next(text_buffer& to, params::reader& from);
/// Appends what tusk::merge gives; where it throws a part of that may be left.
void append_merged(text_buffer& to, std::string_view statement, params const& args);

/// All parts of a text, which it keeps.
class statement_template {
 public:
  /// Throws what template_reader throws.
  statement_template(std::string_view text, char const* called);
  statement_template(statement_template const&) = delete;
  statement_template& operator=(statement_template const&) = delete;

  std::string_view text() const noexcept { return text_; }
  std::span<template_part const> parts() const noexcept { return parts_; }

  /// Appends the text with a literal in place of each placeholder. Unlike tusk::merge it looks for placeholders even if
  /// there are no arguments. Throws what that throws; `to` is as long as before then.
  void append_merged(text_buffer& to, params const& args) const;

 private:
  std::string text_;
  char const* called_;
  std::vector<template_part> parts_;
};

}  // namespace tusk::types
