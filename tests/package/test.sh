#!/usr/bin/env bash
# A stranger's project uses tusk in each of the ways that are offered:
#   test.sh find_package|pkg-config|subproject SOURCE BUILD COMPILER
# SOURCE is the repository, BUILD a configured build of it that is complete. `subproject` builds tusk once more, as part of
# another project and as shared libraries, and then uses also what that installs. The Asio face is used where it is.
set -euo pipefail
way=$1 source=$2 build=$3 compiler=$4
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp "$source/tests/package/"*consumer.cpp "$place/"

install_to() { cmake --install "$1" --prefix "$place/prefix" >"$place/log" || { cat "$place/log"; exit 1; }; }
flags=$(sed -n 's/^CMAKE_CXX_FLAGS_DEBUG:STRING=//p' "$build/CMakeCache.txt")

# consumer FOLDER LINE...: builds and runs a program whose CMakeLists.txt has these lines where it gets tusk from.
consumer() {
  local folder=$place/$1
  mkdir "$folder"
  printf '%s\n' 'cmake_minimum_required(VERSION 3.25)' 'project(consumer LANGUAGES CXX)' "${@:2}" \
    "add_executable(consumer $place/consumer.cpp)" 'target_link_libraries(consumer PRIVATE tusk::tusk)' \
    'if(TARGET tusk::asio)' "add_executable(asio_consumer $place/asio_consumer.cpp)" \
    'target_link_libraries(asio_consumer PRIVATE tusk::asio)' 'endif()' >"$folder/CMakeLists.txt"
  cmake -S "$folder" -B "$folder/build" -G Ninja -DCMAKE_PREFIX_PATH="$place/prefix" -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_CXX_FLAGS="$flags" -DBUILD_SHARED_LIBS="$shared" -DTUSK_INSTALL=ON >/dev/null
  cmake --build "$folder/build"
  "$folder/build/consumer"
  [[ ! -e $folder/build/asio_consumer ]] || "$folder/build/asio_consumer"
}

shared=OFF
case $way in
find_package)
  install_to "$build"
  consumer package 'find_package(tusk 0.1 REQUIRED OPTIONAL_COMPONENTS asio)'
  ;;
subproject)
  shared=ON flags=
  consumer subproject "add_subdirectory(\"$source\" tusk)"
  install_to "$place/subproject/build"
  consumer package 'find_package(tusk 0.1 REQUIRED)'
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
