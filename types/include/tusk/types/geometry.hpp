// The geometric types of the plane. Coordinates are float8s, NaN and infinities included.
//
//   C++       text, as the server writes it      sent as, read from
//   point     (1,2)                              point
//   line      {1,-1,0}                           line       Ax + By + C = 0
//   lseg      [(1,2),(3,4)]                      lseg
//   box       (3,4),(1,2)                        box        arrays of it have semicolons: {(3,4),(1,2);(1,1),(0,0)}
//   path      [(1,2),(3,4)], ((1,2),(3,4))       path       open and closed
//   polygon   ((1,2),(3,4))                      polygon
//   circle    <(1,2),3>                          circle
//
// They are in a namespace of their own, tusk::geometry: a program that has a `point` of its own, and writes an adapter
// for it, must not find another one there.
//
// Binary: the numbers in the order of the text; before those of a path a byte that is 1 if it is closed, and before the
// points of a path or polygon an int32 that counts them.
//
// Two are equal here if all their numbers are; the server's = takes a difference below 1e-6 for none, and for some
// types compares sizes.
//
// Source: PostgreSQL's documentation, "Geometric Types"; path_encode and the output functions of each type.
#pragma once

#include <ostream>
#include <string_view>
#include <vector>

#include <tusk/protocol/expected.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/binary_writer.hpp>
#include <tusk/types/from_binary.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {
namespace geometry {

struct point {
  double x = 0;
  double y = 0;

  friend bool operator==(point const&, point const&) = default;
};

/// The points of which a * x + b * y + c = 0. The server refuses one whose a and b are both 0, as by default.
struct line {
  double a = 0;
  double b = 0;
  double c = 0;

  friend bool operator==(line const&, line const&) = default;
};

/// The points between two.
struct lseg {
  point first{};
  point second{};

  friend bool operator==(lseg const&, lseg const&) = default;
};

/// A rectangle. Of whatever two opposite corners are sent the server makes the upper right and the lower left one.
struct box {
  point high{};
  point low{};

  friend bool operator==(box const&, box const&) = default;
};

/// Points that are connected in order; if it is closed, the last one with the first. The server refuses one without
/// points.
struct path {
  std::vector<point> points = {};
  bool closed = false;

  friend bool operator==(path const&, path const&) = default;
};

/// The area within a closed path. The server refuses one without points.
struct polygon {
  std::vector<point> points = {};

  friend bool operator==(polygon const&, polygon const&) = default;
};

/// The points at most `radius` from `center`. The server refuses a negative radius.
struct circle {
  point center{};
  double radius = 0;

  friend bool operator==(circle const&, circle const&) = default;
};

}  // namespace geometry

namespace types {

using namespace geometry;

/// The type of a geometric type of C++, or 0.
template <class T>
inline constexpr oid geometric_type = 0;
template <>
inline constexpr oid geometric_type<point> = oids::point;
template <>
inline constexpr oid geometric_type<line> = oids::line;
template <>
inline constexpr oid geometric_type<lseg> = oids::lseg;
template <>
inline constexpr oid geometric_type<box> = oids::box;
template <>
inline constexpr oid geometric_type<path> = oids::path;
template <>
inline constexpr oid geometric_type<polygon> = oids::polygon;
template <>
inline constexpr oid geometric_type<circle> = oids::circle;

template <class T>
concept geometric = geometric_type<T>
!= 0;

void write_geometric(point const& value, text_writer& out);
void write_geometric(line const& value, text_writer& out);
void write_geometric(lseg const& value, text_writer& out);
void write_geometric(box const& value, text_writer& out);
void write_geometric(path const& value, text_writer& out);
void write_geometric(polygon const& value, text_writer& out);
void write_geometric(circle const& value, text_writer& out);

protocol::expected<point> parse_point(std::string_view text) noexcept;
protocol::expected<line> parse_line(std::string_view text) noexcept;
protocol::expected<lseg> parse_lseg(std::string_view text) noexcept;
protocol::expected<box> parse_box(std::string_view text) noexcept;
protocol::expected<path> parse_path(std::string_view text);
protocol::expected<polygon> parse_polygon(std::string_view text);
protocol::expected<circle> parse_circle(std::string_view text) noexcept;

void write_binary_geometric(double value, binary_writer& out);
void write_binary_geometric(point const& value, binary_writer& out);
void write_binary_geometric(line const& value, binary_writer& out);
void write_binary_geometric(lseg const& value, binary_writer& out);
void write_binary_geometric(box const& value, binary_writer& out);
void write_binary_geometric(path const& value, binary_writer& out);
void write_binary_geometric(polygon const& value, binary_writer& out);
void write_binary_geometric(circle const& value, binary_writer& out);

/// The value from its binary form.
template <geometric T>
protocol::expected<T> parse_binary_geometric(std::string_view bytes);

/// One of these types, and how its text is read.
template <class T, protocol::expected<T> (*Parse)(std::string_view)>
struct geometric_from_text {
  static constexpr bool reads(oid type) noexcept { return type == geometric_type<T>; }
  static protocol::expected<T> parse(std::string_view text) { return Parse(text); }
};

}  // namespace types

template <types::geometric T>
struct adapter<T> {
  static constexpr tusk::oid oid = types::geometric_type<T>;
  static void text(T const& value, text_writer& out) { types::write_geometric(value, out); }
  static void binary(T const& value, binary_writer& out) { types::write_binary_geometric(value, out); }
};

namespace geometry {

/// The text, as it is sent.
template <types::geometric T>
std::ostream& operator<<(std::ostream& out, T const& value) {
  return out << *types::text_of(value);
}

}  // namespace geometry

template <>
struct from_text<geometry::point> : types::geometric_from_text<geometry::point, types::parse_point> {};
template <>
struct from_text<geometry::line> : types::geometric_from_text<geometry::line, types::parse_line> {};
template <>
struct from_text<geometry::lseg> : types::geometric_from_text<geometry::lseg, types::parse_lseg> {};
template <>
struct from_text<geometry::box> : types::geometric_from_text<geometry::box, types::parse_box> {};
template <>
struct from_text<geometry::path> : types::geometric_from_text<geometry::path, types::parse_path> {};
template <>
struct from_text<geometry::polygon> : types::geometric_from_text<geometry::polygon, types::parse_polygon> {};
template <>
struct from_text<geometry::circle> : types::geometric_from_text<geometry::circle, types::parse_circle> {};

template <types::geometric T>
struct from_binary<T> {
  static constexpr bool reads(oid type) noexcept { return type == types::geometric_type<T>; }
  static protocol::expected<T> parse(std::string_view bytes, oid) { return types::parse_binary_geometric<T>(bytes); }
};

}  // namespace tusk
