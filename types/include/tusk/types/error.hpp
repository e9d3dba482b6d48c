// What tusk throws: the exception tree of Python's DB-API, in C++ names.
//
//   error
//   ├── interface_error            the library was misused: a closed connection, a fetch without a result
//   └── database_error
//       ├── data_error             a value cannot be what it should be
//       ├── operational_error      the connection, the server's resources, the operator
//       │   ├── query_canceled         cancelled, or a deadline passed
//       │   └── transaction_rollback   serialization failure, deadlock
//       ├── integrity_error        a constraint
//       ├── internal_error         the server's or the transaction's state
//       ├── programming_error      the statement or its arguments
//       └── not_supported_error
//
// A server's error keeps every field that the server sent in `diagnostics`; what() is composed from them for people to
// read. An error of our own has empty diagnostics, and what() is our own text: the two never share a field.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <tusk/types/condition.hpp>
#include <tusk/types/language.hpp>
#include <tusk/types/sqlstate.hpp>

namespace tusk {

/// Every field of an ErrorResponse or a NoticeResponse, as sent: untrusted text, not cleaned for a terminal. A field
/// that the server did not send is empty.
/// Source: PostgreSQL's documentation, "Error and Notice Message Fields".
struct diagnostics {
  std::string severity;            ///< V: ERROR, FATAL, PANIC, WARNING, NOTICE, DEBUG, INFO, LOG; never translated
  std::string severity_localized;  ///< S: the same in the server's language
  std::string sqlstate;            ///< C
  std::string message;             ///< M: the primary message, mostly one line
  std::string detail;              ///< D
  std::string hint;                ///< H
  std::string position;            ///< P: where in the query, in characters from 1
  std::string internal_position;   ///< p: the same in `internal_query`
  std::string internal_query;      ///< q: the query that a function or the server itself ran
  std::string where;               ///< W: the call stack, innermost first, one line each
  std::string schema;              ///< s
  std::string table;               ///< t
  std::string column;              ///< c
  std::string data_type;           ///< d
  std::string constraint;          ///< n
  std::string file;                ///< F: where in the server's source
  std::string line;                ///< L
  std::string routine;             ///< R

  /// Sets the field that the protocol names with the letter `field`. Unknown letters are ignored, as the protocol asks;
  /// of a field sent twice the first one stays.
  void set(char field, std::string_view value);
  /// Empties all fields. Their memory stays, for the next ones.
  void clear() noexcept;
};

/// The root of everything that tusk throws on purpose.
///
/// Copying never throws. Every accessor may be called from any thread; the references live as long as this error or any
/// copy of it.
class error : public std::runtime_error {
 public:
  /// An error of our own. `fatal`: the connection is gone.
  explicit error(std::string const& what, bool fatal = false);
  /// An error of our own that has a code: a parser's, the system's.
  error(std::string const& what, std::error_code code, bool fatal = false);
  /// A server's error; what() is `what`. Use `make_server_error`, which chooses the class and composes the text.
  error(std::string const& what, std::shared_ptr<tusk::diagnostics const> fields, bool fatal);

  /// The server's code; empty if the error is our own or the server sent none.
  tusk::sqlstate sqlstate() const noexcept;
  /// The same by name; `condition::none` if there is no code.
  tusk::condition condition() const noexcept { return condition_of(sqlstate()); }
  /// Everything that the server sent; all empty if the error is our own.
  tusk::diagnostics const& diagnostics() const noexcept;

  /// The server's fields (see `diagnostics`): raw text, empty where nothing was sent.
  std::string const& severity() const noexcept { return diagnostics().severity; }
  std::string const& message() const noexcept { return diagnostics().message; }
  std::string const& detail() const noexcept { return diagnostics().detail; }
  std::string const& hint() const noexcept { return diagnostics().hint; }
  std::string const& where() const noexcept { return diagnostics().where; }
  std::string const& internal_query() const noexcept { return diagnostics().internal_query; }
  std::string const& schema() const noexcept { return diagnostics().schema; }
  std::string const& table() const noexcept { return diagnostics().table; }
  std::string const& column() const noexcept { return diagnostics().column; }
  std::string const& data_type() const noexcept { return diagnostics().data_type; }
  std::string const& constraint() const noexcept { return diagnostics().constraint; }

