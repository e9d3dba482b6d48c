// The binary form of the geometric types: float8s, and what a path and a polygon have before them.
#include <bit>
#include <cstdint>
#include <tusk/types/geometry.hpp>
#include <utility>

namespace tusk::types {
namespace {

constexpr std::size_t point_size = 16;

void write_binary_points(std::vector<point> const& points, binary_writer& out) {
  out.put(static_cast<std::int32_t>(points.size()));
  for (point const& each : points) write_binary_geometric(each, out);
}

void take_geometric(binary_reader& in, double& to) noexcept { to = std::bit_cast<double>(in.take<std::uint64_t>()); }

void take_geometric(binary_reader& in, point& to) noexcept {
  take_geometric(in, to.x);
  take_geometric(in, to.y);
}

void take_geometric(binary_reader& in, line& to) noexcept {
  take_geometric(in, to.a);
  take_geometric(in, to.b);
  take_geometric(in, to.c);
}

void take_geometric(binary_reader& in, lseg& to) noexcept {
  take_geometric(in, to.first);
  take_geometric(in, to.second);
}

void take_geometric(binary_reader& in, box& to) noexcept {
  take_geometric(in, to.high);
  take_geometric(in, to.low);
}

// There is one at least, as the server has it, and nothing is allocated for those that are not there.
void take_geometric(binary_reader& in, std::vector<point>& to) {
  std::size_t const at = in.position();
  auto const count = in.take<std::int32_t>();
  if (count < 1 || static_cast<std::size_t>(count) > in.left() / point_size) in.fail_at(at);
  if (in.failed()) return;
  to.resize(static_cast<std::size_t>(count));
  for (point& each : to) take_geometric(in, each);
}

void take_geometric(binary_reader& in, path& to) {
  std::size_t const at = in.position();
  auto const closed = in.take<std::uint8_t>();
  if (closed > 1) in.fail_at(at);
  to.closed = closed == 1;
  take_geometric(in, to.points);
}

void take_geometric(binary_reader& in, polygon& to) { take_geometric(in, to.points); }

void take_geometric(binary_reader& in, circle& to) noexcept {
  take_geometric(in, to.center);
  take_geometric(in, to.radius);
}

}  // namespace

void write_binary_geometric(double value, binary_writer& out) { out.put(std::bit_cast<std::uint64_t>(value)); }

void write_binary_geometric(point const& value, binary_writer& out) {
  write_binary_geometric(value.x, out);
  write_binary_geometric(value.y, out);
}

void write_binary_geometric(line const& value, binary_writer& out) {
  write_binary_geometric(value.a, out);
  write_binary_geometric(value.b, out);
  write_binary_geometric(value.c, out);
}

void write_binary_geometric(lseg const& value, binary_writer& out) {
  write_binary_geometric(value.first, out);
  write_binary_geometric(value.second, out);
}

void write_binary_geometric(box const& value, binary_writer& out) {
  write_binary_geometric(value.high, out);
  write_binary_geometric(value.low, out);
}

void write_binary_geometric(path const& value, binary_writer& out) {
  out.put(static_cast<std::uint8_t>(value.closed));
  write_binary_points(value.points, out);
}

void write_binary_geometric(polygon const& value, binary_writer& out) { write_binary_points(value.points, out); }

void write_binary_geometric(circle const& value, binary_writer& out) {
  write_binary_geometric(value.center, out);
  write_binary_geometric(value.radius, out);
}

template <geometric T>
protocol::expected<T> parse_binary_geometric(std::string_view bytes) {
  binary_reader in(bytes);
  T made;
  take_geometric(in, made);
  if (auto const error = in.finish(); error.code) return error;
  return made;
}

template protocol::expected<point> parse_binary_geometric(std::string_view);
template protocol::expected<line> parse_binary_geometric(std::string_view);
template protocol::expected<lseg> parse_binary_geometric(std::string_view);
template protocol::expected<box> parse_binary_geometric(std::string_view);
template protocol::expected<path> parse_binary_geometric(std::string_view);
template protocol::expected<polygon> parse_binary_geometric(std::string_view);
template protocol::expected<circle> parse_binary_geometric(std::string_view);

}  // namespace tusk::types
