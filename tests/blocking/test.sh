#!/usr/bin/env bash
# test.sh PROGRAM: no call of the caller's thread may wait while it connects through poll() with a name, TLS and SCRAM,
# and while it cancels; files excepted. Needs the variables of tools/pgserver, and strace.
set -euo pipefail
calls=$(mktemp)
trap 'rm -f "$calls"' EXIT

dsn="host=localhost port=$TUSK_PORT user=auth_scram password=tusk dbname=tusk sslmode=verify-full sslrootcert=$TUSK_CA"
told=$(strace -f -yy -o "$calls" "$1" "$dsn")
echo "$told"
[[ $told == "scram-sha-256-plus TLSv1."* ]] || exit 1

# The program itself waits with epoll_wait alone. Lines begin with the thread's number; the first one is the caller's.
awk '
  NR == 1 { caller = $1 }
  $1 != caller { next }
  # A call that another thread was seen in the midst of stands on two lines.
  sub(/ <unfinished \.\.\.>$/, "") { begun = $0; next }
  match($0, /<\.\.\. [a-z0-9_]+ resumed>/) { $0 = begun substr($0, RSTART + RLENGTH) }
  { seen++ }
  /^[0-9]+ +(select|pselect6|ppoll|pause|nanosleep|clock_nanosleep|wait4|waitid|flock|accept4?|rt_sigtimedwait)\(/ { bad("a call that waits") }
  /^[0-9]+ +poll\(/ && !/, 0(\) += | <unfinished)/ { bad("poll with a timeout") }
  /^[0-9]+ +futex\(.*FUTEX_WAIT/ { bad("a lock that is waited for") }
  /^[0-9]+ +(recvfrom|recvmsg|sendto|sendmsg)\(/ && !/MSG_DONTWAIT/ { bad("a transfer that may wait") }
  /^[0-9]+ +socket\(/ && !/SOCK_NONBLOCK/ { bad("a socket that blocks") }
  /^[0-9]+ +eventfd2\(/ && !/EFD_NONBLOCK/ { bad("an event that blocks") }
  /^[0-9]+ +(read|write|readv|writev)\(([03-9]|[1-9][0-9]+)<(TCP|UDP|UNIX|socket|pipe)/ { bad("a transfer that may wait") }
  /^[0-9]+ +connect\(/ { connects++ }
  function bad(what) { print what ": " $0; wrong++ }
  END {
    if (connects < 2) { print "connections seen: " connects + 0; wrong++ }
    print seen " calls looked at, " connects " connections"
    exit wrong ? 1 : 0
  }
' "$calls"
