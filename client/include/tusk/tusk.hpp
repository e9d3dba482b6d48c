// Everything of tusk but its Asio face.
#pragma once

#include <tusk/connection.hpp>
#include <tusk/cursor.hpp>
#include <tusk/large_object.hpp>
#include <tusk/listener.hpp>
#include <tusk/logging.hpp>
#include <tusk/notify.hpp>
#include <tusk/options.hpp>
#include <tusk/pool.hpp>
#include <tusk/result.hpp>
#include <tusk/results.hpp>
#include <tusk/server_cursor.hpp>
#include <tusk/statement.hpp>
#include <tusk/transaction.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/params.hpp>
#include <tusk/version.hpp>
#include <tusk/wait.hpp>
#include <tusk/within.hpp>
