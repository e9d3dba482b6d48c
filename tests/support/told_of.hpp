// What an operation of any face said, as one text: so that a table can say what it is to be.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <tusk/tusk.hpp>

#include "support/faces.hpp"

namespace tusk::test {

/// The name of the class of an exception, or "nothing" of null.
inline std::string class_of(std::exception_ptr const& thrown) {
  if (!thrown) return "nothing";
  try {
    std::rethrow_exception(thrown);
  } catch (query_canceled const&) {
    return "query_canceled";
  } catch (data_error const&) {
    return "data_error";
  } catch (integrity_error const&) {
    return "integrity_error";
  } catch (operational_error const&) {
    return "operational_error";
  } catch (programming_error const&) {
    return "programming_error";
  } catch (interface_error const&) {
    return "interface_error";
  } catch (error const&) {
    return "error";
  } catch (...) {
    return "no error of this library";
  }
}

/// All that a statement said: its tags and rows, or the class and text of its error; and how the connection is.
inline std::string told_of(player& on, std::function<results()> const& run) {
  std::string told;
  try {
    for (result const& each : run()) {
      told += std::string(each.command_tag());
      for (auto const& row : each) {
        told += " (";
        for (std::size_t i = 0; i < row.size(); ++i)
          told += (i == 0 ? "" : ", ") + row.get<std::optional<std::string>>(i).value_or("NULL").substr(0, 20);
        told += ")";
      }
      told += "; ";
    }
  } catch (std::exception const& e) {
    std::string const text = e.what();
    told += class_of(std::current_exception()) + ": " + text.substr(0, text.find('\n'));
  }
  return told + (on.closed() ? " closed" : on.conn().isexecuting() ? " executing" : "");
}

}  // namespace tusk::test
