// COPY FROM STDIN.
//
//   [Close ...] [BEGIN] Parse Bind Execute Flush ─► CopyInResponse ─► CopyData ... CopyDone | CopyFail, Sync
//                                                                  └► is_hungry() while little waits to be sent
//   an error, or no COPY FROM STDIN at all ─► Sync
//
// It is by Parse and Bind, so that it is one statement. In copy mode the server drops a Sync, so that one is sent when
// that has ended.
#pragma once

#include <optional>
#include <string>
#include <tusk/copy_encoder.hpp>

#include "engine/operation_queue.hpp"
#include "operations/copy_statement.hpp"
#include "operations/sql_operation.hpp"

namespace tusk::detail {

/// See the top of this file.
class copy_in_run final : public sql_operation {
 public:
  /// Throws programming_error if its text is not UTF-8, or no COPY.
  copy_in_run(session_context& in, std::string_view sql, std::optional<copy_format> const& format,
              std::shared_ptr<adapter_registry> registry);

  fed feed() override;
  progress take(protocol::event const& told) override;
  std::string_view asked() const noexcept override { return sql_; }
  std::span<result> results() noexcept override { return {}; }
  std::pair<std::size_t, std::uint64_t> reached() const noexcept override { return {1, count_}; }
  bool is_hungry() const noexcept override {
    return stage_ == stage::copying && ends_ == ending::none &&
           in_.session.output().size() < operation_queue::watermark;
  }
  void interrupt() noexcept override { give_up("the statement was cancelled"); }
  void settle() noexcept override { encoder_.release(); }

  // ---- for its caller, who then has the engine resume it ----

  copy_encoder& encoder() noexcept { return encoder_; }
  /// How typed rows are written. Throws programming_error if that is not known, data_error if the server would misread
  /// it.
  copy_format const& row_format() const;
  /// What the encoder has is to be sent.
  void give() noexcept { gives_ = true; }
  void finish() noexcept;
  void give_up(char const* why) noexcept;
  /// Whether nothing more is taken: finish() or give_up() was called, or the server has refused it.
  bool is_over() const noexcept { return ends_ != ending::none || error() || has_ended(); }
  std::uint64_t given() const noexcept { return given_ + encoder_.size(); }

 private:
  enum class stage : std::uint8_t { fresh, asked, copying, refused, over };
  enum class ending : std::uint8_t { none, done, failed };

  void take_tag(std::string_view tag) override;
  bool is_several() noexcept override { return false; }
  void ready() override { close(); }
  void lost() noexcept override { close(); }
  void close() noexcept { in_.obstacles.set(obstacles::streaming, false); }
  std::error_code ask();
  void take_response(protocol::copy_in_response const& told);
  void send_data();
  /// Of a COPY that does not go on: its Sync comes next.
  void refuse(std::exception_ptr why) noexcept;

  std::string sql_;
  copy_statement stated_;
  std::optional<copy_format> format_;
  std::optional<bool> is_binary_;  // as the server says
  std::shared_ptr<adapter_registry> registry_;
  copy_encoder encoder_;
  std::uint64_t count_ = 0, given_ = 0;
  stage stage_ = stage::fresh;
  ending ends_ = ending::none;
  bool gives_ = false;
  std::string why_;
};

}  // namespace tusk::detail
