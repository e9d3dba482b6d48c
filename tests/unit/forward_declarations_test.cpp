// What tusk/fwd.hpp declares is what the other headers define: it names no class that is not there, and each with the
// same keyword. The version header is here too.

#include <tusk/fwd.hpp>
//
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <string>
#include <tusk/tusk.hpp>
#include <tusk/types/registry.hpp>

namespace {

template <class... T>
struct complete {
  static_assert((... && (sizeof(T) > 0)));
  static constexpr int count = sizeof...(T);
};

using declared =
    complete<tusk::connection, tusk::cursor, tusk::statement, tusk::transaction, tusk::pipeline, tusk::pending<int>,
             tusk::stream<>, tusk::copy_in, tusk::copy_out, tusk::copy_chunk, tusk::copy_rows<int>, tusk::copy_format,
             tusk::copy_options, tusk::copy_progress, tusk::logging_connection, tusk::logging_cursor,
             tusk::server_cursor, tusk::server_cursor_options, tusk::large_object, tusk::pool, tusk::lease,
             tusk::pool_options, tusk::pool_statistics, tusk::pool_event, tusk::listener, tusk::subscription,
             tusk::listener_options, tusk::listener_statistics, tusk::listener_event, tusk::listen_options,
             tusk::subscription_options, tusk::notification_gap, tusk::within, tusk::outcome, tusk::connect_options,
             tusk::execution, tusk::notify, tusk::notification_queue, tusk::result, tusk::results, tusk::row,
             tusk::owned_row, tusk::column_info, tusk::params, tusk::value, tusk::typecaster, tusk::adapter_registry,
             tusk::text_writer, tusk::adapter<int>, tusk::array<int>, tusk::multirange<int>, tusk::range<int>,
             tusk::bits, tusk::cidr, tusk::date, tusk::inet, tusk::json, tusk::money, tusk::numeric, tusk::time,
             tusk::time_tz, tusk::uuid, tusk::xml, tusk::interval, tusk::cid, tusk::jsonpath, tusk::macaddr,
             tusk::macaddr8, tusk::pg_lsn, tusk::tsquery, tusk::tsvector, tusk::xid, tusk::xid8, tusk::geometry::box,
             tusk::geometry::circle, tusk::geometry::line, tusk::geometry::lseg, tusk::geometry::path,
             tusk::pg_snapshot, tusk::geometry::point, tusk::geometry::polygon, tusk::tid, tusk::sqlstate,
             tusk::diagnostics, tusk::error, tusk::interface_error, tusk::database_error, tusk::data_error,
             tusk::operational_error, tusk::query_canceled, tusk::transaction_rollback, tusk::integrity_error,
             tusk::internal_error, tusk::programming_error, tusk::not_supported_error>;

TEST(forward_declarations, each_is_of_a_class_that_is_defined) {
  std::ifstream file(TUSK_SOURCE_DIR "/client/include/tusk/fwd.hpp");
  std::regex const declaration("(class|struct) [a-z0-9_]+;");
  std::string line;
  int found = 0;
  bool in_aio = false;  // that class needs Asio, and its own test includes it
  while (std::getline(file, line)) {
    in_aio = in_aio || line == "namespace aio {";
    if (!in_aio && std::regex_match(line, declaration)) ++found;
  }
  EXPECT_EQ(found, declared::count) << "tusk/fwd.hpp and the list in this file are not of the same length";
}

static_assert(tusk::version.major == TUSK_VERSION_MAJOR && tusk::version.minor == TUSK_VERSION_MINOR &&
              tusk::version.patch == TUSK_VERSION_PATCH);
static_assert(TUSK_VERSION == tusk::version.major * 10000 + tusk::version.minor * 100 + tusk::version.patch);

}  // namespace
