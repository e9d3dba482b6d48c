// How the data of a COPY is written, and how a COPY is run.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tusk/stream.hpp>
#include <tusk/within.hpp>

namespace tusk {

/// The three ways in which COPY writes its data.
enum class copy_kind : std::uint8_t { text, csv, binary };

/// How the data of a COPY is written. Mostly it is read from the statement's options, whose defaults these are.
/// Source: PostgreSQL's documentation, "COPY", "File Formats".
struct copy_format {
  copy_kind kind = copy_kind::text;
  char delimiter = '\t';     ///< between columns
  std::string null = "\\N";  ///< what stands for NULL
  char quote = '"';          ///< CSV: around values that need it
  char escape = '"';         ///< CSV: before a quote in a value, and before itself
  bool header = false;       ///< the first line is no row: copy_in sends an empty one, copy_out drops it

  static copy_format text() { return {}; }
  static copy_format csv() { return {copy_kind::csv, ',', ""}; }
  static copy_format binary() { return {copy_kind::binary}; }

  friend bool operator==(copy_format const&, copy_format const&) = default;
};

/// How far a COPY has come.
struct copy_progress {
  std::uint64_t bytes = 0;             ///< of data, sent or received
  std::uint64_t rows = 0;              ///< of typed rows; received: all
  std::optional<std::uint64_t> total;  ///< bytes of a file, or rows of a range, where that is known
};

/// How a COPY is run.
struct copy_options {
  /// Called now and then, after some 64 KiB, and at the end. It may not operate on the connection. What it throws comes
  /// out of the COPY, of which nothing stands then.
  std::function<void(copy_progress const&)> progress = {};
  /// For typed rows, where the statement's options cannot be read with certainty. The server's answer has to agree on
  /// whether it is binary.
  std::optional<copy_format> format = {};
  /// Of the whole COPY: the time that is spent between rows counts.
  std::optional<within> limit = {};
  /// What becomes of a COPY TO STDOUT that is left before its end.
  tusk::on_leave on_leave = tusk::on_leave::automatic;
};

}  // namespace tusk
