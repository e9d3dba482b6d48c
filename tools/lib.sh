# lib.sh: what the scripts in this folder share: messages, timed steps, Debian packages. Sourced, not run.
# A script that sources it starts with `set -euo pipefail` and a comment that says what it is; that comment is its --help.

shopt -s inherit_errexit
umask 022
program=${0##*/}
steps_done=0
steps_total=0
log_file=/dev/null

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
  mkdir -p "${log_file%/*}"
  : >"$log_file"
}

step_open() {
  local dots=..............................
  steps_done=$((steps_done + 1)) step_started=$(now) step_log_start=$(($(wc -c <"$log_file") + 1))
  printf '[%2d/%d] %s %s ' "$steps_done" "$steps_total" "$1" "${dots:${#1}}"
}

# step_close [REMARK]
step_close() { printf '%8s%s\n' "$(seconds_since "$step_started")" "${1:+   $1}"; }

step_failed() {
  printf 'failed after %s\n' "$(seconds_since "$step_started")"
  tail -c "+$step_log_start" "$log_file" | tail -n "${1:-40}" | sed 's/^/    /'
  printf '    (the whole log: %s)\n' "$log_file"
}

# attempt COMMAND...: the command's status, its words in the log. In a subshell with errexit on, which `if` or `||`
# would switch off, and so that a `die` inside ends the step and not the script.
attempt() {
  local status=0
  set +e
  (set -e; "$@") >>"$log_file" 2>&1 </dev/null
  status=$?
  set -e
  return "$status"
}

# step NAME COMMAND...
step() {
  local name=$1 status=0
  shift
  step_open "$name"
  attempt "$@" || status=$?
  if ((status == 0)); then step_close; else step_failed; fi
  return "$status"
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
    postgresql-*) [[ -x /usr/lib/postgresql/${1#postgresql-}/bin/postgres ]] ;;
    *) [[ $(dpkg-query -W -f '${db:Status-Status}' "$1") == installed ]] ;;
  esac >/dev/null 2>&1
}

can_sudo() { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 && -t 2 ]]; }; }

as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }

# apt-get waits for dpkg's lock when told to, but not for the lock of the package lists: so try again while that is held.
apt() {
  local output status tries=60
  while :; do
    status=0
    output=$(as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -o DPkg::Lock::Timeout=120 "$@" 2>&1 </dev/null) || status=$?
    if ((status == 0 || --tries == 0)) || [[ $output != *'Could not get lock'* ]]; then break; fi
    sleep 2
  done
  ((status == 0)) || printf '%s\n' "$output" | tail -n 20 >&2
  return "$status"
}

# The lists may be missing or old, so a failure is answered by fetching them once.
apt_install() {
  apt install -y --no-install-recommends "$@" 2>/dev/null && return
  apt update || { note "the package lists could not be fetched (is there a network?)"; return 1; }
  apt install -y --no-install-recommends "$@"
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

# need_packages NAME...: installs those that are missing, or dies with the command to type.
need_packages() {
  local package missing=()
  for package; do has_package "$package" || missing+=("$package"); done
  ((${#missing[@]})) || return 0
  local command="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
  command -v apt-get >/dev/null || die "missing: ${missing[*]} (Debian's names), and this machine has no apt-get: install them by its own means"
  ((EUID == 0)) || can_sudo || die "missing packages: ${missing[*]}; as root type: $command"
  note "installing ${missing[*]}"
  for package in "${missing[@]}"; do
    [[ $package != postgresql-[0-9]* ]] || apt_install_postgresql "$package" || die "installing $package failed; as root type: $command"
  done
  apt_install "${missing[@]}" || die "installing ${missing[*]} failed; as root type: $command"
  for package in "${missing[@]}"; do
    has_package "$package" || die "$package is installed but what it should bring is not found"
  done
}
