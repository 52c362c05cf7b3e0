#!/usr/bin/env bash
# Holds the reference static service to its own OpenAPI document: schemathesis reads /openapi.json and asks
# a real service thousands of well-formed and malformed things. No 500, no answer that is not described.
#
#   scripts/openapi.sh                           on SQLite
#   scripts/postgres.sh run scripts/openapi.sh   on PostgreSQL
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
cd "${root:?}"

tools=$root/target/tools/schemathesis
wanted=scripts/openapi/requirements.txt
work=$(mktemp -d)
service=
database=(--db "$work/db")
[ -z "${MEP_TEST_DATABASE_URL:-}" ] || database=(--database-url "$MEP_TEST_DATABASE_URL")
# The one of the examples in the document.
password="correct horse"
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 RUST_LOG=warn PYTHONPATH=$root/scripts/openapi PYTHONDONTWRITEBYTECODE=1

clean_up() {
  if [ -n "$service" ] && kill "$service" 2>/dev/null; then wait "$service" || true; fi
  rm -rf "$work"
}
trap clean_up EXIT

# The tool, of exactly the versions and contents that are written down.
need_schemathesis() {
  cmp -s "$wanted" "$tools/installed.txt" && return
  python3 -c 'import ensurepip, venv' 2>/dev/null || need_packages python3 python3-venv
  rm -rf "$tools"
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$wanted"
  cp "$wanted" "$tools/installed.txt"
}

admin() { target/debug/static-service admin "${database[@]}" "$@"; }

# Two enterprises to work on, and the operator in a third, so that nothing that is tried there takes
# away the right to try it.
fill() {
  local eid user
  for eid in acme beta ops; do admin enterprise add "$eid" --name "$eid" >"$work/out"; done
  for user in alice@acme bob@acme carol@beta; do
    admin user add "$user" --password-stdin <<<"$password" >"$work/out"
  done
  admin user add root@ops --role operator --password-stdin <<<"$password" >"$work/out"
  admin group add dev@acme >"$work/out"
  admin group member add dev@acme alice >"$work/out"
  admin department add lab@acme >"$work/out"
  admin department member set lab@acme alice >"$work/out"
  BROKER_ID=broker-1
  BROKER_SECRET=$(admin broker add "$BROKER_ID")
  export BROKER_ID BROKER_SECRET
}

start() {
  target/debug/static-service serve "${database[@]}" --broker tcp://127.0.0.1:1883 --ready-file "$work/ready" \
    --files-dir "$work/files" --file-max-bytes 100000 \
    >"$work/out" 2>"$work/log" &
  service=$!
  local tries
  for tries in $(seq 1 200); do
    [ -s "$work/ready" ] && break
    kill -0 "$service" 2>/dev/null || break
    sleep 0.05
  done
  [ -s "$work/ready" ] || fail "the static service did not start in $tries looks: $(cat "$work/log")"
  url=http://$(cat "$work/ready")
}

log_in() {
  curl -sS --fail-with-body -H 'Content-Type: application/json' \
    -d "{\"username\": \"root@ops\", \"password\": \"$password\"}" "$url/api/v1/login" | jq -re .session_token
}

# run SESSION WHAT OPTION...: asks a part of the service.
run() {
  export SESSION_TOKEN=$1
  step "$2"
  shift 2
  # It leaves caches where it stands.
  (cd "$work" && "$tools/bin/st" --config-file "$root/scripts/openapi/schemathesis.toml" run "$url/openapi.json" "$@") ||
    fail "the service and its description differ; its log: $(tail -n 20 "$work/log")"
}

step "OpenAPI: set-up"
need_packages curl jq
need_schemathesis
need_toolchain
need_brokers 2.0.11
cargo build --locked --all-features --bin static-service
fill
start
# Both at once, before somebody's wrong guesses make this user wait.
lasting=$(log_in)
passing=$(log_in)
# The feed never ends, so it cannot be read to its end.
run "$lasting" "OpenAPI: all but what ends the session" --exclude-path /control/v1/feed --exclude-path /api/v1/logout
run "$passing" "OpenAPI: what ends the session" --include-path /api/v1/logout
