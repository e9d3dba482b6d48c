# certificates.sh: what a server with TLS and its tests need. Sourced by pgserver.
#
# For each cluster, anew:
#   ca.crt                        the authority; other-ca.crt is one that signed nothing here
#   data/server.crt, server.key   for localhost, 127.0.0.1 and ::1
#   client.crt, client.key        for the role auth_cert, which logs in by certificate
#
# `pgserver certificates FOLDER` makes a wider set, with an authority of its own, for tests that play the server or give
# another certificate to a running one:
#   ca.crt, ca.crl                the authority, and its list of what is revoked; other-ca.crt is another authority
#   server-KIND.crt, .key         good (as above), expired, wrong-name, revoked, cn-only (no subjectAltName), wildcard
#                                 (*.example.org); each of these is its own authority: self-signed, rsa, rsa-pss (signed
#                                 with SHA-384), ecdsa-sha384, ed25519
#   client-KIND.crt, .key         for auth_cert: good, revoked, other (signed by other-ca); and for client-good.crt
#                                 client-encrypted.key (password: secret) and client-der.key

# A configuration of our own: what the machine's says must not change a certificate.
write_openssl_settings() {
  cat >openssl.cnf <<'CONFIG'
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
[wrong-name]
basicConstraints = CA:FALSE
subjectAltName = DNS:db.example.org, DNS:example.org, IP:192.0.2.1
[wildcard]
basicConstraints = CA:FALSE
subjectAltName = DNS:*.example.org
[cn-only]
basicConstraints = CA:FALSE
[client]
basicConstraints = CA:FALSE
extendedKeyUsage = clientAuth
[ca]
default_ca = lists
[lists]
database = index
crlnumber = number
default_md = sha256
default_crl_days = 365
CONFIG
}

# authority NAME COMMON_NAME: NAME.crt and NAME.key in the present folder
authority() {
  openssl req -x509 -config openssl.cnf -extensions authority -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -days 365 -subj "/CN=$2" -keyout "$1.key" -out "$1.crt"
}

# signed NAME COMMON_NAME EXTENSIONS
signed() {
  openssl req -config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$2" \
    -keyout "$1.key" -out "$1.csr"
  certified "$1" "$1.csr" "$2" "$3" ca
}

# certified NAME REQUEST COMMON_NAME EXTENSIONS AUTHORITY [OPTION...]: NAME.crt
certified() {
  openssl x509 -req -in "$2" -subj "/CN=$3" -CA "$5.crt" -CAkey "$5.key" -set_serial "0x$(openssl rand -hex 8)" -days 365 \
    -extfile openssl.cnf -extensions "$4" -out "$1.crt" "${@:6}"
}

# own NAME KEY [OPTION...]: NAME.crt and NAME.key, for localhost and signed by itself
own() {
  openssl req -x509 -config openssl.cnf -extensions server -key "$2" -days 365 -subj /CN=localhost -out "$1.crt" "${@:3}"
  [[ $2 == "$1.key" ]] || cp "$2" "$1.key"
}

# make_certificates FOLDER: leaves all of them there, and no key of an authority.
make_certificates() (
  set -e
  cd "$1"
  write_openssl_settings
  authority ca 'tusk throw-away authority'
  authority other-ca 'an authority that nothing here is signed by'
  signed server localhost server
  signed client auth_cert client
  rm ca.key other-ca.key server.csr client.csr openssl.cnf
  chmod 600 server.key client.key
)

# One key pair serves all of the authority's servers, one all of its clients, and one of RSA both kinds of signature.
make_many_certificates() (
  set -e
  cd "$1"
  write_openssl_settings
  authority ca 'tusk throw-away authority'
  authority other-ca 'another tusk throw-away authority'
  signed server-good localhost server
  signed client-good auth_cert client
  local kind name
  for kind in expired wrong-name revoked cn-only wildcard; do
    cp server-good.key "server-$kind.key"
    case $kind in
      expired) certified server-expired server-good.csr localhost server ca -days -1 ;;
      revoked) certified server-revoked server-good.csr localhost server ca ;;
      wrong-name) certified server-wrong-name server-good.csr db.example.org wrong-name ca ;;
      *) certified "server-$kind" server-good.csr localhost "$kind" ca ;;
    esac
  done
  own server-self-signed server-good.key
  own server-ecdsa-sha384 server-good.key -sha384
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out server-rsa.key
  own server-rsa server-rsa.key
  own server-rsa-pss server-rsa.key -sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest
  openssl genpkey -algorithm ED25519 -out server-ed25519.key
  own server-ed25519 server-ed25519.key

  certified client-revoked client-good.csr auth_cert client ca
  certified client-other client-good.csr auth_cert client other-ca
  for kind in revoked other; do cp client-good.key "client-$kind.key"; done
  openssl pkcs8 -topk8 -in client-good.key -passout pass:secret -iter 2048 -out client-encrypted.key
  openssl pkey -in client-good.key -outform DER -out client-der.key

  for name in server-revoked client-revoked; do
    printf 'R\t490101000000Z\t%sZ\t%s\tunknown\t/CN=x\n' "$(date -u +%y%m%d%H%M%S)" \
      "$(openssl x509 -in "$name.crt" -noout -serial | sed 's/serial=//')" >>index
  done
  echo 01 >number
  openssl ca -config openssl.cnf -gencrl -cert ca.crt -keyfile ca.key -out ca.crl
  rm -f ca.key other-ca.key ./*.csr openssl.cnf index* number*
  chmod 600 ./*.key
)

# certificates FOLDER: makes it, whole or not at all; nothing is done if it is there. Its files are the owner's of the
# folder around it, so that a server that runs as another user can read those that lie in its own folder.
certificates() {
  local folder=${1:-} incoming lock
  (($# == 1)) && [[ -n $folder ]] || misuse "certificates needs a folder"
  need_packages openssl
  exec {lock}>>"$folder.lock"
  flock -w 60 "$lock" || die "$folder has been in the making for long"
  if [[ ! -d $folder ]]; then
    incoming=$(mktemp -d "$folder.XXXXXX")
    if ! make_many_certificates "$incoming" >"$incoming.log" 2>&1 </dev/null; then
      tail -n 20 "$incoming.log" >&2
      rm -rf "$incoming" "$incoming.log"
      die "the certificates could not be made"
    fi
    rm "$incoming.log"
    chmod 755 "$incoming"
    if ((EUID == 0)); then chown -R --reference="$(dirname "$folder")" "$incoming"; fi
    mv -T "$incoming" "$folder"
  fi
  rm -f "$folder.lock"
  exec {lock}>&-
}
