// What tusk::types and tusk::client need of the language and a compiler can be told to leave out. tusk::protocol does
// without both.
#pragma once

#if !defined(__cpp_exceptions)
#error "tusk reports errors by exceptions: compile without -fno-exceptions. Only tusk::protocol does without."
#endif
#if !defined(__cpp_rtti)
#error \
    "tusk::value, typecasters and registered adapters use typeid: compile without -fno-rtti. Only tusk::protocol does without."
#endif
