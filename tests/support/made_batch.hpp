// A batch of statements, each of an element of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operations/statement_batch.hpp"

namespace tusk::test {

inline std::shared_ptr<detail::statement_batch const> made_batch(std::vector<std::string> const& texts) {
  auto made = std::make_shared<detail::statement_batch>("executemany");
  for (std::string const& each : texts) made->add(each, {made->size(), 1});
  return made;
}

}  // namespace tusk::test
