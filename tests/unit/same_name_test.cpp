// Names of columns compared: of every length, with a difference at every place.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <tusk/same_name.hpp>

#include "support/exact_buffer.hpp"

namespace tusk::detail {
namespace {

TEST(same_name, is_told_from_every_other) {
  for (std::size_t size = 0; size <= 40; ++size) {
    std::string name;
    for (std::size_t i = 0; i < size; ++i) name += static_cast<char>('a' + i % 26);
    test::exact_buffer const exact(name);  // what is read behind its end is seen by AddressSanitizer
    EXPECT_TRUE(same_name(exact.view(), test::exact_buffer(name).view())) << size;
    EXPECT_FALSE(same_name(exact.view(), test::exact_buffer(name + 'x').view())) << size;
    for (std::size_t i = 0; i < size; ++i) {
      std::string other = name;
      other[i] = static_cast<char>(other[i] ^ 0x80);
      EXPECT_FALSE(same_name(exact.view(), test::exact_buffer(other).view())) << size << ", " << i;
    }
  }
}

}  // namespace
}  // namespace tusk::detail
