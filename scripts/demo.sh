#!/usr/bin/env bash
# The whole system on one machine: static service, stock Mosquitto with the plugin, two employees of one
# enterprise who talk, and an outsider who gets nothing. Every line of the transcript is printed only after
# it has been observed; the exit status is 0 only if all of it was.
#
#   scripts/demo.sh                    run it and clean up
#   scripts/demo.sh --keep             leave it running and print how to join
#   scripts/demo.sh --broker 2.0.21    on another Mosquitto than 2.1.2
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
cd "${root:?}"

keep=no
version=2.1.2
while [ $# -gt 0 ]; do
  case "$1" in
    --keep) keep=yes ;;
    --broker) version=${2:?--broker needs a version}; shift ;;
    *) fail "usage: scripts/demo.sh [--keep] [--broker 2.0.11|2.0.21|2.1.2]" ;;
  esac
  shift
done

step "set-up"
need_packages build-essential ca-certificates jq libclang-dev
need_toolchain
need_brokers "$version"
cargo build --quiet --locked --features static-service,im
bin=$root/target/debug
tools=${broker_cache:?}/$version

work=$(mktemp -d "${TMPDIR:-/tmp}/mep-demo.XXXXXX")
chmod 755 "$work"
export IM_HOME=$work/im
pids=()
finish() {
  local status=$?
  trap - EXIT
  if [ "$status" -eq 0 ] && [ "$keep" = yes ]; then
    return
  fi
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  if [ "$status" -ne 0 ]; then
    printf '\nthe demo FAILED; what the parts said:\n' >&2
    tail -n 30 "$work"/*.log "$work"/*.err >&2 2>/dev/null || true
  fi
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

# Waits until a command succeeds, for 10 s at most.
until_true() {
  local what=$1 deadline=$((SECONDS + 10))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || { echo "not seen within 10 s: $what" >&2; return 1; }
    sleep 0.05
  done
}
# seen FILE FILTER: a line of JSON in the file for which the filter holds.
seen() { jq -es "map(select($2)) | length > 0" "$1"; }
say() { printf '  %s\n' "$*"; }

free_port() {
  local port
  for _ in $(seq 100); do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  return 1
}

admin() { "$bin/static-service" admin --db "$work/static.db" "$@"; }
im() { local who=$1; shift; "$bin/im" --as "$who" "$@"; }
token_of() { jq -er .token "$IM_HOME/profiles/$1/profile.json"; }

step "static service"
admin enterprise add acme --name "Acme Corp" >/dev/null
admin enterprise add beta --name "Beta Ltd" >/dev/null
admin user add alice@acme --password alice-pw >/dev/null
admin user add bob@acme --password bob-pw >/dev/null
admin user add mallory@beta --password mallory-pw >/dev/null
admin broker add demo-broker >"$work/broker.secret"
chmod 644 "$work/broker.secret" # for the user that the broker becomes
port=$(free_port)
"$bin/static-service" serve --db "$work/static.db" --broker "tcp://127.0.0.1:$port" \
  --ready-file "$work/static.ready" >"$work/static.log" 2>&1 &
pids+=($!)
until_true "the static service" test -s "$work/static.ready"
static=http://$(sed 's#^http://##' "$work/static.ready")
say "two enterprises, acme (alice, bob) and beta (mallory), at $static"

step "Mosquitto $version with the plugin"
# The sample configuration as it stands, with this demo's addresses.
mkdir "$work/state"
chmod 777 "$work/state"
sed -E \
  -e "s#^listener .*#listener $port 127.0.0.1#" \
  -e "s#^plugin .*#plugin $bin/libmosquitto_enterprise_push.so#" \
  -e "s#^plugin_opt_static_url .*#plugin_opt_static_url $static#" \
  -e "s#^plugin_opt_client_id .*#plugin_opt_client_id demo-broker#" \
  -e "s#^plugin_opt_client_secret_file .*#plugin_opt_client_secret_file $work/broker.secret#" \
  mosquitto-conf/enterprise-push.conf >"$work/mosquitto.conf"
printf 'persistence_location %s/\nlog_dest stderr\n' "$work/state" >>"$work/mosquitto.conf"
[ "$(id -u)" -ne 0 ] || echo "user root" >>"$work/mosquitto.conf"
"$tools/mosquitto" -c "$work/mosquitto.conf" >"$work/broker.log" 2>&1 &
pids+=($!)
until_true "the broker" grep -q 'control feed: connected' "$work/broker.log"
say "a stock broker on port $port, its plugin follows the control feed"

step "people"
login() { IM_PASSWORD=$2 "$bin/im" login "$1" --static "$static" --role "$3" >>"$work/login.log" 2>&1; }
login alice@acme alice-pw pc
login bob@acme bob-pw phone
login mallory@beta mallory-pw pc
say "alice (pc), bob (phone) and mallory (pc) have login tokens"

im bob@acme:phone presence online >/dev/null
im bob@acme:phone sign "on the train" >/dev/null
say "bob sets his presence to online and his signature to \"on the train\""

# Not through the function im: $! must be the client's own process.
listen() { "$bin/im" --as "$1" listen --json --presence "${@:3}" >"$work/$2.json" 2>"$work/$2.err" & pids+=($!); }
listen alice@acme:pc alice --no-reconnect
alice_pid=${pids[-1]}
listen bob@acme:phone bob
until_true "alice listening" seen "$work/alice.json" '.event == "ready"'
until_true "bob listening" seen "$work/bob.json" '.event == "ready"'
until_true "bob's presence at alice's" seen "$work/alice.json" \
  '.event == "presence" and .from == "bob" and .presence == "online" and .retained'
until_true "bob's signature at alice's" seen "$work/alice.json" \
  '.event == "signature" and .from == "bob" and .text == "on the train" and .retained'
say "alice comes later, and still sees: bob is online, \"on the train\""

step "a conversation, and an outsider"
outsider=("$tools/mosquitto_sub" -h 127.0.0.1 -p "$port" -V 5 -i mallory@beta:spy -u mallory@beta)
IM_PASSWORD=mallory-pw "$bin/im" login mallory@beta --static "$static" --role pc --device spy >>"$work/login.log" 2>&1
# shellcheck disable=SC2016 # $share is MQTT's
"${outsider[@]}" -P "$(token_of mallory@beta:spy)" -F %t -t '#' -t 'acme/#' -t '+/im/#' -t acme/im/msg/bob \
  -t 'acme/im/pres/+' -t '$share/spies/acme/#' -t beta/im/msg/mallory >"$work/mallory.txt" 2>"$work/mallory.err" &
pids+=($!)
until_true "mallory subscribed" grep -q "mallory@beta:spy: subscribe" "$work/broker.log"

im alice@acme:pc send bob "Hello Bob, lunch at noon?" >/dev/null
until_true "alice's message at bob's" seen "$work/bob.json" \
  '.event == "message" and .from == "alice" and .text == "Hello Bob, lunch at noon?"'
say "alice -> bob:   Hello Bob, lunch at noon?"
im bob@acme:phone send alice "Gladly, see you there." >/dev/null
until_true "bob's message at alice's" seen "$work/alice.json" \
  '.event == "message" and .from == "bob" and .text == "Gladly, see you there."'
say "bob   -> alice: Gladly, see you there."

if im mallory@beta:pc send bob@acme "psst" >"$work/mallory-send.log" 2>&1; then
  fail "mallory's message was accepted"
fi
# What reaches her own inbox proves that her subscriptions were heard.
im mallory@beta:pc send mallory "note to self" >/dev/null
until_true "mallory's own note" grep -qx 'beta/im/msg/mallory' "$work/mallory.txt"
if grep -qv '^beta/' "$work/mallory.txt"; then fail "mallory received something of acme's"; fi
if seen "$work/bob.json" '.from == "mallory@beta"' >/dev/null; then fail "bob received mallory's message"; fi
say "mallory (beta) subscribes to #, acme/#, bob's inbox ...: receives nothing but her own"
say "mallory -> bob:  refused: $(tail -n 1 "$work/mallory-send.log")"

step "from the static side"
admin notice send --eid acme --title "Fire drill at 15:00" --body "Please use the stairs." >/dev/null
for who in alice bob; do
  until_true "the notice at $who's" seen "$work/$who.json" '.event == "notice" and .title == "Fire drill at 15:00"'
done
if grep -qv '^beta/' "$work/mallory.txt"; then fail "mallory received acme's notice"; fi
say "system notice to acme reaches alice and bob: Fire drill at 15:00"

if [ "$keep" = no ]; then
  old_token=$(token_of alice@acme:pc)
  admin token revoke alice@acme --device pc >/dev/null
  until_true "alice's disconnect" seen "$work/alice.json" '.event == "disconnected"'
  wait "$alice_pid" || true
  until_true "the reason in the broker's log" grep -q 'alice@acme:pc: connection ended: login token revoked' "$work/broker.log"
  if "$tools/mosquitto_pub" -h 127.0.0.1 -p "$port" -i alice@acme:pc -u alice@acme -P "$old_token" \
    -t acme/im/pres/alice -m online >/dev/null 2>&1; then
    fail "the revoked token was accepted"
  fi
  say "alice's token is revoked: she is disconnected, and the token opens nothing any more"
  printf '\nall of it was observed\n'
else
  cat <<JOIN

It goes on running. Join in another terminal:
  export IM_HOME=$IM_HOME
  $bin/im --as bob@acme:phone send alice "hello"
  IM_PASSWORD=alice-pw $bin/im login alice@acme --static $static --role phone
  $bin/im --as alice@acme:phone listen --presence
  $bin/static-service admin --db $work/static.db notice send --all --title "Hi"
Logs and data: $work
Stop it: kill ${pids[*]}
JOIN
fi
