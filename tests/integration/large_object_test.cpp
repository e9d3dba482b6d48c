// Large objects: every function, transactions that end, files, streams, sizes beyond 32 bits.
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <tusk/tusk.hpp>
#include <utility>
#include <vector>

#include "support/server.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

namespace tusk::test {
namespace {

std::string random_bytes(std::size_t size) {
  std::mt19937_64 random(size);
  std::string bytes(size, '\0');
  for (char& each : bytes) each = static_cast<char>(random());
  return bytes;
}

class large_object_test : public testing::Test {
 protected:
  std::string path(char const* name) const { return folder_.path(name); }

  connection conn_ = connect(dsn(way::unix_socket));
  temporary_folder const folder_;
};

TEST_F(large_object_test, is_written_read_and_moved_in) {
  auto lo = large_object::create(conn_);
  EXPECT_NE(lo.id(), 0u);
  lo.write("some bytes");
  EXPECT_EQ(lo.tell(), 10u);
  EXPECT_EQ(lo.read(), "");
  EXPECT_EQ(lo.seek(5), 5u);
  EXPECT_EQ(lo.read(3), "byt");
  EXPECT_EQ(lo.seek(-1, lo_from::current), 7u);
  EXPECT_EQ(lo.read(100), "tes");
  EXPECT_EQ(lo.seek(-4, lo_from::end), 6u);
  lo.write("ook");
  lo.seek(0);
  EXPECT_EQ(lo.read(), "some books");
  lo.truncate(4);
  EXPECT_EQ(lo.seek(0, lo_from::end), 4u);
  lo.seek(6);
  lo.write("x");
  lo.seek(0);
  EXPECT_EQ(lo.read(), std::string("some\0\0x", 7));
  lo.write("");
  std::byte three[3];
  lo.seek(0);
  EXPECT_EQ(lo.read(three), 3u);
  EXPECT_EQ(three[2], std::byte{'m'});
  EXPECT_EQ(thrown<data_error>([&] { lo.seek(-1); }).sqlstate().str(), "22023");
}

TEST_F(large_object_test, of_all_sizes_comes_back) {
  for (int const length : {0, 1, 2047, 2048, 2049, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3'000'000}) {
    auto const size = static_cast<std::size_t>(length);
    std::string const bytes = random_bytes(size);
    auto lo = large_object::create(conn_);
    lo.write(bytes);
    lo.seek(0);
    EXPECT_EQ(lo.read() == bytes, true) << size;
    lo.seek(static_cast<std::int64_t>(size / 2));
    EXPECT_EQ(lo.read(size) == bytes.substr(size / 2), true) << size;
  }
}

TEST_F(large_object_test, of_three_gigabytes_has_holes) {
  constexpr std::int64_t far = 3'000'000'000;
  auto lo = large_object::create(conn_);
  for (std::int64_t const at : {std::int64_t{0}, std::int64_t{0x7fff'fffe}, std::int64_t{0xffff'fffe} / 2 * 1, far}) {
    EXPECT_EQ(lo.seek(at), static_cast<std::uint64_t>(at));
    lo.write("here");
    EXPECT_EQ(lo.tell(), static_cast<std::uint64_t>(at) + 4);
    lo.seek(at);
    EXPECT_EQ(lo.read(4), "here");
  }
  EXPECT_EQ(lo.seek(0, lo_from::end), static_cast<std::uint64_t>(far) + 4);
  lo.seek(far - 100);
  EXPECT_EQ(lo.read(100), std::string(100, '\0'));
  lo.truncate(far + 1'000'000'000);
  EXPECT_EQ(lo.seek(0, lo_from::end), 4'000'000'000u);
  EXPECT_THROW(lo.truncate(std::uint64_t{1} << 63), programming_error);
}

TEST_F(large_object_test, has_a_mode_and_a_number) {
  oid const id = large_object::create(conn_, 4711).id();
  EXPECT_EQ(id, 4711u);
  large_object only_read(conn_, id, lo_mode::read);
  EXPECT_EQ(only_read.read(), "");
  EXPECT_EQ(thrown<operational_error>([&] { only_read.write("x"); }).sqlstate().str(), "55000");
  conn_.rollback();
  large_object::create(conn_, 4711);
  EXPECT_EQ(thrown<integrity_error>([&] { large_object::create(conn_, 4711); }).sqlstate().str(), "23505");
  conn_.rollback();
  EXPECT_EQ(thrown<programming_error>([&] { large_object(conn_, 4711); }).sqlstate().str(), "42704");
  conn_.rollback();
  large_object::create(conn_, 4'000'000'000);
  large_object::unlink(conn_, 4'000'000'000);
  EXPECT_EQ(thrown<programming_error>([&] { large_object::unlink(conn_, 4'000'000'000); }).sqlstate().str(), "42704");
}

TEST_F(large_object_test, is_closed_by_the_end_of_its_transaction) {
  auto lo = large_object::create(conn_);
  lo.write("first");
  conn_.commit();
  EXPECT_CONTAINS("has ended", thrown<programming_error>([&] { lo.read(); }).what());
  EXPECT_EQ(conn_.transaction_status(), transaction_status::idle) << "nothing was sent";
  // Another object has the same descriptor then.
  auto other = large_object::create(conn_);
  other.write("other");
  EXPECT_CONTAINS("has ended", thrown<programming_error>([&] { lo.write("x"); }).what());
  EXPECT_CONTAINS("has ended", thrown<programming_error>([&] { lo.seek(0); }).what());
  { large_object const gone = std::move(lo); }
  other.seek(0);
  EXPECT_EQ(other.read(), "other") << "it is open still";
  oid const id = other.id();
  conn_.rollback();
  EXPECT_THROW(other.tell(), programming_error);
  EXPECT_THROW(large_object(conn_, id), programming_error) << "it was rolled back with its creation";
  conn_.rollback();
}

TEST_F(large_object_test, is_closed_by_a_rollback_to_a_savepoint) {
  transaction tx(conn_);
  oid const id = large_object::create(conn_).id();
  std::optional<large_object> lo;
  {
    transaction part(conn_);
    lo.emplace(conn_, id);
    lo->write("x");
  }
  EXPECT_EQ(thrown<programming_error>([&] { lo->read(); }).sqlstate().str(), "42704");
}

TEST_F(large_object_test, needs_a_transaction_and_a_blocking_connection) {
  connection conn = open();
  EXPECT_CONTAINS("begin one", thrown<programming_error>([&] { large_object::create(conn); }).what());
  EXPECT_CONTAINS("begin one", thrown<programming_error>([&] { large_object(conn, 1); }).what());
  {
    transaction tx(conn);
    auto lo = large_object::create(conn);
    lo.write("x");
    tx.rollback();
  }
  connection async = connect(dsn(way::unix_socket), {.async = true});
  EXPECT_CONTAINS("asynchronous", thrown<programming_error>([&] { large_object::create(async); }).what());
  EXPECT_CONTAINS("asynchronous", thrown<programming_error>([&] { large_object::unlink(async, 1); }).what());
}

TEST_F(large_object_test, closes_moves_and_outlives_its_connection) {
  auto lo = large_object::create(conn_);
  lo.write("bytes");
  large_object moved = std::move(lo);
  EXPECT_THROW(lo.read(), programming_error);
  moved.seek(0);
  EXPECT_EQ(moved.read(), "bytes");
  moved.close();
  moved.close();
  EXPECT_CONTAINS("is closed", thrown<programming_error>([&] { moved.read(); }).what());
  large_object again(conn_, moved.id());
  connection elsewhere = std::move(conn_);
  EXPECT_EQ(again.read(), "bytes");
  moved = std::move(again);
  EXPECT_EQ(moved.tell(), 5u);
  elsewhere.close();
  EXPECT_THROW(moved.tell(), interface_error);
}

TEST_F(large_object_test, is_made_of_a_file_and_written_to_one) {
  for (int const length : {0, 1, 1 << 20, 2'500'000}) {
    auto const size = static_cast<std::size_t>(length);
    std::string const bytes = random_bytes(size);
    std::ofstream(path("from"), std::ios::binary) << bytes;
    std::vector<std::uint64_t> told;
    oid const id = large_object::import_file(conn_, path("from"), [&](std::uint64_t done, std::uint64_t all) {
      told.push_back(done);
      EXPECT_EQ(all, size);
    });
    EXPECT_EQ(told.size(), (size + (1 << 20) - 1) >> 20);
    EXPECT_EQ(told.empty() ? 0 : told.back(), size);
    told.clear();
    large_object::export_file(conn_, id, path("to"), [&](std::uint64_t done, std::uint64_t) { told.push_back(done); });
    EXPECT_EQ(told.empty() ? 0 : told.back(), size);
    std::ostringstream read;
    read << std::ifstream(path("to"), std::ios::binary).rdbuf();
    EXPECT_EQ(read.str() == bytes, true) << size;
    large_object::unlink(conn_, id);
  }
}

TEST_F(large_object_test, files_that_are_not_there_are_an_error_and_nothing_is_made) {
  EXPECT_CONTAINS("could not open",
                  thrown<operational_error>([&] { large_object::import_file(conn_, path("nothing")); }).what());
  EXPECT_CONTAINS("could not read",
                  thrown<operational_error>([&] { large_object::import_file(conn_, folder_.path()); }).what());
  std::ofstream(path("from")) << random_bytes(3'000'000);
  auto const count = [&] { return value<int>(conn_, "SELECT count(*)::int FROM pg_largeobject_metadata"); };
  int const before = count();
  EXPECT_THROW(large_object::import_file(conn_, path("from"), [](auto, auto) { throw std::runtime_error("stop"); }),
               std::runtime_error);
  EXPECT_EQ(count(), before);
  oid const id = large_object::import_file(conn_, path("from"));
  EXPECT_CONTAINS("could not open",
                  thrown<operational_error>([&] { large_object::export_file(conn_, id, path("no/where")); }).what());
  EXPECT_CONTAINS("could not write",
                  thrown<operational_error>([&] { large_object::export_file(conn_, id, "/dev/full"); }).what());
  auto small = large_object::create(conn_);
  small.write("x");
  EXPECT_CONTAINS("could not write",
                  thrown<operational_error>([&] { large_object::export_file(conn_, small.id(), "/dev/full"); }).what());
}

TEST_F(large_object_test, is_read_and_written_at_one_place_by_a_stream) {
  auto lo = large_object::create(conn_);
  lo.write("abcdef");
  lo.seek(0);
  large_object_buffer buffer(lo);
  std::iostream stream(&buffer);
  EXPECT_EQ(stream.get(), 'a');
  stream << "XY";
  EXPECT_EQ(stream.get(), 'd');
  stream << 'Z' << std::flush;
  lo.seek(0);
  EXPECT_EQ(lo.read(), "aXYdZf");
}

TEST_F(large_object_test, is_a_stream) {
  auto lo = large_object::create(conn_);
  {
    large_object_buffer buffer(lo);
    std::iostream stream(&buffer);
    for (int i = 0; i < 20'000; ++i) stream << i << '\n';
    stream.flush();
    EXPECT_TRUE(stream.good());
    stream.seekg(0);
    int i = 0;
    for (int read = 0; stream >> read; ++i) ASSERT_EQ(read, i);
    EXPECT_EQ(i, 20'000);
    stream.clear();
    stream.seekg(4);
    std::string line;
    std::getline(stream, line);
    EXPECT_EQ(line, "2");
    EXPECT_EQ(stream.tellg(), 6);
    stream.seekp(6);
    stream << "X";  // over what was read ahead
    stream.seekg(0);
    stream >> line >> line >> line >> line;
    EXPECT_EQ(line, "X");
    stream.seekp(0, std::ios::end);
    stream << "end";
  }
  lo.seek(-9, lo_from::end);
  EXPECT_EQ(lo.read(), "19999\nend");
}

TEST_F(large_object_test, errors_of_a_stream_come_out_where_they_are_asked_for) {
  auto lo = large_object::create(conn_);
  large_object_buffer buffer(lo);
  std::iostream stream(&buffer);
  conn_.rollback();
  stream << "x" << std::flush;
  EXPECT_TRUE(stream.bad());
  stream.clear();
  stream.exceptions(std::ios::badbit);
  EXPECT_THROW(stream.get(), programming_error);
}

}  // namespace
}  // namespace tusk::test
