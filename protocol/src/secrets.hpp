// Memory that held a secret is overwritten before it is given back.
#pragma once

#include <string>

namespace tusk::protocol {

/// Overwrites the text in a way that the compiler does not remove, and empties it.
void wipe(std::string& text) noexcept;

}  // namespace tusk::protocol
