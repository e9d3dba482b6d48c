// No block of memory is given back with a password in it, wherever a session ends; and what was made of the password
// stays in none longer than it is needed.
//
// `new` and `delete` are replaced in this program: while a test watches, each block is searched before it is freed, and
// those that live are known.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <string>
#include <string_view>
#include <tusk/protocol/errc.hpp>
#include <tusk/protocol/scram.hpp>
#include <tusk/protocol/session.hpp>
#include <utility>

#if defined(__GLIBC__)
#include <malloc.h>

#include "support/conversation.hpp"
#include "support/scram_server.hpp"

namespace {

constexpr std::string_view needle = "s3cr3t", wide_needle{"s\0\0\0003\0\0\0c\0\0\0", 12};
constinit bool watching = false;
constinit int leaks = 0;
/// The blocks that were taken while a test watches, and not given back.
constinit void* living[1000];
constinit std::size_t living_count = 0;

bool holds(void* block, std::size_t size, std::string_view what) {
  return ::memmem(block, size, what.data(), what.size()) != nullptr;
}

void* take(std::size_t size) noexcept {
  void* const block = std::calloc(size == 0 ? 1 : size, 1);  // without residue of what was there before
  if (watching && living_count < std::size(living)) living[living_count++] = block;
  return block;
}

/// How many of the blocks that live have it in them.
std::ptrdiff_t living_with(std::string_view what) {
  return std::count_if(living, living + living_count,
                       [&](void* block) { return holds(block, ::malloc_usable_size(block), what); });
}

void give_back(void* block) noexcept {
  if (auto* const end = living + living_count; living_count != 0)
    living_count = static_cast<std::size_t>(std::remove(living, end, block) - living);
  if (watching && block != nullptr) {
    std::size_t const size = ::malloc_usable_size(block);
    if (holds(block, size, needle) || holds(block, size, wide_needle)) ++leaks;
  }
  std::free(block);
}

}  // namespace

// All forms, as a sanitizer brings its own for each that is not replaced.
void* operator new(std::size_t size, std::nothrow_t const&) noexcept { return take(size); }
void* operator new[](std::size_t size, std::nothrow_t const& none) noexcept { return ::operator new(size, none); }
void* operator new(std::size_t size) {
  if (void* const block = ::operator new(size, std::nothrow)) return block;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return ::operator new(size); }
void operator delete(void* block) noexcept { give_back(block); }
void operator delete(void* block, std::size_t) noexcept { give_back(block); }
void operator delete(void* block, std::nothrow_t const&) noexcept { give_back(block); }
void operator delete[](void* block) noexcept { give_back(block); }
void operator delete[](void* block, std::size_t) noexcept { give_back(block); }
void operator delete[](void* block, std::nothrow_t const&) noexcept { give_back(block); }

