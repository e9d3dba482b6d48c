// Each message that stands inside a CopyData of replication and of base backups, with the bytes of the whole CopyData.
#pragma once

#include <tusk/protocol/replication.hpp>
#include <vector>

#include "support/samples.hpp"

namespace tusk::test {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

inline std::vector<sample<protocol::copy_payload_from_server>> const& payloads_from_server() {
  using namespace protocol;
  static std::vector<sample<copy_payload_from_server>> const rows{
      {"xlog_data",
       xlog_data{.wal_start = 0x16b374d848, .wal_end = 0x16b374d900, .sent_at = 800000000000000, .data = "BEGIN 733"},
       "'d' 00000026 'w' 00000016b374d848 00000016b374d900 0002d79883d20000 'BEGIN 733'"},
      {"xlog_data_empty", xlog_data{.wal_start = 1, .wal_end = 0xffffffffffffffff, .sent_at = -1},
       "'d' 0000001d 'w' 0000000000000001 ffffffffffffffff ffffffffffffffff"},
      {"primary_keepalive", primary_keepalive{.wal_end = 0x16b374d848, .sent_at = 2},
       "'d' 00000016 'k' 00000016b374d848 0000000000000002 00"},
      {"primary_keepalive_with_request", primary_keepalive{.wal_end = 1, .sent_at = -2, .reply_requested = true},
       "'d' 00000016 'k' 0000000000000001 fffffffffffffffe 01"},
      {"backup_archive", backup_archive{.name = "16399.tar", .path = "/srv/fast"},
       "'d' 00000019 'n' '16399.tar'00 '/srv/fast'00"},
      {"backup_archive_of_the_data_directory", backup_archive{.name = "base.tar"}, "'d' 0000000f 'n' 'base.tar'00 00"},
      {"backup_manifest", backup_manifest{}, "'d' 00000005 'm'"},
      {"backup_data", backup_data{.data = keep(bytes("'PG_VERSION' 0000"))}, "'d' 00000011 'd' 'PG_VERSION' 0000"},
      {"backup_data_empty", backup_data{}, "'d' 00000005 'd'"},
      {"backup_progress", backup_progress{.bytes_done = 0x100000002}, "'d' 0000000d 'p' 0000000100000002"},
  };
  return rows;
}

inline std::vector<sample<protocol::copy_payload_from_client>> const& payloads_from_client() {
  using namespace protocol;
  static std::vector<sample<copy_payload_from_client>> const rows{
      {"standby_status_update",
       standby_status_update{.written = 0x16b374d849, .flushed = 0x16b374d848, .applied = 1, .sent_at = 2},
       "'d' 00000026 'r' 00000016b374d849 00000016b374d848 0000000000000001 0000000000000002 00"},
      {"standby_status_update_with_request", standby_status_update{.sent_at = -1, .reply_requested = true},
       "'d' 00000026 'r' 0000000000000000 0000000000000000 0000000000000000 ffffffffffffffff 01"},
      {"hot_standby_feedback",
       hot_standby_feedback{
           .sent_at = 3, .xmin = 733, .xmin_epoch = 1, .catalog_xmin = 0xfffffff0, .catalog_xmin_epoch = 2},
       "'d' 0000001d 'h' 0000000000000003 000002dd 00000001 fffffff0 00000002"},
      {"hot_standby_feedback_ends", hot_standby_feedback{},
       "'d' 0000001d 'h' 0000000000000000 00000000 00000000 00000000 00000000"},
  };
  return rows;
}

#pragma GCC diagnostic pop

}  // namespace tusk::test
