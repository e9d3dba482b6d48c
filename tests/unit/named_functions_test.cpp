// Texts of errors that tell a user what to call name functions that are there.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

bool is_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// The words of a text, each with the character in front of it and what stands behind it.
template <class Function>
void for_each_word(std::string_view text, Function each) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t const from = at;
    while (at < text.size() && is_word(text[at])) ++at;
    if (at == from)
      ++at;
    else
      each(std::string(text.substr(from, at - from)), from == 0 ? ' ' : text[from - 1], text.substr(at));
  }
}

/// A file's code, and the string literals in it, which lie on one line each.
struct source {
  explicit source(std::filesystem::path const& file) {
    std::ifstream in(file, std::ios::binary);
    for (std::string line; std::getline(in, line);) {
      bool quoted = false;
      std::string literal;
      std::size_t i = 0;
      for (; i < line.size(); ++i) {
        if (!quoted && line.compare(i, 2, "//") == 0) break;
        if (line[i] == '\\') {
          ++i;
        } else if (line[i] == '"') {
          if (quoted) literals.push_back(literal);
          literal.clear();
          quoted = !quoted;
        } else if (quoted) {
          literal += line[i];
        }
      }
      code.append(line, 0, i) += '\n';
    }
  }

  std::string code;
  std::vector<std::string> literals;
};

TEST(named_functions, of_error_texts_are_in_a_public_header) {
  std::set<std::string> declared;
  std::map<std::string, std::string> named;  // and the file whose text names it
  for (char const* const component : {"protocol", "types", "client"}) {
    for (auto const& entry :
         std::filesystem::recursive_directory_iterator(std::filesystem::path(TUSK_SOURCE_DIR) / component)) {
      if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
      std::string const file = entry.path().filename();
      source const read(entry.path());
      bool const is_public = entry.path().string().find("/include/") != std::string::npos;
      for_each_word(read.code, [&](std::string const& word, char, std::string_view behind) {
        if (is_public && (behind.starts_with('(') || behind.starts_with(';') || behind.starts_with(" =")))
          declared.insert(word);
        // It makes "use start_x() and poll()" of it.
        constexpr std::string_view call = "(\"";
        if (word != "blocking" || !behind.starts_with(call)) return;
        std::string const what(behind.substr(call.size(), behind.find('"', call.size()) - call.size()));
        if (what != "prepare") named.emplace("start_" + what, file);
      });
      std::string before;
      for (std::string const& literal : read.literals) {
        for_each_word(literal, [&](std::string const& word, char in_front, std::string_view behind) {
          bool const is_start = word.starts_with("start_") && word != "start_";
          bool const is_call = behind.starts_with("()") && in_front != '.';  // pg_catalog.f() is the server's
          bool const is_option = before == "connect_options" && in_front == ':';
          if (is_start || is_call || is_option) named.emplace(word, file);
          before = word;
        });
      }
    }
  }
  EXPECT_GE(named.size(), 15u);
  EXPECT_EQ(named.count("start_query"), 1u);
  EXPECT_EQ(named.count("load_types"), 1u);
  for (auto const& [function, file] : named) EXPECT_TRUE(declared.contains(function)) << function << " in " << file;
}

}  // namespace
