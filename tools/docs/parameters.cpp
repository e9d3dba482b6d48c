// Prints the page about connection parameters, parameters.md: build/dev/tools/docs/parameters >
// tools/docs/parameters.md
#include "parameters.hpp"

#include <cstdio>

int main() {
  auto const page = tusk::docs::parameters();
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() && std::fflush(stdout) == 0 ? 0 : 1;
}
