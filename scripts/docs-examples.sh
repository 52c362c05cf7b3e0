#!/usr/bin/env bash
# Runs the curl examples of docs/ as they stand, against a real static service: every call must succeed.
#
#   scripts/docs-examples.sh
#
# Each block of shell that has a call (curl, or `admin`, which is one) is run, in the order of the page; before it
# the variables that the pages use are set anew, so that one that logs out or changes the password leaves nothing behind.
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
cd "${root:?}"
# shellcheck source=scripts/docs-blocks.sh
. scripts/docs-blocks.sh

bin=$root/target/debug

step "examples of the documentation"
need_packages curl jq
cargo build --quiet --locked --all-features --bin static-service
work=$(mktemp -d "${TMPDIR:-/tmp}/mep-examples.XXXXXX")
finish() {
  local status=$?
  trap - EXIT
  if [ -n "${service:-}" ]; then
    kill "$service" 2>/dev/null || true
    wait "$service" 2>/dev/null || true
  fi
  [ "$status" -eq 0 ] || tail -n 20 "$work"/*.log >&2 || true
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

manage() { "$bin/static-service" admin --db "$work/push.db" "$@" >/dev/null; }
manage enterprise add acme --name "Acme GmbH"
manage enterprise add beta --name "Beta"
for user in alice@acme bob@acme carol@beta eve@beta; do manage user add "$user" --password "correct horse"; done
manage user role add alice@acme operator
manage department add firm@acme
manage group add team@acme
manage group member add team@acme alice
manage partner link alice@acme eve@beta --relation upstream
printf 'a secret of 43 characters is what we make up' | manage broker add broker-1 --secret-stdin
"$bin/static-service" serve --db "$work/push.db" --broker tcp://127.0.0.1:1883 --listen 127.0.0.1:0 \
  --ready-file "$work/ready" >"$work/service.log" 2>&1 &
service=$!
for _ in $(seq 200); do [ ! -s "$work/ready" ] || break; sleep 0.05; done

# What the pages call the things.
STATIC_URL=http://$(cat "$work/ready")
BROKER_ID=broker-1
BROKER_SECRET='a secret of 43 characters is what we make up'
ADMIN=$STATIC_URL/api/v1/admin/enterprises/acme
export STATIC_URL BROKER_ID BROKER_SECRET ADMIN
password="correct horse"
cd "$work"
base64 -d >alice.png <<<'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
head -c 20000000 /dev/urandom >original
cp original Plan.pdf

ask() { command curl -sS --fail-with-body -H 'Content-Type: application/json' "$@"; }
# log_in NAME [MEMBERS] [PASSWORD]: MEMBERS as jq writes an object.
log_in() {
  ask -d "$(jq -nc --arg u "$1" --arg p "${3:-correct horse}" '{username: $u, password: $p} + ('"${2:-{\}}"')')" "$STATIC_URL/api/v1/login"
}

prepare() {
  local block=$1 answer
  answer=$(log_in alice@acme '{device: "laptop", kind: "pc"}' "$password")
  REFRESH_TOKEN=$(jq -r .refresh_token <<<"$answer")
  VERSION=$(jq -r .address_book.version <<<"$answer")
  log_in alice@acme '{device: "phone", kind: "phone"}' "$password" >/dev/null
  SESSION_TOKEN=$(log_in alice@acme '{}' "$password" | jq -r .session_token)
  LOGIN_TOKEN=$(ask -H "Authorization: Bearer $SESSION_TOKEN" -d '{"device": "phone", "kind": "phone"}' "$STATIC_URL/api/v1/token" | jq -r .token)
  # The link is for bob.
  # shellcheck disable=SC2016 # the page's words
  case "$block" in *'$LINK'*) SESSION_TOKEN=$(log_in bob@acme | jq -r .session_token) ;; esac
  export SESSION_TOKEN REFRESH_TOKEN LOGIN_TOKEN VERSION
}

# The pages' curl: a status of 400 and more is a failure; a stream that is cut off after its time is none.
curl() {
  local status=0
  # Half of a file is there when a call goes on after a cut.
  case " $* " in *" -C - "*) truncate -s 10000000 Plan.pdf ;; esac
  # The device that is to be removed.
  case " $* " in *"/users/dora/devices/laptop "*) log_in dora@acme '{device: "laptop", kind: "pc"}' "battery staple" >/dev/null ;; esac
  command curl --fail-with-body "$@" || status=$?
  [ "$status" -ne 28 ] || status=0
  # In a file: a call may stand in a pipe.
  [ "$status" -eq 0 ] || echo "status $status: curl ${*: -1}" >>failed
  return "$status"
}
static-service() { "$bin/static-service" "$@" || echo "status $?: static-service $*" >>failed; }
admin() { curl -s -H "Authorization: Bearer $SESSION_TOKEN" -H 'Content-Type: application/json' "$@"; }

after() {
  case "$1" in
    *api/v1/password*) password="battery staple" ;;
    *'"size": 20000000'*) UPLOAD_URL=$(jq -r .upload_url answer); export UPLOAD_URL ;;
    *UPLOAD_URL/links*) LINK=$(jq -r .url answer); export LINK ;;
    *' -o Plan.pdf '*) cmp original Plan.pdf ;;
  esac
}

LAST_ID=$(command curl -s -D - -o /dev/null --max-time 1 -u "$BROKER_ID:$BROKER_SECRET" "$STATIC_URL/control/v1/feed" |
  sed -n 's/^feed-position: \([0-9]*\).*/\1/p') || true
export LAST_ID

# The names of all members in JSON.
members() { jq -cs '[.. | objects | keys[]] | unique' 2>/dev/null; }
# Those that a page shows, and the answer before does not have.
made_up() { jq -nr --argjson told "$(members <<<"$1")" --argjson given "$(members <answer)" '$told - $given | join(", ")'; }

ran=0 compared=0
for page in "${examples[@]:?}"; do
  while IFS= read -r -d $'\f' block; do
    read -r line language how <<<"${block%%$'\n'*}"
    block=${block#*$'\n'}
    if [ "$language" = json ] && members <answer >/dev/null; then
      wrong=$(made_up "$block")
      [ -z "$wrong" ] || fail "docs/$page.md:$line: the call before answers without $wrong: $(head -c 2000 answer)"
      compared=$((compared + 1))
    fi
    if [ "$language-$how" != sh-run ] || ! is_example "$page" "$block"; then continue; fi
    prepare "$block"
    eval "$block" >answer 2>errors || true
    if [ -e failed ]; then
      cat answer errors failed >&2
      fail "docs/$page.md:$line: a call of this block failed: $block"
    fi
    after "$block"
    note_run "docs/$page.md" "$line"
    ran=$((ran + $(grep -cE '^(curl|admin|  curl)' <<<"$block")))
  done < <(blocks "docs/$page.md")
done
if [ "$ran" -lt 50 ] || [ "$compared" -lt 10 ]; then fail "only $ran calls and $compared answers were found: the pages have changed their shape"; fi
echo "$ran calls of ${examples[*]}, and $compared answers: all as documented"
