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

health_of() {
  local id
  id=$(container_of "$1" | head -1)
  [[ -n $id ]] || {
    printf 'missing'
    return
  }
  docker inspect --format '{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}' "$id"
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
verify_mesh() { compose run --rm --no-deps setup-replication setup-replication --verify --wait 60; }
