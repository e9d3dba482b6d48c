# pooler.sh: PgBouncer in front of a cluster, for tests of what holds behind a pooler. Sourced by pgserver.
#
# It serves three databases, named transaction, session and statement: each is the server's database tusk, pooled in the
# mode of its name, over at most two of the server's sessions. Only the role tusk can log in. Its files, pgbouncer.ini,
# .users and .log, lie in the cluster's folder, and cluster.sh ends it with the server.
# Used from pgserver: folder port as_server pooler leash lock. Set here: pooler_dsn.

write_pooler_settings() {
  local mode
  echo '[databases]'
  for mode in transaction session statement; do
    echo "$mode = host=$folder port=$port dbname=tusk pool_mode=$mode pool_size=2"
  done
  cat <<CONFIG
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $1
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $folder/pgbouncer.users
logfile = $folder/pgbouncer.log
max_client_conn = 200
CONFIG
}

# As with the server's port: it is free only once it is bound.
launch_pooler() {
  local tries at
  echo '"tusk" "tusk"' | "${as_server[@]}" tee "$folder/pgbouncer.users" >/dev/null
  for ((tries = 0; tries < 20; ++tries)); do
    at=$((20000 + SRANDOM % 12000))
    write_pooler_settings "$at" | "${as_server[@]}" tee "$folder/pgbouncer.ini" >/dev/null
    (
      cd "$folder"
      ulimit -c 0 # QUIT, by which stop_processes ends it, is nothing that it handles: the shell would have it ignored
      exec env --default-signal=QUIT "${as_server[@]}" /usr/sbin/pgbouncer "$folder/pgbouncer.ini" \
        </dev/null >/dev/null 2>&1 {leash}>&- {lock}>&-
    ) &
    pooler_pid=$!
    disown
    if wait_for_pooler "$pooler_pid"; then
      pooler_dsn="host=127.0.0.1 port=$at user=tusk password=tusk dbname=$pooler sslmode=disable"
      return
    fi
  done
  tail -n 20 "$folder/pgbouncer.log" >&2
  die "PgBouncer did not start"
}

wait_for_pooler() {
  local deadline=$((SECONDS + 30))
  while kill -0 "$1" 2>/dev/null && ((SECONDS < deadline)); do
    ! grep -qs 'process up' "$folder/pgbouncer.log" || return 0
    sleep 0.02
  done
  return 1
}
