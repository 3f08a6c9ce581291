# The file that makes a server one of a cell: what all three share, and what each has for itself. Whoever has it has the cell:
# it is carried to the other servers and then kept somewhere else.

readonly CELL_FILE=cell.join
readonly SHARED=(
  SERVERS COUCHDB_{ADMIN,DATA,MESH,READER}_USER COUCHDB{1,2,3}_{ADMIN,DATA,MESH,READER}_PASSWORD
  TOKEN_{PRIVATE,PUBLIC}_KEY DIRECTORY_PRIVATE_KEY DIRECTORY_PUBLIC_KEYS BUS_PASSWORD
  DATABASE_PREFIX BUCKET_SPAN_DAYS MESSAGE_TTL_DAYS WRITE_CONCERN WRITE_POLICY REGISTRATION
  BLOB_STORE S3_{ENDPOINT,REGION,BUCKET,ACCESS_KEY_ID,SECRET_ACCESS_KEY}
)
# The value of a line of the file; PEM with its line breaks.
cell_value() { sed -n "s/^$1=//p" "$cell_file" | head -1; }
cell_pem() { printf '%b' "$(cell_value "$1")"; }

shared_value() { if [[ -f $cell_file ]]; then cell_value "$1"; else setting "$1"; fi; }

check_cell_file() {
  [[ -r $cell_file ]] || fail "$cell_file cannot be read"
  local name
  for name in SERVERS CELL_GENERATION CELL_CA CELL_REVOKED; do
    grep -q "^$name=" "$cell_file" || fail "$cell_file is not a file of scripts/deploy --servers: it has no $name"
  done
  (($(cell_value CELL_GENERATION) >= $(setting CELL_GENERATION))) ||
    fail "$cell_file is older than what this server has joined by (generation $(setting CELL_GENERATION)): use the newest one"
}

# A folder for certificates and their keys, which is gone when this run ends, however it does.
make_certificate_folder() {
  certificate_folder=$(mktemp -d)
  trap 'rm -rf "$certificate_folder"' EXIT
}

# Puts the certificates of the file into a folder.
take_certificates_out() {
  local folder=$1 slot
  cell_pem CELL_CA >"$folder/ca.pem"
  cell_pem CELL_CA_KEY >"$folder/ca-key.pem"
  for slot in 1 2 3; do
    mkdir "$folder/server$slot"
    cell_pem "CELL${slot}_CERTIFICATE" >"$folder/server$slot/certificate.pem"
    cell_pem "CELL${slot}_KEY" >"$folder/server$slot/key.pem"
  done
}

# Makes the file. The certificates are those of a folder, the rest is what it had, or else what this server has; `replaced` has
# values in place of these.
write_cell_file() {
  local folder=$1 generation=$2 revoked=$3 name slot
  {
    printf '# A cell of Restante. Whoever has this file has all of it: see "Three servers" in docs/operations.md.\n'
    printf '%s=%s\n' CELL_GENERATION "$generation" CELL_REVOKED "$revoked"
    for name in "${SHARED[@]}"; do printf '%s=%s\n' "$name" "${replaced[$name]:-$(shared_value "$name")}"; done
    printf 'CELL_CA=%s\nCELL_CA_KEY=%s\n' "$(one_line <"$folder/ca.pem")" "$(one_line <"$folder/ca-key.pem")"
    for slot in 1 2 3; do
      printf 'CELL%s_CERTIFICATE=%s\n' "$slot" "$(one_line <"$folder/server$slot/certificate.pem")"
      printf 'CELL%s_KEY=%s\n' "$slot" "$(one_line <"$folder/server$slot/key.pem")"
    done
  } >"$cell_file.new"
  mv -f "$cell_file.new" "$cell_file"
}

# Puts what the file has for this server into .env: of CouchDBs on other servers no admin.
take_cell_file() {
  local number=$1 name slot origins=() origin here
  here=$(setting NODES_HERE)
  # A server that was alone gives its mailbox nodes to the others one by one.
  [[ -n $(setting RESTANTE_VERSION) && $here == *node$number* ]] || here=node$number
  for name in "${SHARED[@]}"; do put "$name" "$(cell_value "$name")"; done
  put SERVER_NUMBER "$number"
  put MASTER_URLS http://master1:3000,http://master2:3000,http://master3:3000
  put NODES_HERE "$here"
  for slot in 1 2 3; do
    origin=https://$(server_at "$slot")
    origins+=("$origin")
    put "PEER${slot}_ADDRESS" "$(host_of "$(server_at "$slot")"):8444"
    [[ $here == *node$slot* ]] || forget_admin "$slot"
  done
  put_node_origins
  put SERVER_ORIGINS "$(IFS=,; printf '%s' "${origins[*]}")"
  put DOMAIN "$(host_of "$(server_at "$number")")"
  put CELL_GENERATION "$(cell_value CELL_GENERATION)"
}
# Where people reach the mailbox nodes: here, those that are still here.
put_node_origins() {
  local slot at
  for slot in 1 2 3; do
    at=$slot
    [[ $(setting NODES_HERE) != *node$slot* ]] || at=$(setting SERVER_NUMBER)
    put "NODE${slot}_ORIGIN" "https://$(server_at "$at")"
  done
}
forget_admin() {
  put "COUCHDB$1_ADMIN_PASSWORD" elsewhere
  put "COUCHDB$1_MESH_PASSWORD" elsewhere
}
