#!/usr/bin/env bash
# The whole system on one machine: static service, stock Mosquitto with the plugin, employees of an enterprise
# who talk, alone, in a group and with a partner of another one, and an outsider who gets nothing. Every line of
# the transcript is printed only after it has been observed; the exit status is 0 only if all of it was.
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
# shellcheck source=scripts/demo-stage.sh
. scripts/demo-stage.sh

step "set-up"
need_packages build-essential ca-certificates jq libclang-dev
need_toolchain
need_brokers "$version"
cargo build --quiet --locked --features static-service,im
open_stage

step "static service"
admin enterprise add acme --name "Acme Corp"
admin enterprise add beta --name "Beta Ltd"
for user in alice@acme bob@acme dora@acme carol@beta mallory@beta; do
  admin user add "$user" --password "${user%%@*}-password"
done
start_static_service
say "two enterprises, acme (alice, bob, dora) and beta (carol, mallory), at ${static:?}"

step "Mosquitto $version with the plugin"
start_broker
say "a stock broker on port ${port:?}, its plugin follows the control feed"
log_in alice@acme pc pc
log_in bob@acme phone phone
log_in dora@acme pc pc
log_in carol@beta pc pc
log_in mallory@beta pc pc
log_in mallory@beta spy pc
say "everybody has a login token: bob for a phone, the others for a pc"

step "presence"
listen bob@acme:phone bob --presence
bob_pid=${pids[-1]}
im bob@acme:phone sign "on the train" >/dev/null
say "bob's phone connects; his signature is \"on the train\""
listen alice@acme:pc alice --presence --no-reconnect
alice_pid=${pids[-1]}
expect alice '.event == "presence" and .from == "bob" and .presence == "online" and .retained'
expect alice '.event == "signature" and .from == "bob" and .text == "on the train" and .retained'
say "alice comes later, and still sees: bob is online, \"on the train\""
kill_client "$bob_pid"
expect alice '.event == "presence" and .from == "bob" and .presence == "offline" and (.retained | not)'
say "bob's phone dies without a word: alice sees him offline"
listen bob@acme:phone bob --presence
expect alice '.event == "presence" and .from == "bob" and .presence == "online" and (.retained | not)'
say "bob's phone is back: alice sees him online"

step "a conversation, and an outsider"
# shellcheck disable=SC2016 # $share is MQTT's
"${tools:?}/mosquitto_sub" -h 127.0.0.1 -p "$port" -V 5 -i mallory@beta:spy -u mallory@beta \
  -P "$(token_of mallory@beta:spy)" -F %t -t '#' -t 'acme/#' -t '+/im/#' -t acme/im/msg/bob \
  -t 'acme/im/pres/+' -t '$share/spies/acme/#' -t beta/im/msg/mallory >"${work:?}/mallory.txt" 2>"$work/mallory.err" &
pids+=($!)
until_true "mallory subscribed" grep -q "mallory@beta:spy: subscribe" "$work/broker.log"

im alice@acme:pc send bob "Hello Bob, lunch at noon?" >/dev/null
expect_message bob alice "Hello Bob, lunch at noon?"
say "alice -> bob:   Hello Bob, lunch at noon?"
im bob@acme:phone send alice "Gladly, see you there." >/dev/null
expect_message alice bob "Gladly, see you there."
say "bob   -> alice: Gladly, see you there."

if im mallory@beta:pc send bob@acme "psst" >"$work/mallory-send.log" 2>&1; then
  fail "mallory's message was accepted"
fi
nothing_of_acme() {
  if grep -Eqv '^(beta/|[$]SYS/notice/beta)' "$work/mallory.txt"; then fail "mallory received something of acme's"; fi
}
# What reaches her own inbox proves that her subscriptions were heard.
im mallory@beta:pc send mallory "note to self" >/dev/null
until_true "mallory's own note" grep -qx 'beta/im/msg/mallory' "$work/mallory.txt"
nothing_of_acme
if seen bob '.from == "mallory@beta"' >/dev/null; then fail "bob received mallory's message"; fi
say "mallory (beta) subscribes to #, acme/#, bob's inbox ...: receives nothing but her own"
reason=$(tail -n 1 "$work/mallory-send.log")
say "mallory -> bob:  refused: ${reason##*message: }"

