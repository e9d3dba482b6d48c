#include "secrets.hpp"

#include <openssl/crypto.h>

namespace tusk::protocol {

void wipe(void* memory, std::size_t size) noexcept { OPENSSL_cleanse(memory, size); }

void wipe(std::string& text) noexcept {
  text.resize(text.capacity());  // a string that was moved from, or shortened, still has its old bytes
  wipe(text.data(), text.size());
  text.clear();
}

}  // namespace tusk::protocol
