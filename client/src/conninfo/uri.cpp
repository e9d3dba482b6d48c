#include "conninfo/uri.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace tusk::client {
namespace {

using pairs = std::vector<conninfo_pair>;

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Decodes a part of the URI, see uri.hpp; else says what is wrong with it.
char const* decode(std::string_view part, std::string& out) {
  while (part.starts_with(' ')) part.remove_prefix(1);
  while (part.ends_with(' ')) part.remove_suffix(1);
  for (std::size_t at = 0; at < part.size(); ++at) {
    if (part[at] == ' ') return "holds a space; write it as %20";
    if (part[at] != '%') {
      out += part[at];
      continue;
    }
    int const high = at + 1 < part.size() ? hex_digit(part[at + 1]) : -1;
    int const low = at + 2 < part.size() ? hex_digit(part[at + 2]) : -1;
    if (high < 0 || low < 0) return "holds a % without two hexadecimal digits after it; write a % itself as %25";
    if (high + low == 0) return "holds %00, a NUL byte, which cannot be sent";
    out += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return nullptr;
}

/// Takes the URI apart from front to back. What is wrong first is said.
class uri_parser {
 public:
  explicit uri_parser(std::string_view text) : text_(text), at_(uri_prefix(text)) {}

  conninfo_result<pairs> run() {
    bool const good = take_user() && take_hosts() && take_dbname() && take_params();
    if (good) return std::move(pairs_);
    return std::move(error_);
  }

 private:
  bool fail(std::string message, std::size_t position) {
    error_ = error_at(std::move(message), position);
    return false;
  }
  bool ended() const noexcept { return at_ == text_.size(); }
  /// The text from here up to the first of those bytes; moves behind it.
  std::string_view take_until(char const* bytes) noexcept {
    std::size_t const end = std::min(text_.find_first_of(bytes, at_), text_.size());
    std::string_view const part = text_.substr(at_, end - at_);
    at_ = end;
    return part;
  }

  bool add(std::string_view keyword, std::string_view part, std::size_t position) {
    conninfo_pair pair{std::string(keyword), {}, position, position, doubtful_};
    if (char const* const wrong = decode(part, pair.value); wrong != nullptr) {
      return fail("the " + std::string(keyword) + " in the URI " + wrong, position);
    }
    if (!part.empty()) pairs_.push_back(std::move(pair));
    return true;
  }

  bool take_user() {
    std::size_t const sign = text_.find_first_of("@/", at_);
    if (sign == text_.npos || text_[sign] != '@') {
      doubtful_ = text_.find('@', at_) != text_.npos;
      return true;
    }
    std::size_t const start = at_;
    if (!add("user", take_until(":@"), start)) return false;
    if (text_[at_] == ':') {
      std::size_t const password = ++at_;
      if (!add("password", take_until("@"), password)) return false;
    }
    ++at_;
    doubtful_ = text_.find('@', at_) != text_.npos;
    return true;
  }

  bool take_hosts() {
    std::string hosts, ports;
    std::size_t const start = at_;
    std::size_t first_port = start;
    for (;;) {
      if (!ended() && text_[at_] == '[') {
        std::string_view address;
        if (!take_address(address)) return false;
        hosts += address;
      } else {
        hosts += take_until(":/?,");
      }
      if (!ended() && text_[at_] == ':') {
        ++at_;
        if (ports.find_first_not_of(',') == ports.npos) first_port = at_;
        ports += take_until("/?,");
      }
      if (ended() || text_[at_] != ',') break;
      ++at_;
      hosts += ',';
      ports += ',';
    }
    return add("host", hosts, start) && add("port", ports, first_port);
  }

  /// `[...]`, without the brackets.
  bool take_address(std::string_view& address) {
    std::size_t const bracket = at_++;
    address = take_until("]");
    if (ended()) return fail("the \"[\" in the URI is not closed; write an IPv6 address as [::1]", bracket);
    if (address.empty()) return fail("the brackets in the URI hold no IPv6 address", bracket);
    ++at_;
    if (ended() || std::string_view(":/?,").find(text_[at_]) != std::string_view::npos) return true;
    return fail("in the URI only \":port\", \",\", \"/\" or \"?\" may stand behind \"]\"", at_);
  }

  bool take_dbname() {
    if (ended() || text_[at_] != '/') return true;
    std::size_t const start = ++at_;
    return add("dbname", take_until("?"), start);
  }

  bool take_params() {
    if (!ended()) ++at_;  // the "?"
    while (!ended()) {
      std::size_t const start = at_;
      std::string_view const param = take_until("&");
      if (!ended()) ++at_;
      std::size_t const equals = param.find('=');
      conninfo_pair const* const previous = pairs_.empty() ? nullptr : &pairs_.back();
      std::string const word = shown_word(param.substr(0, equals), previous);
      std::string const shown = word.empty() ? " a word" : word;
      if (equals == param.npos) return fail("missing \"=\" after" + shown + " in the URI", start);
      if (std::size_t const other = param.find('=', equals + 1); other != param.npos) {
        return fail("a second \"=\" after" + shown + " in the URI; write one in a value as %3D", start + other);
      }
      if (!add_param(param.substr(0, equals), param.substr(equals + 1), start)) return false;
    }
    return true;
  }

  bool add_param(std::string_view keyword, std::string_view value, std::size_t start) {
    conninfo_pair pair{{}, {}, start, start + keyword.size() + 1, doubtful_};
    if (char const* const wrong = decode(keyword, pair.keyword); wrong != nullptr) {
      return fail(std::string("a keyword in the URI ") + wrong, start);
    }
    if (char const* const wrong = decode(value, pair.value); wrong != nullptr) {
      return fail(std::string("a value in the URI ") + wrong, pair.value_position);
    }
    if (pair.keyword == "ssl" && pair.value == "true") {
      pair.keyword = "sslmode";
      pair.value = "require";
    }
    pairs_.push_back(std::move(pair));
    return true;
  }

  std::string_view text_;
  std::size_t at_;
  bool doubtful_ = false;
  pairs pairs_;
  conninfo_error error_;
};

}  // namespace

std::size_t uri_prefix(std::string_view text) noexcept {
  for (std::string_view const prefix : {"postgresql://", "postgres://"}) {
    if (text.starts_with(prefix)) return prefix.size();
  }
  return 0;
}

conninfo_result<pairs> parse_uri(std::string_view text) {
  if (std::size_t const nul = text.find('\0'); nul != text.npos) {
    return error_at("the connection string holds a NUL byte, which cannot be sent", nul);
  }
  return uri_parser(text).run();
}

}  // namespace tusk::client
