# shellcheck shell=sh
# The CA of a cell and the certificates of its servers, for nginx/tunnel/. Key and certificate of the CA are ca-key.pem and
# ca.pem of a folder; what server N needs is in serverN/ of it: ca.pem, certificate.pem, key.pem.

# Does nothing when there is one: another one would end all certificates.
make_cell_ca() (
  set -eu
  umask 077
  mkdir -p "$1"
  [ ! -f "$1/ca.pem" ] || exit 0
  openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1/ca-key.pem"
  renew_cell_ca "$1"
)

# Its key stays: what it has signed is good under the new certificate, and what it signs from now on under the old one.
renew_cell_ca() (
  set -eu
  umask 077
  openssl req -x509 -new -key "$1/ca-key.pem" -days 3650 -subj '/CN=cell' \
    -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign,cRLSign' \
    -out "$1/ca.pem.new"
  mv -f "$1/ca.pem.new" "$1/ca.pem"
)

# A new one each time. $1: the folder; $2: the number of the server; $3: how many days it holds, if not 825.
make_server_certificate() (
  set -eu
  umask 077
  made="$1/server$2.new"
  rm -rf "$made"
  mkdir -p "$made" "$1/server$2"
  cat >"$made/extensions" <<END
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:server$2.cell, DNS:*.server$2.cell
END
  openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$made/key.pem"
  openssl req -new -key "$made/key.pem" -subj "/CN=server$2.cell" -out "$made/request"
  openssl x509 -req -in "$made/request" -CA "$1/ca.pem" -CAkey "$1/ca-key.pem" \
    -set_serial "0x01$(openssl rand -hex 15)" -days "${3:-825}" -extfile "$made/extensions" \
    -out "$made/certificate.pem" 2>"$made/said" || { cat "$made/said" >&2 && exit 1; }
  cp "$1/ca.pem" "$made/ca.pem"
  for file in ca.pem key.pem certificate.pem; do mv -f "$made/$file" "$1/server$2/$file"; done
  rm -rf "$made"
)
