// The version of these headers. Versions before 1.0 promise compatibility of source and binary within one minor
// version.
#pragma once

#define TUSK_VERSION_MAJOR 0
#define TUSK_VERSION_MINOR 1
#define TUSK_VERSION_PATCH 0

/// For comparisons: 0.1.2 is 102, 1.20.3 is 12003.
#define TUSK_VERSION (TUSK_VERSION_MAJOR * 10000 + TUSK_VERSION_MINOR * 100 + TUSK_VERSION_PATCH)

namespace tusk {

/// The same as a constant.
inline constexpr struct {
  int major;
  int minor;
  int patch;
} version{TUSK_VERSION_MAJOR, TUSK_VERSION_MINOR, TUSK_VERSION_PATCH};

}  // namespace tusk
