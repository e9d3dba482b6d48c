# cluster.sh: makes, starts and removes a throw-away cluster. Sourced by pgserver.
#
# Everything lies in one folder: data/ (the cluster), log, the Unix socket and, with TLS, ca.crt and its like. Server
# processes are found by their command line, `postgres -D FOLDER/data` or `pgbouncer FOLDER/pgbouncer.ini`: a number in a file may be another process's by now.
# Used from pgserver: folder programs version tls auth settings leash lock. Set here: port server_pid dsn.

# The server refuses to run as root, so root runs it as another user.
choose_server_user() {
  local user
  as_server=(env -i "PATH=$PATH" LC_ALL=C TZ=UTC setsid --wait) # a session of its own: Ctrl-C is for this script alone
  server_user=$EUID
  ((EUID == 0)) || return 0
  for user in postgres nobody; do
    server_user=$(id -u "$user" 2>/dev/null) || continue
    as_server+=(setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups)
    return
  done
  die "PostgreSQL does not run as root, and there is neither a user postgres nor nobody"
}

# Where a folder can lie: reachable by the server's user, and short, since a socket's path has at most 107 bytes.
folder_for_clusters() {
  local base=${TMPDIR:-/tmp}
  base=${base%/}
  if [[ ! $base =~ ^/[A-Za-z0-9/_.+-]{1,70}$ || ! -w $base ]] || ! "${as_server[@]}" test -x "$base"; then base=/tmp; fi
  printf '%s' "$base"
}

# A later line of the file wins, so -c comes last. Shared memory is mapped from the folder, so that it goes with it even
# when somebody killed the server.
write_settings() {
  local addresses=127.0.0.1 setting value
  if grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null; then addresses+=,::1; fi
  cat <<CONFIG
listen_addresses = '$addresses'
unix_socket_directories = '$folder'
max_connections = 200
shared_buffers = 64MB
dynamic_shared_memory_type = mmap
fsync = off
full_page_writes = off
synchronous_commit = off
wal_level = logical
max_prepared_transactions = 20
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u@%d '
CONFIG
  [[ $auth != md5 ]] || echo "password_encryption = md5"
  ((version < 18)) || echo "md5_password_warnings = off"
  [[ $tls == no ]] || printf '%s\n' 'ssl = on' "ssl_ca_file = '$folder/ca.crt'"
  for setting in "${settings[@]}"; do
    value=${setting#*=}
    printf "%s = '%s'\n" "${setting%%=*}" "${value//\'/\'\'}"
  done
}

# One cluster serves a whole matrix: roles that always log in by their own method, then all others by --auth.
write_access_rules() {
  local method
  if [[ $tls == yes ]]; then
    echo 'hostssl all auth_cert all cert'
    # Roles that may come with TLS only, and without it only.
    printf '%s\n' 'hostssl all auth_hostssl all scram-sha-256' 'hostnossl all auth_hostssl all reject' \
      'hostnossl all auth_hostnossl all scram-sha-256' 'hostssl all auth_hostnossl all reject'
  fi
  for method in trust password md5 scram-sha-256; do access_rule "auth_${method%-sha-256}" "$method"; done
  access_rule all "${auth/%scram/scram-sha-256}"
}

# access_rule ROLE METHOD: from everywhere (the server listens on loopback only), to databases and for replication
access_rule() {
  local kind database
  for kind in 'local %s %s %s' 'host %s %s all %s'; do
    # shellcheck disable=SC2059 # the format is the line above
    for database in all replication; do printf "$kind\n" "$database" "$1" "$2"; done
  done
}

# One statement a line: the single-user server that reads them takes a line for a statement.
write_roles() {
  local encryption=scram-sha-256
  [[ $auth != md5 ]] || encryption=md5
  cat <<SQL
set password_encryption = 'md5'
create role auth_md5 login password 'tusk'
set password_encryption = 'scram-sha-256'
create role auth_scram login password 'tusk'
create role auth_password login password 'tusk'
create role auth_trust login password 'tusk'
create role auth_cert login
create role auth_hostssl login password 'tusk'
create role auth_hostnossl login password 'tusk'
set password_encryption = '$encryption'
alter role tusk password 'tusk'
create database tusk
SQL
}

# quietly WHAT COMMAND...: the command's words are shown only when it fails.
quietly() {
  local what=$1
  shift
  (cd "$folder" && "$@") >>"$folder/log" 2>&1 </dev/null || { tail -n 20 "$folder/log" >&2; die "$what"; }
}

create_cluster() {
  local output status=0
  chmod 755 "$folder"
  : >"$folder/log"
  if ((EUID == 0)); then chown "$server_user" "$folder"; fi
  [[ $tls == no ]] || quietly "the certificates could not be made" make_certificates "$folder"
  quietly "initdb failed" "${as_server[@]}" "$programs/initdb" -D "$folder/data" -U tusk -E UTF8 --locale=C --no-sync --auth=trust
  write_settings | "${as_server[@]}" tee -a "$folder/data/postgresql.conf" >/dev/null
  write_access_rules | "${as_server[@]}" tee "$folder/data/pg_hba.conf" >/dev/null
  if [[ $tls == yes ]]; then
    if ((EUID == 0)); then chown "$server_user" "$folder"/server.{crt,key}; fi
    mv "$folder"/server.{crt,key} "$folder/data/"
  fi
  output=$(cd "$folder" && write_roles | "${as_server[@]}" "$programs/postgres" --single -D "$folder/data" -c log_min_messages=error postgres 2>&1) || status=$?
  ((status == 0)) && [[ $output != *ERROR:* ]] || { printf '%s\n' "$output" >&2; die "the roles could not be made"; }
}

# A port is free only once it is bound, so take one, try, and take another. The server goes on when one of its addresses
# is taken, and only logs it: then somebody else listens there, so that counts as taken as well.
launch_cluster() {
  local tries
  for ((tries = 0; tries < 20; ++tries)); do
    port=$((20000 + SRANDOM % 12000)) # below the ports that the kernel gives to outgoing connections
    (
      cd "$folder"
      exec "${as_server[@]}" "$programs/postgres" -D "$folder/data" -p "$port" \
        </dev/null >"$folder/log" 2>&1 {leash}>&- {lock}>&-
    ) &
    server_pid=$!
    disown # its end is nothing that the shell should report
    if wait_until_ready && ! grep -q 'could not bind' "$folder/log"; then return; fi
    if ! grep -q 'could not bind' "$folder/log"; then
      tail -n 20 "$folder/log" >&2
      die "the server did not start"
    fi
    stop_processes "$folder"
  done
  die "no free port was found"
}

wait_until_ready() {
  local deadline=$((SECONDS + 60)) lines
  while kill -0 "$server_pid" 2>/dev/null && ((SECONDS < deadline)); do
    if mapfile -t lines 2>/dev/null <"$folder/data/postmaster.pid" && [[ ${lines[7]-} == ready* ]]; then return; fi
    sleep 0.02
  done 2>/dev/null
  return 1
}

describe_server() {
  local password=' password=tusk'
  [[ $auth != trust ]] || password=
  if [[ $tls == yes ]]; then
    dsn="host=localhost port=$port user=tusk$password dbname=tusk sslmode=verify-full sslrootcert=$folder/ca.crt"
  else
    dsn="host=127.0.0.1 port=$port user=tusk$password dbname=tusk sslmode=disable"
  fi
}

# server_processes FOLDER: the numbers of initdb, the server or PgBouncer at work there.
server_processes() {
  local file words
  for file in /proc/[0-9]*/cmdline; do
    words=()
    mapfile -d '' -t words <"$file" || continue
    case "${words[1]-} ${words[2]-}" in
      "-D $1/data" | "$1/pgbouncer.ini ") basename "${file%/cmdline}" ;;
    esac
  done 2>/dev/null
}

