// Prints the session's state diagram; the page about the protocol shows it.
#include "state_diagram.hpp"

#include <cstdio>

int main() {
  auto const text = tusk::docs::state_diagram().text();
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0 ? 0 : 1;
}