namespace tusk::test {
namespace {

using namespace protocol;

constexpr auto name_of_row = [](auto const& row) { return std::string(row.param.name); };
constexpr std::string_view plain = "SCRAM-SHA-256";

struct password_kind {
  char const* name;
  std::string password;
};
std::string long_text(std::size_t size) { return std::string(needle) + std::string(size, '-'); }

class FreedMemory : public testing::TestWithParam<password_kind> {
 protected:
  static startup_options options() {
    auto result = startup_options_of_me();
    result.password = GetParam().password;
    result.allow_cleartext = true;
    return result;
  }
  static void feed(session& on, std::string const& bytes) {
    auto const room = on.prepare();
    ASSERT_GE(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    on.commit(bytes.size());
    while (std::holds_alternative<working>(on.next())) continue;
  }
  /// Plays the steps in a session and ends it while every block is watched.
  static void expect_no_leak(std::function<void(session&)> const& steps) {
    startup_options given = options();
    leaks = 0;
    watching = true;
    {
      session on;
      EXPECT_EQ(on.start(std::move(given)), std::error_code());
      steps(on);
    }
    watching = false;
    EXPECT_EQ(leaks, 0);
  }
};

TEST_P(FreedMemory, TheSearchFindsWhatIsNotWiped) {
  void* const block = ::operator new(100);
  std::memcpy(block, needle.data(), needle.size());
  leaks = 0;
  watching = true;
  give_back(block);
  watching = false;
  EXPECT_EQ(leaks, 1);
}

TEST_P(FreedMemory, EndBeforeTheServerHasAnswered) {
  expect_no_leak([](session&) {});
}

TEST_P(FreedMemory, EndBeforeThePasswordIsSent) {
  expect_no_leak([](session& on) { feed(on, auth_cleartext()); });
}

TEST_P(FreedMemory, EndAfterThePasswordIsSent) {
  expect_no_leak([](session& on) {
    feed(on, auth_cleartext());
    EXPECT_NE(on.output().find(needle), std::string_view::npos);
    on.sent(on.output().size());
  });
}

TEST_P(FreedMemory, EndInMidScram) {
  expect_no_leak([](session& on) { feed(on, auth_sasl({plain})); });
  expect_no_leak([](session& on) {
    scram_exchange const messages(GetParam().password, startup_options_of_me().nonce, 3);
    feed(on, auth_sasl({plain}));
    feed(on, auth_continue(messages.server_first));
  });
}

TEST_P(FreedMemory, EndInAViolation) {
  expect_no_leak([](session& on) { feed(on, auth_cleartext() + ready()); });
}

TEST_P(FreedMemory, ANewSessionTakesThePlace) {
  expect_no_leak([](session& on) {
    feed(on, auth_cleartext());
    on = session();
    EXPECT_EQ(on.state(), state::unstarted);
    EXPECT_EQ(on.output(), "");
    EXPECT_EQ(on.start(options()), std::error_code());
    session other = std::move(on);
    on = std::move(other);
    feed(on, auth_cleartext());
    EXPECT_NE(on.output().find(needle), std::string_view::npos);
  });
}

TEST_P(FreedMemory, AWholeLogin) {
  expect_no_leak([](session& on) {
    feed(on, auth_cleartext());
    on.sent(on.output().size());
    feed(on, auth_ok() + cancel_key() + ready());
    EXPECT_EQ(on.state(), state::idle);
  });
}

TEST_P(FreedMemory, RefusedStart) {
  startup_options given = options();
  given.scram_client_key = "short";
  leaks = 0;
  watching = true;
  EXPECT_EQ(session().start(std::move(given)), errc::bad_scram_key);
  watching = false;
  EXPECT_EQ(leaks, 0);
}

INSTANTIATE_TEST_SUITE_P(, FreedMemory,
                         testing::Values(password_kind{"short", std::string(needle)},
                                         password_kind{"long", long_text(1000)},
                                         password_kind{"prepared", long_text(100) + "e\xcc\x81"}),
                         name_of_row);

/// An exchange whose blocks are known; one iteration makes the salted password.
class KeptByAnExchange : public testing::Test {
 protected:
  static constexpr std::string_view password = "secret", nonce = "anonceforthetests!";
  static scram_client made() {
    scram_options how;
    how.password = password;
    how.nonce = nonce;
    how.max_iterations = 1;
    leaks = 0;
    living_count = 0;
    watching = true;
    auto client = scram_client::create(how);
    watching = false;
    return std::move(*client);
  }

  scram_exchange const messages{password, nonce, 1};
  scram_key_texts const keys = scram_keys_of(password, scram_exchange::salt, 1);
  sha256_hash const salted_hash = salted_password(password, scram_exchange::salt, 1);
  std::string_view const salted = text_of(salted_hash);
};

TEST_F(KeptByAnExchange, TheSaltedPasswordIsGoneOnceTheProofIsMade) {
  auto client = made();
  ASSERT_EQ(client.server_first(messages.server_first), std::error_code());
  EXPECT_EQ(living_with(salted), 1);  // so that the search is known to find it
  ASSERT_TRUE(client.step(1));
  EXPECT_EQ(client.client_final(), messages.client_final);
  EXPECT_EQ(living_with(salted), 0);
  EXPECT_EQ(living_with(keys.server), 1);
}

TEST_F(KeptByAnExchange, AllIsGoneOnceItHasFailed) {
  auto early = made();
  ASSERT_EQ(early.server_first(messages.server_first), std::error_code());
  EXPECT_EQ(early.server_final(messages.server_final), errc::unexpected_message);
  EXPECT_EQ(living_with(salted), 0);

  auto refused = made();
  ASSERT_EQ(refused.server_first(messages.server_first), std::error_code());
  ASSERT_TRUE(refused.step(1));
  EXPECT_EQ(living_with(keys.client), 1);
  EXPECT_EQ(refused.server_final("e=other-error"), errc::sasl_server_error);
  EXPECT_EQ(living_with(keys.client), 0);
  EXPECT_EQ(living_with(keys.server), 0);
}

TEST(FreedByABuffer, ThatGrows) {
  leaks = 0;
  watching = true;
  byte_buffer buffer;
  std::memcpy(buffer.append(needle.size()), needle.data(), needle.size());
  buffer.append(10'000);
  watching = false;
  EXPECT_EQ(leaks, 0);
}

}  // namespace
}  // namespace tusk::test
#endif