  /// Where in the query the server saw the error, in characters (not bytes) from 1; 0 if it did not say.
  std::size_t position() const noexcept;
  /// The same in `internal_query()`.
  std::size_t internal_position() const noexcept;

  /// The code of an error of our own: of tusk.types, tusk.protocol, the system; empty where there is none.
  std::error_code const& code() const noexcept { return code_; }

  /// Whether the connection is gone: nothing more can be done with it.
  bool is_fatal() const noexcept { return fatal_; }
  /// Whether the same transaction, run again, may succeed: a serialization failure, a deadlock; or a statement that was
  /// kept is unknown to the server's session (26000: it was deallocated, or a pooler gave us another session) or gives
  /// other columns than before (0A000 of RevalidateCachedQuery), as it is prepared again when it is used next.
  bool is_retryable() const noexcept;

 private:
  std::shared_ptr<tusk::diagnostics const> fields_;  // shared, so that copying cannot throw; null if our own
  std::error_code code_;
  bool fatal_ = false;
};

/// The library was misused: an operation on a closed connection, a fetch where nothing was executed.
class interface_error : public error {
 public:
  using error::error;
};

/// Anything that has to do with the database; itself only for SQLSTATEs whose class says no more.
class database_error : public error {
 public:
  using error::error;
};

/// A value cannot be represented, is out of range, or is not what its type demands.
class data_error : public database_error {
 public:
  using database_error::database_error;
};

/// The connection, authentication, the server's resources, an operator's intervention.
class operational_error : public database_error {
 public:
  using database_error::database_error;
};

/// The statement was cancelled: by `cancel()`, a deadline, a timeout of the server.
class query_canceled : public operational_error {
 public:
  using operational_error::operational_error;
};

/// The transaction was rolled back by the server; mostly worth a retry (`is_retryable()`).
class transaction_rollback : public operational_error {
 public:
  using operational_error::operational_error;
};

/// A constraint was violated; `constraint()` names it.
class integrity_error : public database_error {
 public:
  using database_error::database_error;
};

/// The server, a function in it or the transaction is in a state that forbids this.
class internal_error : public database_error {
 public:
  using database_error::database_error;
};

/// The statement is wrong, or its arguments are: syntax, names, numbers of parameters.
class programming_error : public database_error {
 public:
  using database_error::database_error;
};

/// The server cannot do this.
class not_supported_error : public database_error {
 public:
  using database_error::database_error;
};

namespace types {

/// Text of a server for people to read:
///
///     ERROR:  relation "x" does not exist (42P01)
///     LINE 1: SELECT * FROM x
///                           ^
///     HINT:  ...
///
/// The line and its caret need `query_text`, the statement that was sent. Control characters (but newline and tab),
/// invisible marks that reorder text and invalid UTF-8 become `?`: what() may be shown on a terminal.
std::string describe(diagnostics const& fields, std::string_view query_text = {});

/// What stands around a position of a text, in quotes, for an error about it: some 40 bytes of it at most, made as fit
/// to be shown as what() of a server's error. `...` stands where the text goes on.
std::string excerpt(std::string_view text, std::size_t position);

/// A server's error as an exception of the class that its SQLSTATE asks for. It is fatal if `fatal` is set or its
/// severity is FATAL or PANIC. `advice` is what we have to say of it ourselves: a line of its own at the end of what().
std::exception_ptr make_server_error(diagnostics fields, std::string_view query_text = {}, bool fatal = false,
                                     std::string_view advice = {});

/// The same, thrown.
[[noreturn]] void throw_server_error(diagnostics fields, std::string_view query_text = {}, bool fatal = false);

}  // namespace types
}  // namespace tusk
