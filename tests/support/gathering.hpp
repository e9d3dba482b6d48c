// A reader and a collector of rows, used as the session uses them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tusk/protocol/row_set.hpp>
#include <vector>

#include "support/streams.hpp"

namespace tusk::test {

class gathering {
 public:
  explicit gathering(std::uint16_t columns, protocol::limits const& limit = {})
      : reader(protocol::peer::server, limit) {
    reader.authenticated();
    collector.begin(reader, columns);
  }
  /// Receives a stream in reads of at most `most` bytes; what is not a row goes to `others`.
  void feed(std::string_view stream, std::size_t most = ~std::size_t{0}) {
    while (!stream.empty() && status != protocol::frame_status::invalid) {
      if (reader.full()) collector.take_buffer(reader);
      auto const room = reader.prepare();
      std::size_t const count = std::min({room.size(), stream.size(), most});
      std::copy_n(stream.begin(), count, room.begin());
      reader.commit(count);
      stream.remove_prefix(count);
      for (protocol::frame each;;) {
        collector.collect(reader);
        status = reader.next(each);
        if (status != protocol::frame_status::complete) break;
        others.push_back({each.type, std::string(each.body)});
      }
    }
  }
  protocol::row_set finish() {
    protocol::row_set rows;
    collector.finish(reader, rows);
    return rows;
  }

  protocol::frame_reader reader;
  protocol::row_collector collector;
  std::vector<owned_frame> others;
  protocol::frame_status status = protocol::frame_status::incomplete;
};

}  // namespace tusk::test
