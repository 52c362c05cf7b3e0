#!/usr/bin/env bash
# What scripts/demo.sh plays on: a folder of its own, the static service, a broker with the plugin, people who
# log in, and the means to see what reached them. Sourced by it, after scripts/setup.sh.
#
#   open_stage            makes the folder $work, removed at the end together with all that was started
#   start_static_service  sets $static; restart_static_service kills it and starts it where it was
#   start_broker          on $port, of $version
#   log_in, listen        people and their devices; what a device is shown stands in $work/NAME.json
#   expect                waits until something was observed, or fails the demo

# Set by scripts/demo.sh.
: "${root:?}" "${broker_cache:?}" "${version:?}" "${keep:?}"
bin=$root/target/debug
tools=$broker_cache/$version

open_stage() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/mep-demo.XXXXXX")
  chmod 755 "$work"
  export IM_HOME=$work/im
  pids=()
  trap finish EXIT
}

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

say() { printf '  %s\n' "$*"; }

# until_true WHAT COMMAND...: waits until a command succeeds, for 10 s at most.
until_true() {
  local what=$1 deadline=$((SECONDS + 10))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || { echo "not seen within 10 s: $what" >&2; return 1; }
    sleep 0.05
  done
}

# seen NAME FILTER: a line of JSON that a device was shown for which the filter holds.
seen() { jq -es "map(select($2)) | length > 0" "$work/$1.json"; }
# expect NAME FILTER: waits for it.
expect() { until_true "at $1's: $2" seen "$1" "$2"; }
# expect_message NAME FROM TEXT [GROUP]
expect_message() {
  expect "$1" ".event == \"message\" and .from == \"$2\" and .text == \"$3\" and .group == ${4:+\"}${4:-null}${4:+\"}"
}
# expect_told NAME KIND FILTER: waits for a notice of a change.
expect_told() { expect "$1" ".event == \"notice\" and .kind == \"$2\" and ($3)"; }
# refused WHO NAME TO TEXT TOPIC: sends, which must be refused; sets $reason to the one that the device is shown.
refused() {
  if im "$1" send "$3" "$4" >>"$work/refused.log" 2>&1; then fail "$1's message to $3 was accepted"; fi
  local about='.event == "refused" and (.data.topic // "" | startswith("'"$5"'"))'
  expect "$2" "$about"
  # shellcheck disable=SC2034 # scripts/demo.sh prints it
  reason=$(jq -rs "map(select($about)) | last | .reason" "$work/$2.json")
}

admin() { "$bin/static-service" admin --db "$work/static.db" "$@" >/dev/null; }
im() { local who=$1; shift; "$bin/im" --as "$who" "$@"; }
token_of() { jq -er .token "$IM_HOME/profiles/$1/profile.json"; }

start_static_service() {
  "$bin/static-service" admin --db "$work/static.db" broker add demo-broker >"$work/broker.secret"
  chmod 644 "$work/broker.secret" # for the user that the broker becomes
  port=$(free_port)
  serve 127.0.0.1:0
  static=http://$(sed 's#^http://##' "$work/static.ready")
}

# serve HOST:PORT: starts the service; its process is $static_pid.
serve() {
  rm -f "$work/static.ready"
  "$bin/static-service" serve --db "$work/static.db" --broker "tcp://127.0.0.1:$port" --listen "$1" \
    --ready-file "$work/static.ready" >>"$work/static.log" 2>&1 &
  static_pid=$!
  pids+=("$static_pid")
  until_true "the static service" test -s "$work/static.ready"
}

# As a power cut would have it.
restart_static_service() {
  kill_client "$static_pid"
  serve "${static#http://}"
}

# The sample configuration as it stands, with this demo's addresses.
start_broker() {
  mkdir "$work/state"
  chmod 777 "$work/state"
  sed -E \
    -e "s#^listener .*#listener $port 127.0.0.1#" \
    -e "s#^plugin .*#plugin $bin/libmosquitto_enterprise_push.so#" \
    -e "s#^plugin_opt_static_url .*#plugin_opt_static_url $static#" \
    -e "s#^plugin_opt_client_id .*#plugin_opt_client_id demo-broker#" \
    -e "s#^plugin_opt_client_secret_file .*#plugin_opt_client_secret_file $work/broker.secret#" \
    mosquitto-conf/enterprise-push.conf >"$work/mosquitto.conf"
  printf 'persistence_location %s/\nlog_dest stderr\nlog_type all\n' "$work/state" >>"$work/mosquitto.conf"
  [ "$(id -u)" -ne 0 ] || echo "user root" >>"$work/mosquitto.conf"
  "$tools/mosquitto" -c "$work/mosquitto.conf" >"$work/broker.log" 2>&1 &
  pids+=($!)
  until_true "the broker" grep -q 'control feed: connected' "$work/broker.log"
}

# log_in UID@EID DEVICE KIND
log_in() {
  IM_PASSWORD="${1%%@*}-password" "$bin/im" login "$1" --static "$static" --device "$2" --role "$3" >>"$work/login.log" 2>&1
}

# listen UID@EID:DEVICE NAME OPTION...: in the background, until it is ready; its process is ${pids[-1]}.
listen() {
  local who=$1 name=$2
  shift 2
  : >"$work/$name.json" # what an earlier client was shown does not count
  # Not through the function im: $! must be the client's own process.
  "$bin/im" --as "$who" listen --json "$@" >>"$work/$name.json" 2>"$work/$name.err" &
  pids+=($!)
  expect "$name" '.event == "ready"'
}

# kill_client PID: without a chance to say goodbye.
kill_client() {
  kill -KILL "$1"
  wait "$1" 2>/dev/null || true
  local pid left=()
  for pid in "${pids[@]}"; do [ "$pid" = "$1" ] || left+=("$pid"); done
  pids=("${left[@]}")
}
