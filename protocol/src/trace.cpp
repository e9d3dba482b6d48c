#include <tusk/protocol/trace.hpp>

#include <algorithm>
#include <charconv>
#include <concepts>
#include <tusk/protocol/backend.hpp>
#include <utility>
#include <variant>

namespace tusk::protocol {
namespace {

constexpr std::size_t shown_of_malformed = 64, kept_memory = 64 * 1024;
constexpr std::string_view mask = " ***";

template <class T, class... Any>
constexpr bool is_one_of = (std::same_as<T, Any> || ...);

/// Messages with nothing in them that may be shown.
template <class Message>
constexpr bool is_secret =
    is_one_of<Message, password_message, sasl_response, gss_response, cancel_request, authentication_md5_password,
              authentication_gss_continue, authentication_sasl_continue, authentication_sasl_final, backend_key_data>;

/// A byte as libpq shows it among others.
void append_escaped(std::string& line, char value) {
  constexpr std::string_view digits = "0123456789abcdef";
  auto const code = static_cast<unsigned char>(value);
  if (code >= ' ' && code <= '~')
    line += value;
  else
    line.append("\\x").append({digits[code >> 4], digits[code & 15]});
}

/// Writes fields as libpq does: integers of two bytes are unsigned, those of four signed, whatever they mean.
class field_printer {
 public:
  field_printer(std::string& line, bool masked) : line_(line), masked_(masked) {}

  template <std::integral T>
  void integer(T value) {
    if (masked_) return hide();
    if constexpr (sizeof(T) == 1)
      byte(static_cast<char>(value));
    else if constexpr (sizeof(T) == 2)
      number(static_cast<std::uint16_t>(value));
    else
      number(static_cast<std::int32_t>(value));
  }
  template <class E>
  void enumerator(E value, std::string_view) {
    byte(static_cast<char>(value));
  }
  void format(auto value) { integer(value); }
  void cstring(std::string_view value) {
    if (masked_) return hide();
    line_.append(" \"").append(value) += '"';
  }
  void bytes(std::string_view value, std::size_t) { rest(value); }
  void rest(std::string_view value) {
    if (masked_) return hide();
    line_ += " '";
    for (char const each : value) append_escaped(line_, each);
    line_ += '\'';
  }
  void nullable(field_value const& value) {
    number(value ? static_cast<std::int32_t>(value->size()) : -1);
    if (value) rest(*value);
  }
  template <std::integral Count, class T>
  void counted(list<T> const& values) {
    number(values.size());
    elements(values);
  }
  template <class T>
  void terminated(list<T> const& values) {
    elements(values);
    if constexpr (std::same_as<T, error_field>) byte('\0');
    if constexpr (std::same_as<T, std::string_view>) cstring({});
  }

  void hide() { line_ += mask; }
  template <std::integral T>
  void number(T value) {
    char digits[24] = {' '};
    line_.append(digits, std::to_chars(digits + 1, std::end(digits), value).ptr);
  }

 private:
  void byte(char value) {
    line_ += ' ';
    append_escaped(line_, value);
  }
  template <class T>
  void elements(list<T> const& values) {
    for (T const& each : values) {
      if constexpr (std::integral<T>)
        integer(each);
      else if constexpr (std::same_as<T, std::string_view>)
        cstring(each);
      else if constexpr (std::same_as<T, field_value>)
        nullable(each);
      else
        T::fields(*this, each);
    }
  }

