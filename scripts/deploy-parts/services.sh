# The services of the cluster: their containers, whether they are healthy, the mesh between them.

compose_command=()
compose() { "${compose_command[@]}" --project-name "$PROJECT" --file "$COMPOSE_FILE" "$@"; }
# The container of a service; there is one also while .env is not whole.
container_of() {
  if [[ $1 == "$INTERIM_MASTER" ]]; then
    docker ps --quiet --filter "name=^$1\$"
  else
    docker ps --quiet --filter "label=com.docker.compose.project=$PROJECT" \
      --filter "label=com.docker.compose.service=$1" --filter label=com.docker.compose.oneoff=False
  fi
}

# The mailbox nodes that are on this server, and their CouchDBs: numbers.
slots_here() { setting NODES_HERE | tr ',' '\n' | sed 's/^node//'; }
# Services without monitoring, in the order in which they are started anew.
services_here() {
  local slot
  for slot in $(slots_here); do printf '%s\n' "couchdb$slot" "node$slot"; done
  [[ $(setting COMPOSE_PROFILES) != *bus* ]] || printf 'nats\n'
  if ! is_alone; then
    printf 'door\n'
    for slot in $(slots_elsewhere); do printf '%s\n' "peer$slot"; done
  fi
  printf '%s\n' master nginx
}

# Reads names from standard input.
wait_until_all_are_healthy() {
  local services
  mapfile -t services
  wait_until_healthy "${services[@]}"
}

# Of all containers of a service: "healthy" when each is. Some have no health of their own: they run.
health_of() {
  local ids healths
  mapfile -t ids < <(container_of "$1")
  ((${#ids[@]} > 0)) || {
    printf 'missing'
    return
  }
  healths=$(docker inspect --format '{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}' "${ids[@]}")
  grep -vx -e healthy -e running <<<"$healths" | head -1 | grep . || printf 'healthy'
}
# Waits until all of these services are healthy, and tells of each when it is.
wait_until_healthy() {
  local deadline=$((SECONDS + HEALTHY_WITHIN_SECONDS)) service health
  for service in "$@"; do
    until health=$(health_of "$service") && [[ $health == healthy ]]; do
      if ((SECONDS >= deadline)); then
        compose logs --tail 20 "$service" >&2 || true
        fail "$service is $health after $HEALTHY_WITHIN_SECONDS s; its last lines are above"
      fi
      sleep 0.5
    done
    say "$service is healthy"
  done
}
make_mesh() { compose run --rm --no-deps setup-replication setup-replication --wait 60; }
verify_mesh() { compose run --rm --no-deps setup-replication setup-replication --verify --wait 60; }
