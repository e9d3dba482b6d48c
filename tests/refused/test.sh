#!/usr/bin/env bash
# What must not compile does not, and the compiler's message says what to write:
#   test.sh SOURCE COMPILER
# Each tests/refused/NAME.cpp compiles as it is, and does not with -DREFUSED. A line `// says: TEXT` in it is a part of
# what the compiler then has to say.
set -euo pipefail
source=$1 compiler=$2
failed=0
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
compile() {
  "$compiler" -std=c++20 -I"$source/protocol/include" -I"$source/types/include" -I"$source/client/include" "$@" 2>&1
}
check() { compile -fsyntax-only -include "$place/tusk.hpp" "$@"; }

# Precompiled, for each of the files takes seconds without. That a header brings what it needs is another test's business.
echo '#include <tusk/tusk.hpp>' >"$place/tusk.hpp"
compile -x c++-header "$place/tusk.hpp" -o "$place/tusk.hpp.gch"
for file in "$source"/tests/refused/*.cpp; do
  name=$(basename "$file" .cpp)
  if ! words=$(check "$file"); then
    printf '%s: does not compile even without REFUSED:\n%s\n' "$name" "$words"
    failed=1
  elif words=$(check -DREFUSED "$file"); then
    printf '%s: compiles, but must not\n' "$name"
    failed=1
  else
    while IFS= read -r expected; do
      if [[ $words != *"$expected"* ]]; then
        printf '%s: the compiler does not say "%s":\n%s\n' "$name" "$expected" "$words"
        failed=1
      fi
    done < <(sed -n 's|^// says: ||p' "$file")
  fi
done

# A program without exceptions or run-time types is told so; the codec alone needs neither.
for option in -fno-exceptions -fno-rtti; do
  if words=$(compile -fsyntax-only $option -x c++ "$place/tusk.hpp"); then
    printf '%s: compiles, but must not\n' $option
    failed=1
  elif [[ $words != *"compile without $option. Only tusk::protocol does without."* ]]; then
    printf '%s: is not refused in words:\n%s\n' $option "$words"
    failed=1
  fi
done
(cd "$source/protocol/include" && printf '#include <%s>\n' tusk/protocol/*.hpp) >"$place/protocol.hpp"
if ! words=$(compile -fsyntax-only -fno-exceptions -fno-rtti -x c++ "$place/protocol.hpp"); then
  printf 'the headers of tusk::protocol without exceptions and run-time types:\n%s\n' "$words"
  failed=1
fi
exit "$failed"