step "a group, and a client that never subscribes"
listen dora@acme:pc dora --no-subscribe
expect dora '.event == "ready" and .filters == []'
admin group add team@acme --name "The team"
for uid in alice bob dora; do admin group member add team@acme "$uid"; done
for uid in alice bob dora; do expect_told "$uid" group.added '.data.gid == "team"'; done
say "an administrator puts alice, bob and dora into a new group: each is told by a notice"
im alice@acme:pc send '#team' "Welcome, all!" >/dev/null
im bob@acme:phone send '#team' "Glad to be here." >/dev/null
expect_message bob alice "Welcome, all!" team
expect_message alice bob "Glad to be here." team
say "alice -> #team: Welcome, all!"
say "bob   -> #team: Glad to be here."
im alice@acme:pc send dora "Are you there, Dora?" >/dev/null
expect_message dora alice "Are you there, Dora?"
expect_message dora alice "Welcome, all!" team
expect_message dora bob "Glad to be here." team
until_true "bob's SUBSCRIBE" grep -q 'SUBSCRIBE from bob@acme:phone' "$work/broker.log"
if grep -q 'SUBSCRIBE from dora@acme:pc' "$work/broker.log"; then fail "dora's client has subscribed"; fi
say "dora's client never sends SUBSCRIBE: it has received both, and alice's message to her"

admin group member remove team@acme bob
expect_told bob group.removed '.data.gid == "team"'
im alice@acme:pc send '#team' "Bob has left us." >/dev/null
expect_message dora alice "Bob has left us." team
im alice@acme:pc send bob "No hard feelings!" >/dev/null
expect_message bob alice "No hard feelings!"
if seen bob '.text == "Bob has left us."' >/dev/null; then fail "bob still receives the group's messages"; fi
refused bob@acme:phone bob '#team' "What about me?" acme/im/msg/g/team
say "bob is taken out: a notice tells him, the group's next message passes him by, still connected"
say "bob   -> #team: refused: ${reason:?}"

step "partners across the wall"
listen carol@beta:pc carol
admin partner link alice@acme carol@beta
expect_told alice partner.linked '.data.partner == "carol@beta"'
expect_told carol partner.linked '.data.partner == "alice@acme"'
say "alice (acme) and carol (beta) are linked: both are told"
im alice@acme:pc send carol@beta "Our offer is ready." >/dev/null
expect_message carol alice@acme "Our offer is ready."
im carol@beta:pc send alice@acme "Send it over." >/dev/null
expect_message alice carol@beta "Send it over."
say "alice -> carol: Our offer is ready."
say "carol -> alice: Send it over."
admin partner unlink alice@acme carol@beta
expect_told alice partner.unlinked '.data.partner == "carol@beta"'
expect_told carol partner.unlinked '.data.partner == "alice@acme"'
refused alice@acme:pc alice carol@beta "One more thing" beta/im/msg/carol
say "the link is removed: both are told"
say "alice -> carol: refused: $reason"

step "the organisation, and a second login"
admin department add head@acme --name "Head office"
admin department add lab@acme --name "Laboratory" --parent head
admin department member set head@acme alice
for uid in bob dora; do admin department member set lab@acme "$uid"; done
admin partner link alice@acme carol@beta --relation upstream
# A device that does not listen, so that nothing but what stands here brings its book up to date.
log_in alice@acme desk pc
im alice@acme:desk book sync --json >"$work/book.json"
until_true "a full load" seen book '.event == "book_synced" and .full and .departments == 2 and .users == 3 and .partners == 1'
im alice@acme:desk book show --json >"$work/tree.json"
in_tree() { seen tree "$1" >/dev/null || fail "not in alice's address book: $1"; }
in_tree '.event == "book_department" and .did == "head" and .depth == 0'
in_tree '.event == "book_department" and .did == "lab" and .parent == "head" and .depth == 1'
in_tree '.event == "book_user" and .uid == "bob" and .department == "lab"'
in_tree '.event == "book_partner" and .uid == "carol" and .relation == "upstream"'
say "alice's first login on another device loads the address book: Head office (alice), Laboratory"
say "below it (bob, dora), and carol of Beta Ltd upstream; it is kept encrypted"
admin user profile set bob@acme --title "Researcher"
log_in alice@acme desk pc
im alice@acme:desk book sync --json >"$work/book.json"
until_true "changes only" seen book '.event == "book_synced" and (.full | not) and .entries == 1 and .users == 3'
say "bob becomes Researcher; alice's second login loads that change, and nothing else"

