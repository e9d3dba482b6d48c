// Every adapter and parser that comes with the library.
#pragma once

#include <tusk/types/adapter.hpp>
#include <tusk/types/array.hpp>
#include <tusk/types/bits.hpp>
#include <tusk/types/bytea.hpp>
#include <tusk/types/composite.hpp>
#include <tusk/types/date.hpp>
#include <tusk/types/enum.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/int128.hpp>
#include <tusk/types/interval.hpp>
#include <tusk/types/json.hpp>
#include <tusk/types/money.hpp>
#include <tusk/types/network.hpp>
#include <tusk/types/number.hpp>
#include <tusk/types/numeric.hpp>
#include <tusk/types/range.hpp>
#include <tusk/types/text.hpp>
#include <tusk/types/time_of_day.hpp>
#include <tusk/types/timestamp.hpp>
#include <tusk/types/uuid.hpp>
