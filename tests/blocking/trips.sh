#!/usr/bin/env bash
# trips.sh PROGRAM FACE..: what a round trip costs in system calls, by kind, in each way to wait. Needs the variables of
# tools/pgserver, and strace.
set -euo pipefail
program=$1
calls=$(mktemp)
trap 'rm -f "$calls"' EXIT

# FACE: the calls of a trip. A server that answers before the client waits makes it no cheaper: it waits first.
declare -A expected=(
  [blocking]="recvfrom 1, sendto 1"
  [poll]="poll 1, recvfrom 1, sendto 1"
  [callback]="poll 1, recvfrom 1, sendto 1"
  [asio]="epoll_ctl 1, epoll_wait 1, recvfrom 1, sendto 1"
)
wrong=0
for face in "${@:2}"; do
  strace -o "$calls" "$program" "$face" "host=$TUSK_SOCKET_DIR port=$TUSK_PORT user=tusk password=tusk dbname=tusk"
  told=$(awk '
    /^getsid\(-1\)/ { measured = !measured; next }
    measured && match($0, /^[a-z0-9_]+/) { ++seen[substr($0, 1, RLENGTH)] }
    END { for (call in seen) printf "%s %g\n", call, seen[call] / 20 }
  ' "$calls" | sort | paste -sd, | sed 's/,/, /g')
  echo "$face: $told"
  [[ $told == "${expected[$face]}" ]] || { echo "expected: ${expected[$face]}"; wrong=1; }
done
exit $wrong
