# certificates.sh: what a server with TLS and its tests need, made anew for each cluster. Sourced by pgserver.
#
#   ca.crt                        the authority; other-ca.crt is one that signed nothing here
#   data/server.crt, server.key   for localhost, 127.0.0.1 and ::1
#   client.crt, client.key        for the role auth_cert, which logs in by certificate

# authority NAME COMMON_NAME: NAME.crt and NAME.key in the present folder
authority() {
  openssl req -x509 -config openssl.cnf -extensions authority -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -days 365 -subj "/CN=$2" -keyout "$1.key" -out "$1.crt"
}

# signed NAME COMMON_NAME EXTENSIONS
signed() {
  openssl req -config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$2" \
    -keyout "$1.key" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -set_serial "0x$(openssl rand -hex 8)" -days 365 \
    -extfile openssl.cnf -extensions "$3" -out "$1.crt"
}

# make_certificates FOLDER: leaves all of them there, and no key of an authority.
make_certificates() (
  set -e
  cd "$1"
  # A configuration of our own: what the machine's says must not change a certificate.
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
[client]
basicConstraints = CA:FALSE
extendedKeyUsage = clientAuth
CONFIG
  authority ca 'tusk throw-away authority'
  authority other-ca 'an authority that nothing here is signed by'
  signed server localhost server
  signed client auth_cert client
  rm ca.key other-ca.key server.csr client.csr openssl.cnf
  chmod 600 server.key client.key
)
