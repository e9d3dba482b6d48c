// The texts of a row's place and of a snapshot: numbers between punctuation.
#include <tusk/types/xid.hpp>

#include <limits>
#include <optional>

namespace tusk {
namespace {

// Walks through numbers and punctuation. Sticky: at the first error it stops, and nothing more is taken.
class numbers_reader {
 public:
  numbers_reader(std::string_view text, types::errc malformed) noexcept : text_(text), malformed_(malformed) {}

  bool at_end() const noexcept { return at_ == text_.size(); }
  std::size_t position() const noexcept { return at_; }

  template <class Number>
  Number number() noexcept {
    if (error_) return 0;
    std::string_view const digits = text_.substr(at_, types::count_digits(text_.substr(at_)));
    if (digits.empty()) return static_cast<Number>(fail({malformed_, at_}));
    auto const value = types::parse_integer<Number>(digits);
    if (!value) return static_cast<Number>(fail({value.error().code, at_}));
    at_ += digits.size();
    return *value;
  }

  void expect(char c) noexcept {
    if (error_) return;
    if (at_ == text_.size() || text_[at_] != c) {
      fail({malformed_, at_});
    } else {
      ++at_;
    }
  }

  /// What was read at that position is wrong.
  void refuse(std::size_t position) noexcept {
    if (!error_) fail({malformed_, position});
  }

  std::optional<protocol::parse_error> finish() noexcept {
    if (!error_ && !at_end()) fail({malformed_, at_});
    return error_;
  }
  bool failed() const noexcept { return error_.has_value(); }

 private:
  int fail(protocol::parse_error const& why) noexcept {
    error_ = why;
    return 0;
  }

  std::string_view text_;
  types::errc malformed_;
  std::size_t at_ = 0;
  std::optional<protocol::parse_error> error_;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, tid value) { return out << *types::text_of(value); }
std::ostream& operator<<(std::ostream& out, pg_snapshot const& value) { return out << *types::text_of(value); }

void adapter<tid>::text(tid value, text_writer& out) { out << '(' << value.block << ',' << value.offset << ')'; }

protocol::expected<tid> from_text<tid>::parse(std::string_view text) noexcept {
  numbers_reader in(text, types::errc::malformed_tid);
  tid value;
  in.expect('(');
  value.block = in.number<std::uint32_t>();
  in.expect(',');
  value.offset = in.number<std::uint16_t>();
  in.expect(')');
  if (auto const error = in.finish()) return *error;
  return value;
}

void adapter<pg_snapshot>::text(pg_snapshot const& value, text_writer& out) {
  out << value.xmin.number() << ':' << value.xmax.number();
  char before = ':';
  for (xid8 const each : value.in_progress) {
    out << before << each.number();
    before = ',';
  }
  if (value.in_progress.empty()) out << ':';
}

protocol::expected<pg_snapshot> from_text<pg_snapshot>::parse(std::string_view text) {
  numbers_reader in(text, types::errc::malformed_snapshot);
  pg_snapshot value;
  std::size_t at = in.position();
  auto const take = [&](std::uint64_t least, std::uint64_t most) {
    at = in.position();
    auto const number = in.number<std::uint64_t>();
    if (number < least || number > most) in.refuse(at);
    return number;
  };
  constexpr auto any = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t const first = take(1, any);
  in.expect(':');
  std::uint64_t const end = take(first, any);
  in.expect(':');
  // The server writes them in ascending order, and none twice.
  std::uint64_t least = first;
  while (!in.failed() && !in.at_end()) {
    if (!value.in_progress.empty()) in.expect(',');
    std::uint64_t const each = take(least, end - 1);
    if (!in.failed()) value.in_progress.emplace_back(each);
    least = each + 1;
  }
  if (auto const error = in.finish()) return *error;
  value.xmin = xid8(first);
  value.xmax = xid8(end);
  return value;
}

// ---- binary ---------------------------------------------------------------------------------------------------------

protocol::expected<tid> from_binary<tid>::parse(std::string_view bytes, oid) noexcept {
  types::binary_reader in(bytes);
  tid value;
  value.block = in.take<std::uint32_t>();
  value.offset = in.take<std::uint16_t>();
  if (auto const error = in.finish(); error.code) return error;
  return value;
}

void adapter<pg_snapshot>::binary(pg_snapshot const& value, binary_writer& out) {
  out.put(static_cast<std::int32_t>(value.in_progress.size())).put(value.xmin.number()).put(value.xmax.number());
  for (xid8 const each : value.in_progress) out.put(each.number());
}

protocol::expected<pg_snapshot> from_binary<pg_snapshot>::parse(std::string_view bytes, oid) {
  types::binary_reader in(bytes);
  pg_snapshot value;
  auto const count = in.take<std::int32_t>();
  if (count < 0) in.fail_at(0);
  auto const take = [&in](std::uint64_t least, std::uint64_t end) {
    std::size_t const at = in.position();
    auto const number = in.take<std::uint64_t>();
    if (number < least || (end != 0 && number >= end)) in.fail_at(at);
    return number;
  };
  std::uint64_t least = take(1, 0);
  value.xmin = xid8(least);
  value.xmax = xid8(take(least, 0));
  for (std::int32_t i = 0; i < count && !in.failed(); ++i) {
    least = take(least, value.xmax.number());
    if (!in.failed()) value.in_progress.emplace_back(least++);
  }
  if (auto const error = in.finish(); error.code) return error;
  return value;
}

}  // namespace tusk
