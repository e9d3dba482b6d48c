# lib.sh: what the scripts in this folder share: messages, timed steps, Debian packages. Sourced, not run.
# A script that sources it starts with `set -euo pipefail` and a comment that says what it is; that comment is its --help.

shopt -s inherit_errexit
umask 022
program=${0##*/}
steps_done=0 steps_total=0 step_status=0 log_file=/dev/null

die() { printf '%s: %s\n' "$program" "$*" >&2; exit 1; }
note() { printf '%s: %s\n' "$program" "$*" >&2; }

# Misuse of the command line, as opposed to a failure, exits with 2.
misuse() { printf '%s: %s (see %s --help)\n' "$program" "$*" "$program" >&2; exit 2; }

# The script's opening comment, without the marks.
help() { sed -n '2,/^[^#]/ s/^# \{0,1\}//p' "$0"; }

now() { printf '%s' "${EPOCHREALTIME//[!0-9]/}"; } # microseconds; the locale chooses the decimal point, so it is dropped

seconds_since() {
  local tenths=$((($(now) - $1 + 50000) / 100000))
  printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# --- steps: `[ 2/4] configure ............ 1.2 s`, the output in a log that is shown only when the step fails ---------

# steps_begin COUNT LOG
steps_begin() {
  steps_total=$1 log_file=$2 all_started=$(now)
  mkdir -p "${2%/*}"
  : >"$log_file"
}

step_open() {
  local dots=..............................
  steps_done=$((steps_done + 1)) step_started=$(now) step_log_start=$(($(wc -c <"$log_file") + 1))
  printf '[%2d/%d] %s %s ' "$steps_done" "$steps_total" "$1" "${dots:${#1}}"
}

# step_close [REMARK]
step_close() { printf '%8s%s\n' "$(seconds_since "$step_started")" "${1:+   $1}"; }

step_output() { tail -c "+$step_log_start" "$log_file"; }

# step_failed LINES: the end of what the step said, which is where the reason is, without what went well.
step_failed() {
  printf 'failed after %s\n' "$(seconds_since "$step_started")"
  step_output | sed -E '/^\[[0-9]+\/[0-9]+\] (Building|Linking) |^ *Start +[0-9]+: |^ *[0-9]+\/[0-9]+ Test .* Passed /d; s/^/    /' | tail -n "$1"
  printf '    (all of it: %s)\n' "$log_file"
}

# step NAME COMMAND...: its words go to the log, its status to step_status. The command runs in a subshell, so that a
# `die` ends the step only. Do not call this in an `if` or before `||`: errexit would be off inside, whatever is said there.
step() {
  step_open "$1"
  shift
  set +e
  (set -e; "$@") >>"$log_file" 2>&1 </dev/null
  step_status=$?
  set -e
  if ((step_status == 0)); then step_close; else step_failed 60; fi
}

# --- Debian packages ----------------------------------------------------------------------------------------------------

# What counts is what the package brings: it may have come from elsewhere.
has_package() {
  case $1 in
    g++ | cmake | npm | openssl | pkg-config | clang-16) command -v "$1" ;;
    ninja-build) command -v ninja ;;
    llvm-16) command -v llvm-cov-16 && command -v llvm-profdata-16 ;;
    libgtest-dev) [[ -e /usr/include/gtest/gtest.h || -e /usr/local/include/gtest/gtest.h ]] ;;
    libssl-dev) pkg-config --exists openssl || [[ -e /usr/include/openssl/ssl.h ]] ;;
    pgbouncer) [[ -x /usr/sbin/pgbouncer ]] ;;
    postgresql-*) [[ -x /usr/lib/postgresql/${1#postgresql-}/bin/postgres ]] ;;
    *) [[ $(dpkg-query -W -f '${db:Status-Status}' "$1") == installed ]] ;;
  esac >/dev/null 2>&1
}

can_sudo() { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 && -t 2 ]]; }; }

can_install() { ((EUID == 0)) || can_sudo; }

as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }

# apt-get waits for dpkg's lock when told to, but not for the lock of the package lists: so try again while that is held.
# Its words go to apt_words.
apt() {
  local status tries=60
  while :; do
    status=0
    apt_words=$(as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -o DPkg::Lock::Timeout=120 "$@" 2>&1 </dev/null) || status=$?
    ((status)) && ((--tries)) && [[ $apt_words == *'Could not get lock'* ]] || return "$status"
    sleep 2
  done
}

# The lists may be missing or old, so a failure is answered by fetching them once. That succeeds even where nothing could
# be fetched, so what it warned of is told if the packages are still not to be had.
apt_install() {
  local warnings
  apt install -y --no-install-recommends "$@" && return
  apt update || true
  warnings=$(sed -n '/^[WE]: /p' <<<"$apt_words" | tail -n 4)
  apt install -y --no-install-recommends "$@" && return
  printf '%s\n' "$warnings" "$(tail -n 15 <<<"$apt_words")" >&2
  return 1
}

# postgresql-15 on its own would create and start a cluster of its own: told not to while it is installed. The package
# postgresql-common has the setting, so it comes first.
apt_install_postgresql() {
  local settings=/etc/postgresql-common/createcluster.conf status=0
  apt_install postgresql-common || return
  as_root cp -p "$settings" "$settings.tusk" || return
  as_root sed -i '$a create_main_cluster = false' "$settings"
  apt_install "$1" || status=$?
  as_root mv "$settings.tusk" "$settings"
  return "$status"
}

# pgbouncer would be started at once, and at each boot, as a service of the machine: told not to.
apt_install_pgbouncer() {
  local policy=/usr/sbin/policy-rc.d made=no status=0
  if [[ ! -e $policy ]]; then
    made=yes
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null || return
    as_root chmod 755 "$policy" || return
  fi
  apt_install pgbouncer || status=$?
  [[ $made == no ]] || as_root rm "$policy"
  ((status)) || as_root update-rc.d pgbouncer disable >/dev/null 2>&1 || true
  return "$status"
}

# server_packages: what is to be named among the missing packages where nothing can be installed, so that all of it is
# named at once. Elsewhere pgserver finds its own way to its programs.
server_packages() {
  can_install || command -v npm >/dev/null || echo "$@"
}

# need_packages NAME...: installs those that are missing, or dies with the command to type.
need_packages() {
  local package missing=()
  for package; do has_package "$package" || missing+=("$package"); done
  ((${#missing[@]})) || return 0
  local command="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
  command -v apt-get >/dev/null || die "missing: ${missing[*]} (Debian's names), and this machine has no apt-get: install them by its own means"
  can_install || die "missing packages: ${missing[*]}; as root type: $command"
  note "installing ${missing[*]}"
  for package in "${missing[@]}"; do
    case $package in
      postgresql-[0-9]*) apt_install_postgresql "$package" ;;
      pgbouncer) apt_install_pgbouncer ;;
    esac || die "installing $package failed; as root type: $command"
  done
  apt_install "${missing[@]}" || die "installing ${missing[*]} failed; as root type: $command"
  for package in "${missing[@]}"; do
    has_package "$package" || die "$package is installed but what it should bring is not found"
  done
}
