#!/usr/bin/env bash
# sizes.sh ROOT: files that a reader finishes. None of client/src has more than 350 lines, none of its headers that are
# installed more than 400. Prints those that do.
set -euo pipefail
cd "$1"
long() { # LINES FOLDER...
  find "${@:2}" \( -name '*.hpp' -o -name '*.cpp' \) -exec wc -l {} \; |
    awk -v most="$1" '$1 > most { print $2 ": " $1 " lines, at most " most " are meant" }'
}
found=$(long 350 client/src; long 400 client/include)
[[ -z $found ]] || { echo "$found"; exit 1; }
