# What is made once: settings with passwords and keys, the certificate, the address of alerts.

# Puts standard input into a file that only this user of a container may read; whoever deploys need not be root. The file
# is the old one or the new one at any moment.
write_for() {
  local uid=$1 file=$2
  cat >"$file.new"
  docker run --rm --user 0 --network none --volume "$(realpath "$file.new"):/file" --entrypoint chown \
    "restante/nginx:$(setting RESTANTE_VERSION)" "$uid" /file
  mv -f "$file.new" "$file"
}
new_password() { openssl rand -base64 24 | tr '+/' '-_'; }
one_line() { awk '{ printf "%s\\n", $0 }'; }

# An Ed25519 key pair, in two settings. The private one is put last: it says that both are there.
make_keys() {
  local private=$1 public=$2 pem
  pem=$(openssl genpkey -algorithm ed25519)
  put "$public" "$(openssl pkey -pubout <<<"$pem" | one_line)"
  put "$private" "$(one_line <<<"$pem")"
}

# Those that an earlier version did not have are made too.
make_passwords() {
  local name
  for name in COUCHDB{1,2,3}_{ADMIN,DATA,MESH,READER}_PASSWORD GRAFANA_PASSWORD; do
    is_set "$name" || put "$name" "$(new_password)"
  done
  # NATS reads what does not begin with a letter as a number.
  is_set BUS_PASSWORD || put BUS_PASSWORD "bus-$(new_password)"
}

# Nobody makes keys for a directory that is there: what others have signed would be as if it were not.
refuse_unsigned() {
  is_set TOKEN_PRIVATE_KEY || is_set RESTANTE_VERSION || return 0
  local name
  for name in DIRECTORY_PRIVATE_KEY DIRECTORY_PUBLIC_KEYS; do
    is_set "$name" ||
      fail ".env has no $name: it was lost, or the data is of a version before 0.2.0. See \"The directory is signed\" in docs/operations.md"
  done
}

make_settings() {
  if [[ ! -f $ENV_FILE ]]; then
    cp "$EXAMPLE" "$ENV_FILE"
    say 'made .env'
  fi
  chmod 600 "$ENV_FILE"
  refuse_unsigned
  # Made first, so that they are there whenever the others are.
  if ! is_set DIRECTORY_PRIVATE_KEY; then
    make_keys DIRECTORY_PRIVATE_KEY DIRECTORY_PUBLIC_KEYS
    say 'made the keys that sign the directory'
  fi
  make_passwords
  if ! is_set TOKEN_PRIVATE_KEY; then
    make_keys TOKEN_PRIVATE_KEY TOKEN_PUBLIC_KEY
    say 'made the keys that sign tokens'
  fi
  [[ -z $domain ]] || put DOMAIN "$domain"
  [[ -z $http_port ]] || put HTTP_PORT "$http_port"
  [[ -z $https_port ]] || put HTTPS_PORT "$https_port"
  case $couchdb in
    '') ;;
    embedded) put COUCHDB_IMAGE restante/couchdb-embedded ;;
    *) put COUCHDB_IMAGE "$couchdb" ;;
  esac
}

# Several masters have a bus between them: this server's own NATS, where no other is named.
own_bus() { printf 'nats://restante:%s@nats:4222' "$(setting BUS_PASSWORD)"; }
# To the NATS of the other servers.
bus_routes() {
  local routes=() slot
  if ! is_alone; then
    for slot in 1 2 3; do
      [[ $slot == "$(setting SERVER_NUMBER)" ]] ||
        routes+=("$(printf '"nats-route://restante:%s@nats%s:6222"' "$(setting BUS_PASSWORD)" "$slot")")
    done
  fi
  (IFS=,; printf '[%s]' "${routes[*]}")
}
put_bus() {
  local masters
  masters=$(($(setting MASTER_PROCESSES) * $(is_alone && echo 1 || echo 3)))
  put MASTERS "$masters"
  put BUS_ROUTES "$(bus_routes)"
  if ((masters > 1)); then
    [[ -n $(setting BUS_URLS) && $(setting BUS_URLS) != *@nats:* ]] || put BUS_URLS "$(own_bus)"
  elif [[ $(setting BUS_URLS) == *@nats:* ]]; then
    put BUS_URLS ''
  fi
}

# What runs on this server.
put_profiles() {
  local profiles=() slot
  for slot in $(slots_here); do profiles+=("server$slot"); done
  if ! is_alone; then
    profiles+=(cell)
    for slot in $(slots_elsewhere); do profiles+=("peer$slot"); done
  fi
  [[ $(setting BUS_URLS) != *@nats:* ]] || profiles+=(bus)
  [[ $monitoring == no && $(setting COMPOSE_PROFILES) != *monitoring* ]] || profiles+=(monitoring)
  put COMPOSE_PROFILES "$(IFS=,; printf '%s' "${profiles[*]}")"
}

make_certificate() {
  local folder name made
  folder=$(setting TLS_DIR)
  name=$(setting DOMAIN)
  mkdir -p "$folder" "$(setting ACME_DIR)"
  chmod 755 "$folder" "$(setting ACME_DIR)"
  if [[ -n $certificate ]]; then
    write_for "$APP_UID" "$folder/key.pem" <"$key"
    write_for "$APP_UID" "$folder/certificate.pem" <"$certificate"
    say 'took the certificate'
  elif [[ ! -f $folder/key.pem || ! -f $folder/certificate.pem ]]; then
    made=$(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256)
    write_for "$APP_UID" "$folder/key.pem" <<<"$made"
    openssl req -x509 -new -key /dev/fd/3 -days 825 -subj "/CN=$name" \
      -addext "subjectAltName=DNS:$name,IP:127.0.0.1,IP:::1" 3<<<"$made" | write_for "$APP_UID" "$folder/certificate.pem"
    say "made a self-signed certificate for $name: browsers will warn of it"
  fi
}

# The address may hold a secret.
make_alert_webhook() {
  local folder
  folder=$(setting ALERTING_DIR)
  [[ $(setting COMPOSE_PROFILES) == *monitoring* ]] || return 0
  mkdir -p "$folder"
  chmod 755 "$folder"
  if [[ -n $alert_webhook ]]; then
    write_for "$ALERTMANAGER_UID" "$folder/webhook-url" <<<"$alert_webhook"
  elif [[ ! -f $folder/webhook-url ]]; then
    say 'alerts are sent to nobody: tell where to by --alert-webhook'
  fi
}
