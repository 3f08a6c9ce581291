# Images and their versions.

# Several clusters on one engine leave each other's images alone.
version_prefix() { [[ $PROJECT == restante ]] || printf '%s-' "$PROJECT"; }
version_of_sources() {
  local commit
  commit=$(git rev-parse --short=12 HEAD 2>/dev/null || true)
  printf '%s' "$(version_prefix)${commit:+$commit-}$(date -u +%Y%m%d%H%M%S)"
}
has_images() {
  local images=(restante/{mailbox-node,master-node,setup-replication,nginx}:"$1")
  [[ $(setting COUCHDB_IMAGE) != restante/couchdb-embedded ]] || images+=(restante/couchdb-embedded)
  docker image inspect "${images[@]}" >/dev/null 2>&1
}
build_images() {
  # Commands from version 23 on have BuildKit in a plugin; without it the engine builds by itself.
  local client buildkit=1
  client=$(docker version --format '{{.Client.Version}}')
  if at_least "$client" 23.0 && ! docker buildx version >/dev/null 2>&1; then buildkit=0; fi
  export DOCKER_BUILDKIT=$buildkit COMPOSE_DOCKER_CLI_BUILD=1
  RESTANTE_VERSION=$1 compose build "${BUILT[@]}"
  if [[ $(setting COUCHDB_IMAGE) == restante/couchdb-embedded ]]; then
    docker build --tag restante/couchdb-embedded --network "$(setting BUILD_NETWORK)" \
      --file couchdb/embedded/Dockerfile .
  fi
}

# What the last update has left behind: neither the version that runs nor the one before it.
remove_old_images() {
  docker image ls --format '{{.Repository}}:{{.Tag}}' 'restante/*' |
    grep --extended-regexp ":$(version_prefix)([0-9a-f]{12,}-)?[0-9]{14}\$" |
    grep --invert-match -e ":$(setting RESTANTE_VERSION)\$" -e ":$(setting RESTANTE_VERSION_BEFORE)\$" |
    xargs --no-run-if-empty docker image rm >/dev/null || true
}
