// A copy of some bytes in a heap block of exactly their size, so that AddressSanitizer sees one byte too many.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>

namespace tusk::test {

class exact_buffer {
 public:
  explicit exact_buffer(std::string_view bytes) : memory_(new char[bytes.size()]), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), memory_.get());
  }
  std::string_view view() const noexcept { return {memory_.get(), size_}; }

 private:
  std::unique_ptr<char[]> memory_;
  std::size_t size_;
};

}  // namespace tusk::test
