#!/usr/bin/env bash
# A stranger's project uses tusk in each of the ways that are offered:
#   test.sh find_package|pkg-config|add_subdirectory|shared SOURCE BUILD COMPILER
# SOURCE is the repository, BUILD a configured build of it that is complete.
set -euo pipefail
way=$1 source=$2 build=$3 compiler=$4
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp "$source/tests/package/consumer.cpp" "$place/"

install_to() { cmake --install "$1" --prefix "$place/prefix" >"$place/log" || { cat "$place/log"; exit 1; }; }
flags=$(sed -n 's/^CMAKE_CXX_FLAGS_DEBUG:STRING=//p' "$build/CMakeCache.txt")

case $way in
find_package | shared)
  if [ "$way" = shared ]; then
    cmake -S "$source" -B "$place/so" -G Ninja -DBUILD_SHARED_LIBS=ON -DTUSK_TOOLS=OFF -DCMAKE_CXX_COMPILER="$compiler" >/dev/null
    cmake --build "$place/so" >/dev/null
    build=$place/so flags=
  fi
  install_to "$build"
  cat >"$place/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
find_package(tusk 0.1 REQUIRED)
add_executable(consumer consumer.cpp)
target_link_libraries(consumer PRIVATE tusk::tusk)
END
  cmake -S "$place" -B "$place/b" -G Ninja -DCMAKE_PREFIX_PATH="$place/prefix" -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_CXX_FLAGS="$flags" >/dev/null
  cmake --build "$place/b"
  "$place/b/consumer"
  ;;
add_subdirectory)
  cat >"$place/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
add_subdirectory("$source" tusk)
add_executable(consumer consumer.cpp)
target_link_libraries(consumer PRIVATE tusk::tusk)
END
  cmake -S "$place" -B "$place/b" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" >/dev/null
  cmake --build "$place/b"
  "$place/b/consumer"
  ;;
pkg-config)
  install_to "$build"
  pc=$(find "$place/prefix" -name tusk.pc)
  PKG_CONFIG_PATH=$(dirname "$pc") && export PKG_CONFIG_PATH
  # shellcheck disable=SC2046  # the flags are words
  "$compiler" -std=c++20 $flags "$place/consumer.cpp" -o "$place/consumer" \
    $(pkg-config --define-variable=prefix="$place/prefix" --static --cflags --libs tusk)
  "$place/consumer"
  ;;
*)
  echo "unknown way: $way" >&2
  exit 2
  ;;
esac
