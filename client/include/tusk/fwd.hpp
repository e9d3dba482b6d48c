// The names of the classes that a program's own headers mention, without what they are made of.
#pragma once

namespace tusk {

class connection;
class cursor;
class statement;
class transaction;
class pipeline;
template <class T>
class pending;
template <class... T>
class stream;
class copy_in;
class copy_out;
class copy_chunk;
template <class... T>
class copy_rows;
struct copy_format;
struct copy_options;
struct copy_progress;
class logging_connection;
class logging_cursor;
class server_cursor;
struct server_cursor_options;
class large_object;
class pool;
class lease;
struct pool_options;
struct pool_statistics;
struct pool_event;
class listener;
class subscription;
struct listener_options;
struct listener_statistics;
struct listener_event;
struct listen_options;
struct subscription_options;
struct notification_gap;
class within;
class outcome;
struct connect_options;
struct execution;
struct notify;
class notification_queue;

class result;
class results;
class row;
class owned_row;
struct column_info;

class params;
class value;
class typecaster;
class adapter_registry;
class text_writer;
template <class T>
struct adapter;
template <class T>
class array;
template <class T>
struct multirange;
template <class T>
struct range;

class bits;
class cid;
class cidr;
class date;
class inet;
class json;
class jsonpath;
class macaddr;
class macaddr8;
class money;
class numeric;
class pg_lsn;
class time;
class time_tz;
class tsquery;
class tsvector;
class uuid;
class xid;
class xid8;
class xml;
struct interval;
struct pg_snapshot;
struct tid;

namespace geometry {
struct box;
struct circle;
struct line;
struct lseg;
struct path;
struct point;
struct polygon;
}  // namespace geometry

class sqlstate;
struct diagnostics;
class error;
class interface_error;
class database_error;
class data_error;
class operational_error;
class query_canceled;
class transaction_rollback;
class integrity_error;
class internal_error;
class programming_error;
class not_supported_error;

namespace aio {
class connection;
class listener;
class subscription;
}  // namespace aio

}  // namespace tusk
