# One service after the other, while people go on.

readonly CONFIG_HASH=com.docker.compose.config-hash

# A master ends its people's connections at once and then finishes what is under way; people come back to the other one.
hand_over() {
  local from=$1 to=$2
  # It may have ended by itself.
  docker kill --signal TERM "$from" >/dev/null 2>&1 || true
  compose exec -T nginx /etc/nginx/lead-to "$to"
}
dismiss_interim_master() {
  docker container inspect "$INTERIM_MASTER" >/dev/null 2>&1 || return 0
  hand_over "$INTERIM_MASTER" master
  docker wait "$INTERIM_MASTER" >/dev/null
  docker rm "$INTERIM_MASTER" >/dev/null
}
# Several masters on a server are replaced one by one: the others serve.
replace_masters() {
  local id
  dismiss_interim_master
  for id in $(container_of master); do
    docker stop --time 25 "$id" >/dev/null
    docker rm "$id" >/dev/null
    compose up -d --no-deps --no-build --no-recreate master
    wait_until_healthy master
  done
  compose up -d --no-deps --no-build master
}
# All people are connected to the one master. So that nobody waits for a start, another one takes its place meanwhile.
replace_master() {
  # One that a stopped call has left may be all that serves.
  if [[ $(health_of master) == healthy || $(health_of "$INTERIM_MASTER") != healthy ]]; then
    dismiss_interim_master
    compose run -d --no-deps --name "$INTERIM_MASTER" master
    wait_until_healthy "$INTERIM_MASTER"
    hand_over "$(container_of master)" "$INTERIM_MASTER"
  fi
  compose up -d --no-deps --no-build master
}

# Nodes of a version whose CouchDBs replicated from one to the other, by users of the mesh or, before that, by those of the data
# path, cannot be in one mesh with those of this one: they go over together.
lead_mesh_through_nodes() {
  local nodes=()
  mapfile -t nodes < <(services_here | grep '^node')
  ! compose exec -T "${nodes[-1]}" printenv MESH_SELF_URL >/dev/null || return 0
  step "${nodes[*]}"
  compose up -d --no-deps --no-build "${nodes[@]}"
  wait_until_healthy "${nodes[@]}"
}

# Whether what runs of a service has the settings that it is to have, and the image that has the name now.
is_as_set() {
  local ids wanted found hash image name
  mapfile -t ids < <(container_of "$1")
  ((${#ids[@]} > 0)) || return 1
  wanted=$(compose config --hash "$1" | cut -d' ' -f2)
  found=$(docker inspect --format "{{index .Config.Labels \"$CONFIG_HASH\"}} {{.Image}} {{.Config.Image}}" "${ids[@]}") || return 1
  while read -r hash image name; do
    [[ $hash == "$wanted" && $image == $(docker image inspect --format '{{.Id}}' "$name") ]] || return 1
  done <<<"$found"
}
# Restarts a service with its settings and the image of RESTANTE_VERSION, where these have changed.
roll() {
  local service=$1
  step "$service"
  if is_as_set "$service"; then
    say "$service stays as it is"
  elif [[ $service != master ]]; then
    compose up -d --no-deps --no-build "$service"
  elif (($(setting MASTER_PROCESSES) > 1)); then
    replace_masters
  else
    replace_master
  fi
  wait_until_healthy "$service"
  # A call that was stopped leaves one, too.
  [[ $service != master ]] || dismiss_interim_master
}
# Whether people are served here, also by an interim master.
is_serving() {
  [[ $(health_of nginx) == healthy ]] || return 1
  [[ $(health_of master) == healthy || $(health_of "$INTERIM_MASTER") == healthy ]]
}
# Restarts what has other settings than before, one service at a time.
roll_here() {
  local service
  for service in $(services_here); do roll "$service"; done
  reload_tunnels
}
reload_tunnels() {
  local service
  for service in $(services_here | grep -x -e door -e 'peer.'); do compose exec -T "$service" /etc/nginx/reload-tunnel; done
}
# The version before may not have had it: what is newer than this one is the watch alone.
has_service() {
  local code=0
  [[ $1 != watch ]] || docker run --rm --network none --entrypoint test \
    "restante/setup-replication:$RESTANTE_VERSION" -f scripts/src/watch/main.ts || code=$?
  ((code <= 1)) || fail "the images of $RESTANTE_VERSION cannot be looked into"
  return "$code"
}
is_of_mesh() { [[ $1 =~ ^(couchdb|node|door|peer) ]]; }
# Restarts one service at a time with the images of this version; each is healthy and the mesh whole before the next.
roll_to() {
  local service
  local -x RESTANTE_VERSION=$1
  lead_mesh_through_nodes
  for service in $(services_here); do
    if ! has_service "$service"; then
      step "$service"
      compose stop "$service"
      say "$RESTANTE_VERSION has no $service: it stays away until the next update"
      continue
    fi
    roll "$service"
    ! is_of_mesh "$service" || verify_mesh >/dev/null || fail 'the mesh is not whole'
  done
}
