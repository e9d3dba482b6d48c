// Runs a fuzz target over files, so that any compiler can replay its corpus: replay_NAME FILE|FOLDER...
//
// After each file its every strict prefix of up to 256 bytes is run too: cuts are what parsers forget.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace {

/// A heap block of exactly the size, so that AddressSanitizer sees one byte too many.
void run(std::string const& input) {
  auto const exact = std::make_unique<std::uint8_t[]>(input.size());
  std::copy(input.begin(), input.end(), exact.get());
  LLVMFuzzerTestOneInput(exact.get(), input.size());
}

void replay(std::filesystem::path const& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + file.string());
  std::string const input((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  run(input);
  for (std::size_t size = 0; size < std::min<std::size_t>(input.size(), 256); ++size) run(input.substr(0, size));
}

}  // namespace

int main(int count, char** arguments) {
  int files = 0;
  try {
    for (int i = 1; i < count; ++i) {
      std::filesystem::path const given = arguments[i];
      if (!std::filesystem::is_directory(given)) {
        replay(given);
        ++files;
        continue;
      }
      for (auto const& entry : std::filesystem::recursive_directory_iterator(given)) {
        if (!entry.is_regular_file()) continue;
        replay(entry.path());
        ++files;
      }
    }
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  std::printf("%d file(s) replayed\n", files);
  return files == 0 ? 1 : 0;
}
