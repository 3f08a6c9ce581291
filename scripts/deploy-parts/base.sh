# What scripts/deploy, replace and drain have in common: where things are, how they speak, and the parts themselves.

readonly PROJECT=${COMPOSE_PROJECT_NAME:-restante}
readonly INTERIM_MASTER=${PROJECT}_master_interim
readonly ENV_FILE=.env EXAMPLE=.env.production.example COMPOSE_FILE=docker-compose.prod.yml LOCK_FILE=.deploy.lock
readonly APP_UID=10001 ALERTMANAGER_UID=65534 MIN_DISK_KB=$((5 * 1024 * 1024)) HEALTHY_WITHIN_SECONDS=180
readonly BUILT=(node1 setup-replication master nginx)
readonly COMMAND=${0##*/}
# What options of scripts/deploy tell: nothing, for other commands.
monitoring=no domain='' certificate='' key='' http_port='' https_port='' couchdb='' alert_webhook=''

say() { printf '%s\n' "$*"; }
step() { printf '\n==> %s\n' "$*"; }
fail() {
  printf '%s: %s\n' "$COMMAND" "$*" >&2
  exit 1
}
bad_option() {
  printf '%s: %s\nTry scripts/%s --help.\n' "$COMMAND" "$*" "$COMMAND" >&2
  exit 2
}
# One at a time on a server.
take_lock() {
  exec {lock}>"$LOCK_FILE"
  flock --nonblock "$lock" || fail 'another scripts/deploy is at work here'
}

source scripts/deploy-parts/settings.sh
source scripts/deploy-parts/server.sh
source scripts/deploy-parts/secrets.sh
source scripts/deploy-parts/images.sh
source scripts/deploy-parts/services.sh
source scripts/deploy-parts/rolling.sh
source scripts/deploy-parts/cell-certificates.sh
source scripts/deploy-parts/cell-file.sh
source scripts/deploy-parts/cell.sh
