// The error that a connection ends with tells all that was said before the end: the ERROR of the operation under way,
// and why the server goes.
#pragma once

#include <exception>

namespace tusk::detail {

/// `last`, which ended the connection, and the error that was told before it, as one operational_error that is fatal:
/// of the texts one, and of the server's fields those of the last that has some. `last` alone if there is no memory.
std::exception_ptr with_earlier(std::exception_ptr last, std::exception_ptr const& earlier) noexcept;

}  // namespace tusk::detail