step "a large file, and cuts"
head -c 20000000 /dev/urandom >"$work/plan.bin"
"$bin/im" --as alice@acme:pc send bob --file "$work/plan.bin" --limit-rate 10000000 --json \
  >"$work/upload.json" 2>"$work/upload.err" &
upload=$!
pids+=("$upload")
part_of() { find "$@" -type f -size +2000k | grep -q .; }
until_true "a part of the file at the service" part_of "$work/static.db.files"
restart_static_service
wait "$upload" || fail "the upload did not survive the cut"
expect bob '.event == "message" and .from == "alice" and .offer.name == "plan.bin" and .offer.size == 20000000'
# Progress never falls back to before the cut.
jq -es 'map(select(.event == "progress").bytes) | (map(. >= 2000000) | index(true)) as $at
  | $at != null and all(.[$at:][]; . >= 2000000)' "$work/upload.json" >/dev/null || fail "the upload began anew"
say "alice sends bob 20 MB; the static service dies under the upload and comes back: it goes on"
url=$(jq -rs 'map(select(.offer != null)) | last | .offer.url' "$work/bob.json")
"$bin/im" --as bob@acme:phone fetch "$url" --yes --output "$work/copy.bin" --limit-rate 10000000 \
  >"$work/download.log" 2>&1 &
pids+=($!)
until_true "a part of the file at bob's" part_of "$work" -maxdepth 1 -name '.copy.bin.*'
kill_client "$!"
im bob@acme:phone fetch "$url" --yes --output "$work/copy.bin" --json >"$work/download.json"
seen download '.event == "downloaded" and .verified and .resumed_from >= 2000000' >/dev/null || fail "the download began anew"
cmp "$work/plan.bin" "$work/copy.bin"
say "bob's download is killed half way; the next one goes on from there, and its SHA-256 is right"
if im mallory@beta:pc fetch "$url" --yes --output "$work/stolen.bin" >"$work/stolen.log" 2>&1; then
  fail "mallory got the file"
fi
[ ! -e "$work/stolen.bin" ] || fail "mallory got the file"
say "mallory has the link, too: the static service gives her nothing"

step "from the static side"
admin notice send --eid acme --title "Fire drill at 15:00" --body "Please use the stairs."
for who in alice bob dora; do
  expect "$who" '.event == "notice" and .title == "Fire drill at 15:00"'
done
nothing_of_acme
say "system notice to acme reaches alice, bob and dora: Fire drill at 15:00"

if [ "$keep" = no ]; then
  old_token=$(token_of alice@acme:pc)
  admin token revoke alice@acme --device pc
  expect alice '.event == "disconnected"'
  wait "$alice_pid" || true
  until_true "the reason in the broker's log" grep -q 'alice@acme:pc: connection ended: login token revoked' "$work/broker.log"
  if "$tools/mosquitto_pub" -h 127.0.0.1 -p "$port" -i alice@acme:pc -u alice@acme -P "$old_token" \
    -t acme/im/pres/alice -m online >/dev/null 2>&1; then
    fail "the revoked token was accepted"
  fi
  say "alice's token is revoked: she is disconnected, and the token opens nothing any more"
  expect bob '.event == "presence" and .from == "alice" and .presence == "offline"'
  say "bob sees her offline"
  printf '\nall of it was observed\n'
else
  cat <<JOIN

It goes on running. Join in another terminal:
  export IM_HOME=$IM_HOME
  ${bin:?}/im --as bob@acme:phone send alice "hello"
  IM_PASSWORD=alice-password $bin/im login alice@acme --static $static --role phone
  $bin/im --as alice@acme:phone listen --presence
  $bin/static-service admin --db $work/static.db notice send --all --title "Hi"
Logs and data: $work
Stop it: kill ${pids[*]}
JOIN
fi
