// The texts of the geometric types: numbers between punctuation. Each number is read by float8's own parser.
#include <tusk/types/geometry.hpp>

#include <algorithm>
#include <cstddef>
#include <tusk/types/errc.hpp>
#include <tusk/types/number.hpp>
#include <utility>

namespace tusk::types {
namespace {

/// Walks through a text. Sticky: at the first error it stops, and nothing more is taken.
class coordinate_reader {
 public:
  explicit coordinate_reader(std::string_view text) noexcept : text_(text) {}

  bool take(char c) noexcept {
    bool const found = !failed() && at_ < text_.size() && text_[at_] == c;
    at_ += found ? 1 : 0;
    return found;
  }
  void expect(char c) noexcept {
    if (!take(c)) fail({errc::malformed_geometry, at_});
  }

  double number() noexcept {
    if (failed()) return 0;
    std::size_t const end = std::min(text_.find_first_of(",()[]{}<>", at_), text_.size());
    auto const value = parse_double(text_.substr(at_, end - at_));
    if (!value) {
      fail({value.error().code, at_ + value.error().position});
      return 0;
    }
    at_ = end;
    return *value;
  }

  point one_point() noexcept {
    point made;
    expect('(');
    made.x = number();
    expect(',');
    made.y = number();
    expect(')');
    return made;
  }

  /// At least one, and `close` behind them.
  std::vector<point> points(char close) {
    std::vector<point> made;
    if (failed()) return made;
    made.reserve(
        static_cast<std::size_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_), text_.end(), ')')));
    do {
      point const each = one_point();
      if (!failed()) made.push_back(each);
    } while (take(','));
    expect(close);
    return made;
  }

  /// `value` if the text was all of it.
  template <class T>
  protocol::expected<T> finish(T value) noexcept {
    if (at_ != text_.size()) fail({errc::malformed_geometry, at_});
    if (failed()) return error_;
    return value;
  }

 private:
  bool failed() const noexcept { return static_cast<bool>(error_.code); }
  void fail(protocol::parse_error const& why) noexcept {
    if (!failed()) error_ = why;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  protocol::parse_error error_;
};

void write_points(std::vector<point> const& points, char open, char close, text_writer& out) {
  out << open;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i != 0) out << ',';
    write_geometric(points[i], out);
  }
  out << close;
}

}  // namespace

// ---- writing --------------------------------------------------------------------------------------------------------

void write_geometric(point const& value, text_writer& out) { out << '(' << value.x << ',' << value.y << ')'; }

void write_geometric(line const& value, text_writer& out) {
  out << '{' << value.a << ',' << value.b << ',' << value.c << '}';
}

void write_geometric(lseg const& value, text_writer& out) {
  out << '[';
  write_geometric(value.first, out);
  out << ',';
  write_geometric(value.second, out);
  out << ']';
}

void write_geometric(box const& value, text_writer& out) {
  write_geometric(value.high, out);
  out << ',';
  write_geometric(value.low, out);
}

void write_geometric(path const& value, text_writer& out) {
  write_points(value.points, value.closed ? '(' : '[', value.closed ? ')' : ']', out);
}

void write_geometric(polygon const& value, text_writer& out) { write_points(value.points, '(', ')', out); }

void write_geometric(circle const& value, text_writer& out) {
  out << '<';
  write_geometric(value.center, out);
  out << ',' << value.radius << '>';
}

// ---- reading --------------------------------------------------------------------------------------------------------

protocol::expected<point> parse_point(std::string_view text) noexcept {
  coordinate_reader in(text);
  return in.finish(in.one_point());
}

protocol::expected<line> parse_line(std::string_view text) noexcept {
  coordinate_reader in(text);
  line made;
  in.expect('{');
  made.a = in.number();
  in.expect(',');
  made.b = in.number();
  in.expect(',');
  made.c = in.number();
  in.expect('}');
  return in.finish(made);
}

protocol::expected<lseg> parse_lseg(std::string_view text) noexcept {
  coordinate_reader in(text);
  lseg made;
  in.expect('[');
  made.first = in.one_point();
  in.expect(',');
  made.second = in.one_point();
  in.expect(']');
  return in.finish(made);
}

protocol::expected<box> parse_box(std::string_view text) noexcept {
  coordinate_reader in(text);
  box made;
  made.high = in.one_point();
  in.expect(',');
  made.low = in.one_point();
  return in.finish(made);
}

protocol::expected<path> parse_path(std::string_view text) {
  coordinate_reader in(text);
  path made;
  made.closed = !in.take('[');
  if (made.closed) in.expect('(');
  made.points = in.points(made.closed ? ')' : ']');
  return in.finish(std::move(made));
}

protocol::expected<polygon> parse_polygon(std::string_view text) {
  coordinate_reader in(text);
  polygon made;
  in.expect('(');
  made.points = in.points(')');
  return in.finish(std::move(made));
}

protocol::expected<circle> parse_circle(std::string_view text) noexcept {
  coordinate_reader in(text);
  circle made;
  in.expect('<');
  made.center = in.one_point();
  in.expect(',');
  made.radius = in.number();
  in.expect('>');
  return in.finish(made);
}

}  // namespace tusk::types