  std::string& line_;
  bool masked_;
};

template <class Message>
void print(std::string& line, Message const& message) {
  field_printer out(line, is_secret<Message>);
  if constexpr (requires { requires Message::type == '\0'; }) {
    std::int32_t version = 0;
    if constexpr (requires { Message::code; })
      version = Message::code;
    else
      version = message.version;
    out.number(version >> 16 & 0xffff);
    out.number(version & 0xffff);
  }
  if constexpr (std::same_as<Message, startup_message>) {
    out.terminated(message.parameters);
  } else if constexpr (std::same_as<Message, sasl_initial_response>) {
    out.cstring(message.mechanism);
    out.hide();
  } else {
    Message::fields(out, message);
  }
}

std::string_view frontend_name(char type, password_kind kind) noexcept {
  switch (type) {
    case 'p':
      switch (kind) {
        case password_kind::password: return "PasswordMessage";
        case password_kind::sasl_initial: return "SASLInitialResponse";
        case password_kind::sasl: return "SASLResponse";
        case password_kind::gss: return "GSSResponse";
      }
      return {};
    case query::type: return "Query";
    case parse::type: return "Parse";
    case bind::type: return "Bind";
    case describe::type: return "Describe";
    case execute::type: return "Execute";
    case close::type: return "Close";
    case sync::type: return "Sync";
    case flush::type: return "Flush";
    case terminate::type: return "Terminate";
    case copy_data::type: return "CopyData";
    case copy_done::type: return "CopyDone";
    case copy_fail::type: return "CopyFail";
    case function_call::type: return "FunctionCall";
    default: return {};
  }
}

std::int32_t code_of(std::string_view body) noexcept {
  return body.size() < 4 ? -1 : load_big_endian<std::int32_t>(body.data());
}

std::string_view untyped_name(std::string_view body) noexcept {
  switch (code_of(body)) {
    case ssl_request::code: return "SSLRequest";
    case gssenc_request::code: return "GSSENCRequest";
    case cancel_request::code: return "CancelRequest";
    default: return "StartupMessage";
  }
}

/// Whether a message of that type, even one that cannot be decoded, may hold what must not be shown.
bool holds_secrets(bool from_client, char type) noexcept {
  if (from_client) return type == password_message::type || type == '\0';
  return type == authentication_ok::type || type == backend_key_data::type;
}

password_kind asked_for(backend_kind kind) noexcept {
  switch (kind) {
    case backend_kind::authentication_sasl: return password_kind::sasl_initial;
    case backend_kind::authentication_sasl_continue: return password_kind::sasl;
    case backend_kind::authentication_gss:
    case backend_kind::authentication_sspi:
    case backend_kind::authentication_gss_continue: return password_kind::gss;
    default: return password_kind::password;
  }
}

}  // namespace

/// What the first bytes of a message tell. `size` is that of the whole message on the wire, or, as long as `known` is
/// false, how many bytes it takes to tell.
struct tracer::head {
  char type = '\0';
  std::size_t begin = 1;  // of the body
  std::size_t size = 1;
  std::uint32_t length = 1;
  bool known = false, possible = true;
};

tracer::tracer(sink to, limits const& limit, trace_from from)
    : sink_(std::move(to)),
      max_message_(std::min(limit.max_message, 0x7fff'ff00U)),
      untyped_(from == trace_from::startup),
      authenticated_(from == trace_from::session) {}

/// As long as a session would accept.
std::uint32_t tracer::longest(direction const& of) const noexcept {
  if (&of == &client_) return untyped_ ? max_startup_packet : max_message_;
  return authenticated_ ? max_message_ : std::min(max_early_error, max_message_);
}

/// The answer to SSLRequest is one byte; only an error is a message.
bool tracer::awaits_byte(direction const& of, std::string_view bytes) const noexcept {
  return &of == &server_ && !answer_.empty() && bytes.front() != error_response::type;
}

tracer::head tracer::read_head(direction const& of, std::string_view bytes) const noexcept {
  head result;
  if (bytes.empty()) return result;
  if (awaits_byte(of, bytes)) {
    result.begin = 0;
    result.known = true;
    return result;
  }
  bool const typed = &of == &server_ || !untyped_;
  result.begin = result.size = typed ? 5 : 4;
  if (bytes.size() < result.begin) return result;
  if (typed) result.type = bytes.front();
  result.length = load_big_endian<std::uint32_t>(bytes.data() + (typed ? 1 : 0));
  result.size = std::size_t{result.length} + (typed ? 1 : 0);
  result.known = true;
  result.possible = result.length >= (typed ? 4 : 8) && result.length <= longest(of);
  return result;
}

void tracer::follow(direction& of, std::string_view bytes) {
  if (!of.followed) return;
  of.followed = false;  // should the sink throw, nobody knows where the next message begins
  while (!bytes.empty())
    if (!take_whole(of, bytes)) return;
  of.followed = true;
}

/// Shows the next message if it is whole, else gathers it. False if it is the last that can be told.
bool tracer::take_whole(direction& of, std::string_view& bytes) {
  auto const shown = [&](std::string_view from) {
    head const at = read_head(of, from);
    bool const whole = at.known && (!at.possible || at.size <= from.size());
    if (whole) show(of, at, from.substr(0, at.size));
    return std::pair(whole, at);
  };
  if (of.begun.empty()) {
    auto const [whole, at] = shown(bytes);
    if (whole) bytes.remove_prefix(std::min(at.size, bytes.size()));
    if (whole) return at.possible;
  }
  std::size_t const missing = read_head(of, of.begun.view()).size - of.begun.size();
  std::size_t const count = std::min(missing, bytes.size());
  std::copy_n(bytes.data(), count, of.begun.append(count));
  bytes.remove_prefix(count);
  auto const [whole, at] = shown(of.begun.view());
  if (!whole) return true;
  of.begun.consume(of.begun.size());
  if (holds_secrets(&of == &client_, at.type)) of.begun.wipe();
  of.begun.shrink(kept_memory);
  return at.possible;
}

std::string_view tracer::name_of(direction const& of, char type, std::string_view body) const noexcept {
  if (&of == &client_) return untyped_ ? untyped_name(body) : frontend_name(type, password_);
  if (backend_kind const kind = kind_of(type, body); kind != no_kind) return name(kind);
  return type == authentication_ok::type ? "Authentication" : "";
}

void tracer::show(direction const& of, head const& at, std::string_view message) {
  if (at.begin == 0) {
    begin_line(of, 1, std::exchange(answer_, {}));
    line_ += '\t';
    field_printer(line_, false).integer(message.front());
    return end_line();
  }
  auto const body = message.substr(std::min(at.begin, message.size()));
  auto const name = name_of(of, at.type, at.possible ? body : std::string_view());
  begin_line(of, at.length, name);
  if (name.empty()) {
    char code[3] = "00";
    auto const type = static_cast<unsigned char>(at.type);
    std::to_chars(type < 16 ? code + 1 : code, code + 2, type, 16);
    line_.append("Unknown message: ").append(code);
  }
  if (!at.possible)
    line_ += "\t impossible length";
  else
    show_fields(of, at.type, body);
  if (at.possible) learn(of, at.type, body);
  end_line();
}

void tracer::show_fields(direction const& of, char type, std::string_view body) {
  std::size_t const before = line_.size();
  line_ += '\t';
  auto const write = [&](auto const& decoded) {
    if (!decoded) return false;
    std::visit([&](auto const& each) { print(line_, each); }, *decoded);
    return true;
  };
  bool const from_client = &of == &client_;
  if (from_client ? write(decode_frontend(type, body, password_)) : write(decode_backend(type, body))) {
    if (line_.size() == before + 1) line_.pop_back();
    return;
  }
  if (!name_of(of, type, body).empty()) line_ += " malformed:";
  bool const secret = holds_secrets(from_client, type);
  field_printer(line_, secret).rest(body.substr(0, shown_of_malformed));
  if (!secret && body.size() > shown_of_malformed) line_ += " ...";
}

/// What a message says about those that follow.
void tracer::learn(direction const& of, char type, std::string_view body) noexcept {
  if (&of == &server_) {
    answer_ = {};
    if (type != authentication_ok::type) return;
    auto const kind = authentication_kind(body);
    password_ = asked_for(kind);
    authenticated_ = authenticated_ || kind == backend_kind::authentication_ok;
  } else if (untyped_) {
    auto const code = code_of(body);
    untyped_ = code == ssl_request::code || code == gssenc_request::code || code == cancel_request::code;
    // A server that is in the middle of a message does not answer.
    if (!server_.begun.empty()) return;
    if (code == ssl_request::code) answer_ = "SSLResponse";
    if (code == gssenc_request::code) answer_ = "GSSENCResponse";
  }
}

void tracer::begin_line(direction const& of, std::size_t length, std::string_view name) {
  line_.assign({of.mark, '\t'}).append(std::to_string(length)).append("\t").append(name);
}

void tracer::end_line() {
  sink_(line_);
  if (line_.capacity() > kept_memory) std::string().swap(line_);
}

}  // namespace tusk::protocol
