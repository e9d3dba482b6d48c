// The arguments of a statement, in the form in which the Bind message carries them.
//
//   value ─► adapter<T> ─► wire: for each value an Int32, its length or -1 for NULL, then its text
//                          types: its OID, 0 where the server infers it
//
// Source: PostgreSQL's documentation, "Message Formats", Bind.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include <tusk/protocol/limits.hpp>
#include <tusk/types/adapter.hpp>
#include <tusk/types/builtin.hpp>
#include <tusk/types/oid.hpp>
#include <tusk/types/small_buffer.hpp>
#include <tusk/types/text_writer.hpp>

namespace tusk {

/// Arguments of a bound statement; they are written when they are added, so nothing of the values need live on. The
/// first few, as long as they are short, need no heap.
///
///     params args(1, "it's", std::nullopt);
///     params more;
///     for (auto const& v : values) more.add(v);
///
/// One object belongs to one thread at a time.
class params {
 public:
  static constexpr std::size_t max_count = protocol::max_parameters;

  params() noexcept = default;

  /// Arguments in order; the same as adding them one by one.
  template <class... Args>
  requires(sizeof...(Args) > 0 &&
           !(std::same_as<std::remove_cvref_t<Args>, params> || ...)) explicit params(Args const&... args) {
    (add(args), ...);
  }

  /// Adds an argument. Fails with programming_error if there are 65535 already, with data_error if all of them together
  /// would pass 1 GiB, and with what the adapter throws; nothing is added then.
  template <class T>
  params& add(T const& value) {
    using type = types::adapted<T>;
    types::require_adapter<type>();
    if constexpr (adaptable<type>) {  // otherwise the one message is enough
      entry added(*this);
      if (types::is_null<type>(value)) {
        added.set_null();
      } else {
        text_writer out(wire_);
        adapter<type>::text(value, out);
      }
      added.finish(types::argument_type_of<type>().oid);
    }
    return *this;
  }

  /// How many there are.
  std::size_t count() const noexcept { return types_.size(); }
  bool empty() const noexcept { return count() == 0; }

  /// The type of each; lives until the next change.
  std::span<oid const> types() const noexcept { return {types_.data(), types_.size()}; }

  /// All values as Bind carries them after their count; lives until the next change.
  std::string_view wire() const noexcept { return {wire_.data(), wire_.size()}; }

 private:
  static constexpr std::size_t length_size = 4;

  // One value being written behind its length; taken back if it is not finished.
  class entry {
   public:
    explicit entry(params& to) : to_(to), start_(to.wire_.size()) {
      if (to.count() == max_count) throw_too_many();
      to.wire_.reserve(length_size);
      to.wire_.commit(length_size);
    }
    entry(entry const&) = delete;
    entry& operator=(entry const&) = delete;
    ~entry() {
      if (!finished_) to_.wire_.truncate(start_);
    }

    void set_null() noexcept { null_ = true; }

    void finish(oid type) {
      std::size_t const size = to_.wire_.size() - start_ - length_size;  // below 2^30, as the buffer grants
      std::uint32_t const length = null_ ? 0xffff'ffff : static_cast<std::uint32_t>(size);
      auto const octet = [length](int i) { return static_cast<char>(length >> 8 * i & 0xff); };
      char const prefix[length_size] = {octet(3), octet(2), octet(1), octet(0)};
      std::memcpy(to_.wire_.data() + start_, prefix, length_size);
      to_.types_.push_back(type);
      finished_ = true;
    }

   private:
    params& to_;
    std::size_t start_;
    bool null_ = false;
    bool finished_ = false;
  };

  [[noreturn]] static void throw_too_many();

  types::text_buffer wire_;
  types::small_buffer<oid, 16> types_;
};

}  // namespace tusk
