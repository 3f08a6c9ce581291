# shellcheck shell=sh
# What start-door, start-peer and reload-tunnel share. Their files are in TUNNEL_DIR, certificates in CELL_DIR.

tunnel=${TUNNEL_DIR:-/tmp/tunnel}
cell=${CELL_DIR:-/etc/nginx/cell}

fail() {
  echo "$(basename "$0"): $1" >&2
  exit 1
}

# What is put into a configuration has no other characters than these.
check() {
  case $2 in
    '' | *[!a-zA-Z0-9.:_-]*) fail "$1 is not as it has to be: '$2'" ;;
  esac
}
check_number() {
  case $2 in
    '' | 0* | *[!0-9]*) fail "$1 has to be a number from 1: '$2'" ;;
  esac
}

put() { cat >"$tunnel/place/$1.conf"; }

# Serial numbers into what door.conf reads.
put_revoked() {
  [ -f "$cell/revoked" ] || {
    : | put revoked
    return
  }
  while read -r serial || [ -n "$serial" ]; do
    case $serial in
      '') ;;
      *[!0-9a-fA-F]*) fail "$cell/revoked has a line that is no serial number in hex: '$serial'" ;;
      *) echo "$serial 1;" ;;
    esac
  done <"$cell/revoked" >"$tunnel/revoked.new"
  mv -f "$tunnel/revoked.new" "$tunnel/place/revoked.conf"
}

# $1: door or peer.
prepare() {
  mkdir -p "$tunnel/place"
  cp "$(dirname "$0")/tunnel/$1.conf" "$tunnel/nginx.conf"
  echo "pid $tunnel/nginx.pid;" | put process
}
