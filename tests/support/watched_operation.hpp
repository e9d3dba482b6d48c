// An operation that watches how the engine treats another one, which does the work.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "operations/sql_operation.hpp"

namespace tusk::test {

/// What it does is what the inner one does.
class watched_operation final : public detail::operation {
 public:
  /// `feeds` is called before it is fed for the first time.
  watched_operation(std::unique_ptr<detail::sql_operation> inner, std::function<void()> feeds)
      : inner_(std::move(inner)), feeds_(std::move(feeds)) {}

  bool was_fed() const noexcept { return fed_; }
  bool was_settled() const noexcept { return settled_; }
  /// Whether an event of its own answer has come.
  bool was_answered() const noexcept { return answered_; }
  bool was_fed_again() const noexcept { return fed_again_; }
  detail::sql_operation& inner() noexcept { return *inner_; }

  detail::fed feed() override {
    EXPECT_FALSE(has_ended()) << "fed after its end";
    EXPECT_FALSE(whole_) << "fed twice";
    if (!std::exchange(fed_, true)) feeds_();
    auto const done = inner_->feed();
    whole_ = done == detail::fed::whole;
    mirror();
    return done;
  }
  detail::progress take(protocol::event const& told) override {
    EXPECT_FALSE(has_ended()) << "an event after its end";
    // A FATAL error may come when nothing was asked.
    EXPECT_TRUE(fed_ || std::holds_alternative<protocol::error_response>(told)) << "an event before it was fed";
    answered_ = true;
    auto const done = inner_->take(told);
    mirror();
    if (done == detail::progress::again) fail(inner_->error());
    EXPECT_EQ(has_ended(), done == detail::progress::ended || done == detail::progress::broken);
    return done;
  }
  detail::fed feed_again() override {
    EXPECT_FALSE(std::exchange(fed_again_, true)) << "fed again twice";
    forget_error();
    auto const done = inner_->feed_again();
    mirror();
    return done;
  }
  std::string_view asked() const noexcept override { return inner_->asked(); }
  bool is_barrier() const noexcept override { return inner_->is_barrier(); }
  bool is_full() const noexcept override { return inner_->is_full(); }
  bool is_hungry() const noexcept override { return inner_->is_hungry(); }
  void interrupt() noexcept override { inner_->interrupt(); }
  void settle() noexcept override {
    EXPECT_TRUE(has_ended());
    EXPECT_FALSE(std::exchange(settled_, true)) << "settled twice";
    inner_->settle();
  }

 private:
  void lost() noexcept override { inner_->end(error()); }
  void mirror() {
    if (!inner_->has_ended()) return;
    if (inner_->error()) fail(inner_->error());
    end();
  }

  std::unique_ptr<detail::sql_operation> inner_;
  std::function<void()> feeds_;
  bool fed_ = false, whole_ = false, fed_again_ = false, answered_ = false, settled_ = false;
};

}  // namespace tusk::test
