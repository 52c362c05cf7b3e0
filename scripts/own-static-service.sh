#!/usr/bin/env bash
# Runs docs/examples/static_service.py, the static service of docs/own-static-service.md, with a real broker of each API
# level, and takes it through what that page promises: login, refusal, the wall, logout.
#
#   scripts/own-static-service.sh
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
cd "${root:?}"

step "a static service of one's own"
need_packages curl jq python3
need_brokers 2.0.11 2.1.2
# As the other tests have it.
cargo build --quiet --locked --all-features --lib
work=$(mktemp -d "${TMPDIR:-/tmp}/mep-own-service.XXXXXX")
chmod 755 "$work"
running=()
finish() {
  local status=$?
  trap - EXIT
  [ ${#running[@]} -eq 0 ] || kill "${running[@]}" 2>/dev/null || true
  wait || true
  [ "$status" -eq 0 ] || tail -n 20 "$work"/*.log >&2 || true
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

until_true() {
  for _ in $(seq 100); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  fail "not within 10 s: $*"
}

secret='a secret of 43 characters is what we make up'
jq -n '{"alice@acme": {password: "a", groups: ["dev"]}, "bob@acme": {password: "b", groups: ["dev"]}, "carol@beta": {password: "c"}}' >"$work/users.json"
service_port=$(free_port)
python3 docs/examples/static_service.py "$service_port" "$work/users.json" "$secret" >"$work/service.log" 2>&1 &
running+=($!)
service=http://127.0.0.1:$service_port
until_true curl -s "$service/"

# Fails when the service refuses.
login() { jq -nc --arg u "$1" --arg p "$2" '{username: $u, password: $p, device: "pc", kind: "pc"}' | curl -s --fail-with-body -d @- "$service/login" | jq -r .token; }

try_broker() {
  local version=$1 programs=${broker_cache:?}/$1 port alice bob carol got
  port=$(free_port)
  cat >"$work/$version.conf" <<CONF
listener $port 127.0.0.1
allow_anonymous false
log_dest stderr
log_type all
plugin $root/target/debug/libmosquitto_enterprise_push.so
plugin_opt_static_url $service
plugin_opt_client_id broker-1
plugin_opt_client_secret $secret
CONF
  "$programs/mosquitto" -c "$work/$version.conf" >"$work/$version.log" 2>&1 &
  running+=($!)
  until_true grep -q 'control feed: connected' "$work/$version.log"

  alice=$(login alice@acme a) bob=$(login bob@acme b) carol=$(login carol@beta c)
  if login alice@acme wrong >/dev/null 2>&1; then fail "a wrong password got a token"; fi
  as() { "$programs/mosquitto_$1" -h 127.0.0.1 -p "$port" -u "$2" -i "$2:pc" -P "$3" "${@:4}"; }
  if as pub alice@acme forged -t acme/im/sig/alice -m no 2>/dev/null; then fail "a forged token got in"; fi

  as pub alice@acme "$alice" -t acme/im/sig/alice -m "on holiday" -r
  as pub carol@beta "$carol" -t beta/im/sig/carol -m "not for you" -r
  got=$(as sub bob@acme "$bob" -t 'acme/im/sig/+' -t 'beta/im/sig/+' -C 1 -W 5 -v)
  [ "$got" = "acme/im/sig/alice on holiday" ] || fail "$version: bob received \`$got\`"
  got=$(as sub carol@beta "$carol" -t 'acme/im/sig/+' -W 1 -v 2>/dev/null || true)
  [ -z "$got" ] || fail "$version: carol received \`$got\`"

  # Not by `as`: the pid would be a shell's, and the program would stay.
  "$programs/mosquitto_sub" -h 127.0.0.1 -p "$port" -u bob@acme -i bob@acme:pc -P "$bob" -t 'acme/im/sig/+' >/dev/null 2>&1 &
  running+=($!)
  until_true grep -q 'bob@acme:pc 0 acme/im/sig/+' "$work/$version.log"
  curl -s -d "$bob" "$service/logout" >/dev/null
  until_true grep -q 'bob@acme:pc: connection ended: login token revoked' "$work/$version.log"
  if as pub bob@acme "$bob" -t acme/im/sig/bob -m no 2>/dev/null; then fail "a revoked token got in"; fi
  echo "Mosquitto $version: as documented"
}

try_broker 2.0.11
try_broker 2.1.2
