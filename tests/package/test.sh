#!/usr/bin/env bash
# A stranger's project uses tusk in each of the ways that are offered:
#   test.sh find_package|pkg-config|subproject SOURCE BUILD COMPILER
# SOURCE is the repository, BUILD a configured build of it that is complete. `subproject` builds tusk once more, as part of
# another project, as shared libraries and with hidden visibility, and then uses also what that installs, in both other ways.
# The Asio face is used where it is.
set -euo pipefail
way=$1 source=$2 build=$3 compiler=$4
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp "$source/tests/package/"*consumer.cpp "$place/"

fail() { printf '%s\n' "$*" >&2; exit 1; }
install_to() { cmake --install "$1" --prefix "$place/prefix" >"$place/log" || { cat "$place/log"; exit 1; }; }
flags=$(sed -n 's/^CMAKE_CXX_FLAGS_DEBUG:STRING=//p' "$build/CMakeCache.txt")

# configure FOLDER LINE...: a project whose CMakeLists.txt has these lines where it gets tusk from.
configure() {
  local folder=$place/$1
  mkdir "$folder"
  printf '%s\n' 'cmake_minimum_required(VERSION 3.25)' 'project(consumer LANGUAGES CXX)' "${@:2}" \
    "add_executable(consumer $place/consumer.cpp)" 'target_link_libraries(consumer PRIVATE tusk::tusk)' \
    'if(TARGET tusk::asio)' "add_executable(asio_consumer $place/asio_consumer.cpp)" \
    'target_link_libraries(asio_consumer PRIVATE tusk::asio)' 'endif()' >"$folder/CMakeLists.txt"
  cmake -S "$folder" -B "$folder/build" -G Ninja -Dtusk_DIR="$place/prefix/$libdir/cmake/tusk" -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_CXX_FLAGS="$flags" -DBUILD_SHARED_LIBS="$shared" -DTUSK_INSTALL=ON -DCMAKE_INSTALL_LIBDIR="$libdir" \
    -DCMAKE_UNITY_BUILD="$unity" -DCMAKE_UNITY_BUILD_BATCH_SIZE=0 \
    -DCMAKE_CXX_VISIBILITY_PRESET=hidden -DCMAKE_VISIBILITY_INLINES_HIDDEN=ON 2>&1
}

# consumer FOLDER LINE...: builds and runs the program of such a project.
consumer() {
  configure "$@" >"$place/log" || fail "$(cat "$place/log")"
  cmake --build "$place/$1/build"
  "$place/$1/build/consumer"
  [[ ! -e $place/$1/build/asio_consumer ]] || "$place/$1/build/asio_consumer"
}

# refused LINE WORDS: a project with this line is not configured, and CMake says the words, in lines of any length.
refused() {
  local said
  if said=$(configure refused "$1"); then fail "accepted: $1"; fi
  rm -r "$place/refused"
  said=$(tr -s ' \n' ' ' <<<"$said")
  [[ $said == *"$2"* ]] || fail "not said for $1: $2: $said"
}

# by_pkg_config OPTION...: with the installed tree where it is, and after it was moved.
by_pkg_config() {
  local prefix
  for prefix in "$place/prefix" "$place/moved"; do
    [[ -e $prefix ]] || mv "$place/prefix" "$prefix"
    [[ -e $prefix/$libdir/pkgconfig/tusk.pc ]] || fail "no tusk.pc in $libdir/pkgconfig"
    # shellcheck disable=SC2046,SC2086  # the flags are words
    "$compiler" -std=c++20 $flags "$place/consumer.cpp" -o "$place/consumer" \
      $(PKG_CONFIG_PATH=$prefix/$libdir/pkgconfig pkg-config "$@" --cflags --libs tusk)
    LD_LIBRARY_PATH=$prefix/$libdir "$place/consumer"
  done
}

# exported: the libraries export nothing of the implementation, and yet something.
exported() {
  local library names
  for library in protocol types client; do
    names=$(nm -DC --defined-only "$place/prefix/$libdir/libtusk_$library.so" | cut -d ' ' -f 2-)
    [[ $names == *'T tusk::'* ]] || fail "$library exports nothing"
    if grep -E '^. (.* for )?tusk::(client::|detail::engine::)' <<<"$names"; then fail "$library exports the names above"; fi
  done
}

shared=OFF unity=OFF
libdir=$(sed -n 's/^CMAKE_INSTALL_LIBDIR:[A-Z]*=//p' "$build/CMakeCache.txt")
case $way in
find_package)
  install_to "$build"
  consumer package 'find_package(tusk 0.1 REQUIRED OPTIONAL_COMPONENTS asio)'
  refused $'set(TUSK_ASIO_INCLUDE_DIR OFF CACHE PATH "")\nfind_package(tusk 0.1 REQUIRED COMPONENTS client asio)' \
    'asio.hpp was not found. Install them (Debian: libasio-dev), or set TUSK_ASIO_INCLUDE_DIR to the folder that has asio.hpp.'
  refused 'find_package(tusk REQUIRED COMPONENTS server)' 'There is no component server'
  refused 'find_package(tusk 0.2 REQUIRED)' 'compatible with requested version "0.2"'
  ;;
subproject)
  shared=ON flags='' libdir=lib/multi/arch
  unity=ON # a library in one piece is compiled in much less time
  consumer subproject "add_subdirectory(\"$source\" tusk)"
  install_to "$place/subproject/build"
  [[ -L $place/prefix/$libdir/libtusk_client.so.0.1 ]] || fail 'the libraries have no SOVERSION 0.1'
  exported
  consumer package 'find_package(tusk 0.1 REQUIRED)'
  by_pkg_config
  ;;
pkg-config)
  install_to "$build"
  by_pkg_config --static
  mv "$place/moved" "$place/prefix"
  by_pkg_config
  ;;
*)
  echo "unknown way: $way" >&2
  exit 2
  ;;
esac
