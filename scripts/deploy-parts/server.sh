# What this server must have: Docker, room, free ports, a name, a certificate that fits.

at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -1) == "$2" ]]; }

check_docker() {
  command -v docker >/dev/null || fail 'Docker is not installed'
  local version
  version=$(docker version --format '{{.Server.Version}}' 2>/dev/null) ||
    fail 'the Docker engine does not answer: is it running, and may this user use it?'
  at_least "$version" 20.10 || fail "Docker $version is too old: 20.10 or newer is needed"
  if docker compose version >/dev/null 2>&1; then
    compose_command=(docker compose)
  elif command -v docker-compose >/dev/null; then
    compose_command=(docker-compose)
  else
    fail 'neither "docker compose" nor docker-compose is installed'
  fi
  local compose_version
  compose_version=$("${compose_command[@]}" version --short)
  at_least "${compose_version#v}" 1.29 || fail "docker compose $compose_version is too old: 1.29 or newer is needed"
  command -v openssl >/dev/null || fail 'openssl is not installed'
  say "Docker $version, compose $compose_version"
}
check_disk() {
  local folder free
  folder=$(docker info --format '{{.DockerRootDir}}')
  [[ -d $folder ]] || folder=/
  free=$(df -Pk "$folder" | awk 'NR == 2 { print $4 }')
  ((free >= MIN_DISK_KB)) || fail "$folder has $((free / 1024)) MB free: $((MIN_DISK_KB / 1024)) MB are needed"
  say "$((free / 1024 / 1024)) GB free for Docker"
}
# `setting`: of the port that our nginx has, when it runs.
check_port() {
  local port=$1 setting=$2 address
  [[ $port == "$(setting "$setting")" && -n $(container_of nginx) ]] && return
  for address in 127.0.0.1 ::1; do
    if (exec 3<>"/dev/tcp/$address/$port") 2>/dev/null; then
      fail "port $port is taken by another program: stop it, or choose another with --http-port or --https-port"
    fi
  done
}
check_name() {
  local name=$1 addresses
  [[ $name == localhost ]] && return
  addresses=$(getent ahosts "$name" | awk '{ print $1 }' | sort -u) || true
  [[ -n $addresses ]] || fail "the name $name has no address: enter it in the DNS first"
  say "$name is at ${addresses//$'\n'/ }"
  if [[ $addresses == *:* && ! -s /proc/net/if_inet6 ]]; then
    fail "$name has an IPv6 address in the DNS, and this server has no IPv6"
  fi
}
check_certificate() {
  [[ -z $certificate ]] && return
  [[ -r $certificate && -r $key ]] || fail 'the certificate or its key cannot be read'
  local public
  public=$(openssl x509 -in "$certificate" -noout -pubkey 2>/dev/null) || fail "$certificate is not a certificate in PEM form"
  [[ $(openssl pkey -in "$key" -pubout 2>/dev/null) == "$public" ]] || fail "$key is not the key of $certificate"
}

check_server() {
  step 'Checking this server'
  check_docker
  check_disk
  check_port "${http_port:-$(setting HTTP_PORT)}" HTTP_PORT
  check_port "${https_port:-$(setting HTTPS_PORT)}" HTTPS_PORT
  check_name "${domain:-$(setting DOMAIN)}"
  check_certificate
}
