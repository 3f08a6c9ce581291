# Three servers: which of them this one is, whether the others are there, and how it gives them its mailbox nodes.

is_alone() { [[ -z $(setting SERVERS) ]]; }
server_at() { setting SERVERS | cut -d, -f"$1"; }
host_of() { printf '%s' "${1%:*}"; }
number_of() {
  local slot
  for slot in 1 2 3; do
    [[ $(server_at "$slot") != "$1" && $(host_of "$(server_at "$slot")") != "$1" ]] || printf '%s' "$slot"
  done
}
slots_elsewhere() { printf '%s\n' 1 2 3 | grep -vxF "$(slots_here)" || true; }

is_server_name() { [[ $1 =~ ^[A-Za-z0-9.-]+(:[1-9][0-9]{0,4})?$ ]]; }
check_servers() {
  local names
  mapfile -t names < <(tr ',' '\n' <<<"$servers")
  ((${#names[@]} == 3)) || bad_option '--servers needs three names, separated by commas'
  local name
  for name in "${names[@]}"; do
    is_server_name "$name" || bad_option "$name is not the name of a server"
  done
  [[ $(printf '%s\n' "${names[@]}" | sort -u | wc -l) == 3 ]] || bad_option '--servers names one server twice'
}

# Makes this server the first of three, and the file by which the others join it.
begin_cell() {
  [[ -n $servers ]] || return 0
  # Put last: a beginning that was stopped is begun anew.
  if (($(setting CELL_GENERATION) > 0)); then
    [[ $(setting SERVERS) == "$servers" ]] ||
      fail "this server is in a cell with $(setting SERVERS): scripts/replace puts another in the place of one of them"
    [[ ! -f $CELL_FILE ]] || cell_file=$CELL_FILE
    return 0
  fi
  step 'A cell of three servers'
  cell_file=$CELL_FILE
  rm -f "$cell_file"
  local -A replaced=()
  local slot
  make_certificate_folder
  make_cell_ca "$certificate_folder"
  for slot in 1 2 3; do make_server_certificate "$certificate_folder" "$slot"; done
  put SERVERS "$servers"
  write_cell_file "$certificate_folder" 1 ''
  rm -rf "$certificate_folder"
  take_cell_file 1
  say "made $cell_file: whoever has it has the cell. Carry it to the other servers, and keep it on none of them."
}
join_cell() {
  [[ -n $join ]] || return 0
  step 'Joining'
  cell_file=$join
  check_cell_file
  (($(setting CELL_GENERATION) > 0)) || ! is_set RESTANTE_VERSION ||
    fail 'this server has a cluster of its own: only an empty one can join'
  local number name=${domain:-$(setting DOMAIN)}
  put SERVERS "$(cell_value SERVERS)"
  number=$(number_of "$name")
  [[ -n $number ]] || fail "$name is not in the cell of $cell_file ($(cell_value SERVERS)): tell by --domain which of them this server is"
  take_cell_file "$number"
  say "this is server $number of $(setting SERVERS)"
}

# The certificate of this server, and whose certificates count no longer.
make_certificates_of_cell() {
  if [[ -z ${cell_file:-} ]]; then
    [[ -f $(setting CELL_DIR)/revoked ]] || fail 'this server has no certificate of its cell yet: run scripts/deploy --join again'
    return 0
  fi
  local folder number
  folder=$(setting CELL_DIR)
  number=$(setting SERVER_NUMBER)
  mkdir -p "$folder"
  chmod 755 "$folder"
  cell_pem CELL_CA | write_for "$APP_UID" "$folder/ca.pem"
  cell_pem "CELL${number}_KEY" | write_for "$APP_UID" "$folder/key.pem"
  cell_pem "CELL${number}_CERTIFICATE" | write_for "$APP_UID" "$folder/certificate.pem"
  cell_value CELL_REVOKED | tr ',' '\n' | write_for "$APP_UID" "$folder/revoked"
}

# Whether the mailbox node of a slot answers through the door of its server. Asked from a container: names are what they are there.
door_answers() { compose run --rm --no-deps knock --server "$1" >/dev/null 2>&1; }
slots_that_are_missing() {
  local slot
  for slot in $(slots_elsewhere); do
    door_answers "$slot" || printf '%s\n' "$slot"
  done
}
tell_who_is_missing() {
  local slot
  step 'Other servers are missing'
  for slot in $(slots_that_are_missing); do
    say "$(server_at "$slot"): there, with a copy of $CELL_FILE: scripts/deploy --join $CELL_FILE --domain $(host_of "$(server_at "$slot")")"
  done
  say 'A new cell begins when all three are there. Then scripts/deploy here tells whether all is well.'
}

# What was on one server goes to three, one mailbox node after the other. It can be stopped at any step, and goes on when it is
# called again.
settle_cell() {
  local own slot gone=no
  own=$(setting SERVER_NUMBER)
  for slot in $(slots_here); do
    [[ $slot != "$own" ]] || continue
    step "node$slot goes to $(server_at "$slot")"
    if ! door_answers "$slot"; then
      say "$(server_at "$slot") has not joined yet: scripts/deploy --join there, and then this again"
      continue
    fi
    wait_until_others_are_filled
    verify_mesh >/dev/null || fail 'the mesh is not whole'
    compose stop "node$slot" "couchdb$slot"
    compose rm --force "node$slot" "couchdb$slot" >/dev/null
    put NODES_HERE "$(setting NODES_HERE | tr ',' '\n' | grep -vx "node$slot" | paste -sd,)"
    put_node_origins
    put_profiles
    compose up -d --no-deps --no-build "peer$slot"
    wait_until_healthy "peer$slot"
    compose up -d --no-deps --no-build watch
    gone=yes
  done
  for slot in $(slots_elsewhere); do forget_admin "$slot"; done
  wait_until_others_are_filled
  # Masters tell people where the nodes are now.
  [[ $gone == no ]] || roll master
}
wait_until_filled() { compose run --rm --no-deps setup-replication fill --wait --node "$1"; }
wait_until_others_are_filled() {
  local slot
  for slot in $(slots_elsewhere); do wait_until_filled "node$slot"; done
}
