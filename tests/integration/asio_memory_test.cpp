// Where the memory of a waiting operation of the Asio face comes from: the handler's associated allocator.

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <tusk/tusk.hpp>

#include "support/aio.hpp"
#include "support/server.hpp"

namespace tusk::test {
namespace {

using std::exception_ptr;

struct counts {
  std::size_t taken = 0, held = 0;
};

template <class T>
struct counting_allocator {
  using value_type = T;
  counts* of;

  explicit counting_allocator(counts* where) : of(where) {}
  template <class U>
  counting_allocator(counting_allocator<U> const& other) : of(other.of) {}
  T* allocate(std::size_t count) {
    ++of->taken;
    ++of->held;
    return std::allocator<T>().allocate(count);
  }
  void deallocate(T* memory, std::size_t count) {
    --of->held;
    std::allocator<T>().deallocate(memory, count);
  }
  bool operator==(counting_allocator const&) const = default;
};

/// A handler that has an allocator. When it is called its operation's memory has been given back.
template <class Value>
struct handler {
  using allocator_type = counting_allocator<std::byte>;

  counts* of;
  std::optional<Value>* into;

  allocator_type get_allocator() const { return allocator_type(of); }
  void operator()(exception_ptr error, Value value) const {
    EXPECT_FALSE(error);
    EXPECT_EQ(of->held, 0U);
    into->emplace(std::move(value));
  }
};

TEST(asio_memory, is_the_handlers_allocators) {
  asio::io_context io;
  std::optional<aio::connection> conn(io);
  conn->connect(dsn(way::unix_socket), [](exception_ptr error) { EXPECT_FALSE(error); });
  run(io);
  counts of;
  std::optional<result> got;
  conn->query(bind("SELECT $1::int", 5), handler<result>{&of, &got});
  EXPECT_GT(of.held, 0U);
  io.restart();
  run(io);
  ASSERT_TRUE(got);
  EXPECT_EQ(first<int>(*got), 5);
  EXPECT_GT(of.taken, 0U);
  EXPECT_EQ(of.held, 0U);
}

TEST(asio_memory, of_what_never_completes_is_given_back) {
  counts of;
  std::optional<notify> got;
  {
    asio::io_context io;
    aio::connection conn(io);
    conn.connect(dsn(way::unix_socket), [](exception_ptr error) { EXPECT_FALSE(error); });
    run(io);
    conn.next_notify(handler<notify>{&of, &got});
    EXPECT_GT(of.held, 0U);
  }
  EXPECT_EQ(of.held, 0U);
  EXPECT_FALSE(got);
}

}  // namespace
}  // namespace tusk::test
