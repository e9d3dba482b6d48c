// A COPY's caller, played from a seed: it gives rows and ends, or takes them, whenever it is asked to go on. What came
// of it is compared with what a model_session has given or taken.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

#include "operations/copy_in_run.hpp"
#include "operations/copy_out_run.hpp"
#include "support/model_session.hpp"

namespace tusk::test {

class copy_player {
 public:
  copy_player(detail::sql_operation& of, std::string statement)
      : statement_(std::move(statement)),
        in_(dynamic_cast<detail::copy_in_run*>(&of)),
        out_(dynamic_cast<detail::copy_out_run*>(&of)) {}

  /// Whether it can do something.
  bool can_go_on() const { return in_ != nullptr ? !in_->is_over() : out_->has_chunk(); }
  /// Does a little. The engine is to resume it then.
  void go_on(std::mt19937_64& random) {
    if (in_ == nullptr) {
      if (random() % 16 == 0) out_->leave(), was_left_ = true;
      return take();
    }
    auto const what = random() % 8;
    if (what == 0) return in_->finish(), has_finished_ = true, void();
    if (what == 1) return in_->give_up("not today");
    for (auto count = random() % 64 == 0 ? 5000 : random() % 3; count != 0; --count)
      in_->encoder().write(model_session::row_of(statement_, rows_++));
    if (random() % 2 == 0) in_->give();
  }
  /// It has ended without an error.
  void check() {
    if (in_ == nullptr) take();
    auto const count = in_ != nullptr ? in_->reached().second : out_->reached().second;
    if (in_ != nullptr) {
      EXPECT_TRUE(has_finished_) << "it stands, and was not finished";
      EXPECT_EQ(count, rows_);
    } else {
      std::string all;
      for (std::size_t i = 0; i < count; ++i) all += model_session::row_of(statement_, i);
      EXPECT_TRUE(was_left_ ? all.starts_with(received_) : all == received_) << received_ << "\nof " << count;
    }
  }

 private:
  void take() {
    if (auto const chunk = out_->take_chunk()) received_ += chunk->bytes();
  }

  std::string statement_, received_;
  detail::copy_in_run* in_;
  detail::copy_out_run* out_;  // one of the two
  std::size_t rows_ = 0;       // that were given
  bool has_finished_ = false, was_left_ = false;
};

}  // namespace tusk::test
