// Prints the page about types, types.md: build/dev/tools/docs/types > tools/docs/types.md
#include "types.hpp"

#include <cstdio>

int main() {
  auto const page = tusk::docs::types_text();
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() && std::fflush(stdout) == 0 ? 0 : 1;
}