# Nothing of the cluster is worth saving, so no time is given to an orderly shutdown. QUIT makes the server end its own.
stop_processes() {
  local tries pids signal=QUIT
  for ((tries = 0; tries < 400; ++tries)); do
    mapfile -t pids < <(server_processes "$1")
    ((${#pids[@]})) || return 0
    ((tries < 300)) || signal=KILL
    if ((tries % 100 == 0 || tries > 300)); then kill -"$signal" "${pids[@]}" 2>/dev/null || true; fi
    sleep 0.03
  done
}

# What a server that was killed leaves in the system: a segment of shared memory that it created and nobody uses.
remove_shared_memory() {
  local lines segment key id mode size creator last users rest
  mapfile -t lines 2>/dev/null <"$1/data/postmaster.pid" || return 0 # a server that ends by itself removes this file
  read -r key segment <<<"${lines[6]-}"
  while read -r key id mode size creator last users rest; do
    if [[ $id == "$segment" && $creator == "${lines[0]}" && $users == 0 ]]; then ipcrm -m "$id"; fi
  done </proc/sysvipc/shm
}

# remove_cluster FOLDER
remove_cluster() {
  local tries
  [[ $1 =~ /tusk-pg\.[A-Za-z0-9]{6}$ ]] || return 0
  stop_processes "$1"
  remove_shared_memory "$1"
  for ((tries = 0; tries < 50; ++tries)); do
    if rm -rf -- "$1" 2>/dev/null; then return; fi # what a dying process still writes makes it fail
    sleep 0.1
  done
  note "could not remove $1"
}
