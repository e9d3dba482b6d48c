// Every adapter and parser that comes with the library.
#pragma once

#include <tusk/types/adapter.hpp>
#include <tusk/types/bytea.hpp>
#include <tusk/types/date.hpp>
#include <tusk/types/from_text.hpp>
#include <tusk/types/interval.hpp>
#include <tusk/types/number.hpp>
#include <tusk/types/text.hpp>
#include <tusk/types/time_of_day.hpp>
#include <tusk/types/timestamp.hpp>
