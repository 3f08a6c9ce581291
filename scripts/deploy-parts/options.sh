# What scripts/deploy can be told: options, their check, and the questions for what no option told.

usage() {
  cat <<'HELP'
Usage: scripts/deploy [options]             brings the cluster up; can be run again at any time
       scripts/deploy --update [options]    builds the sources as they are now, restarts one service at a time
       scripts/deploy --rollback [options]  goes back to the images before the last update
       scripts/deploy --status              tells how the cluster is
       scripts/deploy --servers <a,b,c>     makes this server, a, the first of three
       scripts/deploy --join <file>         makes this server one of three, by the file that the first has made

  --domain <name>        name that people open (default: localhost)
  --certificate <file>   certificate with its chain, PEM (default: a self-signed one is made)
  --key <file>           its private key, PEM
  --http-port <port>     default 80
  --https-port <port>    default 443
  --couchdb <image>      an image of CouchDB 3.5 (default: couchdb:3.5), or "embedded": the project's own server
  --monitoring           Prometheus, Alertmanager and Grafana too
  --alert-webhook <url>  where Alertmanager sends alerts
  --yes                  asks nothing: what is not told has its default
  --dry-run              checks this server and tells what would be done, changes nothing
  --help                 this text

The first time, and at a terminal, it asks for what no option tells. Settings and secrets are in .env (mode 600). What
stands there is kept; what is missing is made. See docs/operations.md.
Exit code: 0 the cluster is healthy and verified (--status: all is well), 1 it is not (the reason is told), 2 bad options.
HELP
}

action=deploy dry_run=no yes=no servers='' join=''

check_options() {
  local port
  for port in "$http_port" "$https_port"; do
    [[ -z $port || ($port =~ ^[1-9][0-9]{0,4}$ && $port -lt 65536) ]] || bad_option "$port is not a port"
  done
  [[ -z $domain || $domain =~ ^[A-Za-z0-9.-]+$ ]] || bad_option "$domain is not a domain name"
  [[ -n $certificate && -n $key || -z $certificate$key ]] || bad_option '--certificate and --key belong together'
  [[ -z $servers || -z $join ]] || bad_option '--servers and --join exclude each other'
  [[ -z $servers ]] || check_servers
  [[ -z $alert_webhook || $alert_webhook =~ ^https?://[^[:space:]]+$ ]] || bad_option '--alert-webhook is not a web address'
}

parse_options() {
  local name
  while (($# > 0)); do
    case $1 in
      --help | -h) usage && exit 0 ;;
      --update) action=update ;;
      --rollback) action=rollback ;;
      --status) action=status ;;
      --dry-run) dry_run=yes ;;
      --monitoring) monitoring=yes ;;
      --yes) yes=yes ;;
      --domain | --certificate | --key | --http-port | --https-port | --couchdb | --alert-webhook | --servers | --join)
        (($# > 1)) || bad_option "$1 needs a value"
        name=${1#--}
        printf -v "${name//-/_}" '%s' "$2"
        shift
        ;;
      *) bad_option "unknown option $1" ;;
    esac
    shift
  done
  check_options
}

# Asks for what no option told. `answer` is the name of the variable that gets it.
ask() {
  local answer=$1 question=$2 default=$3 given
  [[ -z ${!answer} ]] || return 0
  read -r -p "$question [${default:-none}]: " given || fail 'no answer'
  printf -v "$answer" '%s' "${given:-$default}"
}
ask_for_settings() {
  ask domain 'Name that people open' "$(setting DOMAIN)"
  ask certificate 'File with its certificate, PEM; none: a self-signed one is made' ''
  [[ -z $certificate ]] || ask key 'File with the private key, PEM' ''
  ask http_port 'Port of HTTP' "$(setting HTTP_PORT)"
  ask https_port 'Port of HTTPS' "$(setting HTTPS_PORT)"
  local with_monitoring=''
  [[ $monitoring == yes ]] || ask with_monitoring 'Prometheus, Alertmanager and Grafana too? yes or no' no
  [[ $with_monitoring != y* ]] || monitoring=yes
  [[ $monitoring == no ]] || ask alert_webhook 'Web address that alerts are sent to' ''
  check_options
}
