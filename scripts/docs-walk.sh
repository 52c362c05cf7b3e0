#!/usr/bin/env bash
# Walks through the pages of docs/ as a reader would, with real brokers, the reference static service and the client: runs
# their blocks of shell in order, as they stand, looks for what the block of text after one shows, and has
# a broker load their configurations, policies and ACLs. The calls of the static service's pages are
# scripts/docs-examples.sh's. A block of the documentation that nothing has run in the end is a failure.
#
#   scripts/docs-walk.sh            all walks, on Mosquitto 2.0.11 and 2.1.2, and scripts/docs-examples.sh
#   scripts/docs-walk.sh WALK...    these alone, of the names at the end
#
# Not as they stand: ports and addresses, which are free ones; release builds, which are debug ones; `sudo`, which
# only simulates apt-get and lets the rest lay files into a folder. scripts/docs-stage.sh has all of that.
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
cd "${root:?}"
if [ $# -eq 0 ]; then
  export MEP_DOCS_RUN=$root/target/docs-run
  mkdir -p "$root/target"
  : >"$MEP_DOCS_RUN"
fi
# shellcheck source=scripts/docs-blocks.sh
. scripts/docs-blocks.sh
# shellcheck source=scripts/docs-stage.sh
. scripts/docs-stage.sh

wanted=("$@")
walked=0

# walk NAME VERSION PAGE...: these pages, one after the other, in one folder and one shell, on that Mosquitto. A function
# `before_PAGE` makes what the page takes for granted, `after_PAGE` looks at what it left.
walk() {
  local name=$1
  [ ${#wanted[@]} -eq 0 ] || [[ " ${wanted[*]} " == *" $name "* ]] || return 0
  (stage "${@:2}")
  walked=$((walked + 1))
}

# --- what pages take for granted, and what must come of them --------------------------------------

before_client() { head -c 20000 /dev/urandom >report.pdf; }

# Both commands; what they answer is looked at in tests/broker/control.rs.
after_topic_control() {
  must_see '... [notice] Maintenance at 22:00'
  until_true grep -q 'alice@acme:raw: command kickUser$' mosquitto.log
}

before_operations() {
  static-service admin --db push.db broker add broker-1 >broker-1.secret
  static-service serve --db push.db --listen "127.0.0.1:${service_port:?}" --broker "tcp://127.0.0.1:${port:?}" >service.log 2>&1 &
  until_true grep -q listening service.log
}

before_audit() { mkdir -p "${work:?}/root/var/lib/mosquitto/enterprise-push"; }
after_audit() { [ "$(stat -c %a "$work/root/var/log/mosquitto/enterprise-push-audit.log")" = 640 ]; }

before_own_static_service() { echo "a secret" >"$work/root/etc/mosquitto/enterprise-push.secret"; }
after_own_static_service() { must_see '{"username": "alice@acme", "client_id": "alice@acme:pc", "token": "..."}'; }

before_static_service() {
  export PASSWORD="correct horse"
  local name
  for name in service brokers-ca; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -keyout "$name.key" -out "$name.pem" 2>/dev/null
  done
}
after_static_service() {
  seen=0
  must_see "listening on http://127.0.0.1:${service_port:?}"
  must_see "listening on https://127.0.0.1:..."
  must_see "metrics on http://127.0.0.1:.../metrics"
}

before_migrate() { start_old_broker 'allow_anonymous true'; }

# What the old broker retains is shown until check_retain_source is on.
after_migrate() {
  local topic=telemetry/sensor-3/state
  mosquitto_pub -p "${old_port:?}" -u old-sensor -P 'its password' -t "$topic" -m on -q 1 -r
  until_true late_display_sees "$topic" on
  kill '%?push.conf'
  wait '%?push.conf' || true
  printf '\ncheck_retain_source true\n' >>push.conf
  : >mosquitto.log
  mosquitto -c push.conf >>mosquitto.log 2>&1 &
  until_true grep -q 'control feed: connected' mosquitto.log
  until_true grep -Eq "Received PUBLISH from .*old-broker.*$topic" mosquitto.log
  late_display_sees "$topic" ''
}
late_display_sees() {
  local token shown
  token=$(login_token display@acme late)
  shown=$(mosquitto_sub -p "${port:?}" -i display@acme:late -u display@acme -P "$token" -t "acme/$1" -v -W 1 || true)
  [ "$(sed -n "s#^acme/$1 ##p" <<<"$shown")" = "$2" ]
}

# What go-auth's SQLite backend is asked: an argon2id hash of its default cost, and one of PBKDF2.
before_migrate_from_go_auth() {
  local hash
  static-service admin --db made.db --argon2-memory-kib 4096 --argon2-passes 3 --argon2-weak-for-tests enterprise add old --name Old >/dev/null
  static-service admin --db made.db --argon2-memory-kib 4096 --argon2-passes 3 --argon2-weak-for-tests user add ann@old \
    --password "an old password" >/dev/null
  hash=$(sqlite3 made.db "select password_hash from app_user where uid = 'ann'")
  sqlite3 old.db <<SQL
create table account (username text, pass text, super integer);
create table acl (username text, topic text, rw integer);
insert into account values ('ann', '$hash', 1), ('display', 'PBKDF2\$sha512\$100000\$AAAA\$AAAA', 0);
insert into acl values ('ann', 'telemetry/%u/#', 2), ('display', 'telemetry/#', 1), ('display', 'settings/%u/%c', 3);
SQL
}
after_migrate_from_go_auth() {
  static-service serve --db push.db --listen "127.0.0.1:${service_port:?}" --broker tcp://127.0.0.1:1884 >service.log 2>&1 &
  until_true grep -q listening service.log
  curl -sS --fail-with-body -H 'Content-Type: application/json' -d '{"username": "ann@acme", "password": "an old password"}' \
    "http://127.0.0.1:$service_port/api/v1/login" | jq -e '.user.roles == ["operator"]'
  static-service admin --db push.db --json user show display@acme | jq -e '.uid == "display"'
  jq -e '.rules | map({(.name): .topics}) | add == {
    "ann 2": ["{eid}/telemetry/{uid}/#"], "display 1": ["{eid}/telemetry/#"], "display 3": ["{eid}/settings/{uid}/{device}"]}' policy.json
  load_policy <policy.json
}

# A file that the real plugin wrote.
before_migrate_from_dynamic_security() {
  local folder=${tools:?}/root/usr/lib plugin
  plugin=$(find "$folder" -name mosquitto_dynamic_security.so -print -quit)
  mosquitto_ctrl dynsec init "$PWD/dynamic-security.json" admin "an old password"
  chmod 666 dynamic-security.json
  start_old_broker "plugin $plugin" "plugin_opt_config_file $PWD/dynamic-security.json"
  # shellcheck disable=SC2016 # $CONTROL is Mosquitto's
  mosquitto_pub -h 127.0.0.1 -p "${old_port:?}" -u admin -P "an old password" -q 1 -t '$CONTROL/dynamic-security/v1' -m '{"commands": [
    {"command": "createRole", "rolename": "sensor", "acls": [
      {"acltype": "publishClientSend", "topic": "telemetry/%u/#", "priority": 0, "allow": true},
      {"acltype": "subscribePattern", "topic": "settings/#", "priority": 0, "allow": true},
      {"acltype": "publishClientReceive", "topic": "settings/secret", "priority": 1, "allow": false}]},
    {"command": "createRole", "rolename": "display", "acls": [
      {"acltype": "subscribePattern", "topic": "telemetry/#", "priority": 0, "allow": true},
      {"acltype": "subscribePattern", "topic": "#", "priority": 0, "allow": true}]},
    {"command": "createGroup", "groupname": "wall", "roles": [{"rolename": "display"}]},
    {"command": "createClient", "username": "ann", "password": "an old password", "textname": "Ann Lee", "roles": [{"rolename": "sensor"}]},
    {"command": "createClient", "username": "bo", "password": "an old password", "groups": [{"groupname": "wall"}]},
    {"command": "disableClient", "username": "bo"}]}'
  until_true jq -e '.clients[] | select(.username == "bo") | .disabled' dynamic-security.json
}
after_migrate_from_dynamic_security() {
  static-service admin --db push.db --json user show ann@acme | jq -e '.name == "Ann Lee" and .roles == ["sensor"]'
  static-service admin --db push.db --json user show bo@acme | jq -e '.locked and .groups == ["wall"] and .roles == ["display"]'
  static-service admin --db push.db --json user show admin@acme | jq -e '.roles == []'
  jq -e '.rules | map({(.name): [.allow, .topics[]]}) | add == {
    "sensor telemetry/%u/#": [["publish"], "{eid}/telemetry/{uid}/#"], "sensor settings/#": [["receive", "subscribe"], "{eid}/settings/#"],
    "display telemetry/#": [["receive", "subscribe"], "{eid}/telemetry/#"]}' policy.json
  load_policy <policy.json
}

# The page's C, in a program.
before_client_library() {
  {
    printf '#include <stdint.h>\n#include <stdio.h>\n#include "mep_codec.h"\nint main(void) {\nuint64_t now_ms = 1;\n'
    blocks docs/client-library.md | awk 'BEGIN { RS = "\f" } sub(/^[0-9]+ c run\n/, "")'
    printf 'return 0;\n}\n'
  } >client.c
}
after_client_library() { [ "$(./client)" = "alice: hello" ]; }

# understand PAGE: hours of measuring are not repeated here, and this is itself a part of scripts/test.sh: the commands of
# the page must be there, and understand what they are told.
understand() {
  local page=$1 block line language how text command count=0
  while IFS= read -r -d $'\f' block <&3; do
    read -r line language how <<<"${block%%$'\n'*}"
    text=${block#*$'\n'}
    [ "$language-$how" = sh-run ] || continue
    while IFS= read -r command; do
      understood "$command" || fail "$page:$line: $command"
      count=$((count + 1))
    done < <(sed -E 's/ *#.*//; s/^url=\$\((.*)\)$/\1/; /^$/d' <<<"$text")
    note_run "$page" "$line"
  done 3< <(blocks "$page")
  [ "$count" -gt 0 ] || fail "no command was found in $page"
  echo "$page: $count commands are understood"
}
understood() {
  local words
  read -ra words <<<"$1"
  case $1 in
    target/release/im-bench*) "$root/target/debug/im-bench" "${words[@]:1}" --help >/dev/null ;;
    scripts/*.sh*) [ -x "${words[0]}" ] ;;
    "cargo build --release"*) understood_build "${words[@]:1}" ;;
    *) false ;;
  esac
}

# --- the walks --------------------------------------------------------------------------------

step "the documentation, walked through"
need_packages apt build-essential curl jq openssl python3 sqlite3
need_toolchain
need_brokers 2.0.11 2.1.2
# All that the pages have built, as the tests have it.
command cargo build --quiet --locked --all-features --bins --lib
if [ ${#wanted[@]} -eq 0 ]; then scripts/docs-examples.sh; fi
for version in 2.0.11 2.1.2; do
  walk start "$version" quick-start client-protocol client topic-control
  walk operations "$version" operations
  walk migrate "$version" migrate
  walk dynamic-security "$version" migrate-from-dynamic-security
done
walk go-auth 2.1.2 migrate-from-go-auth
walk own-static-service 2.1.2 own-static-service
walk static-service 2.1.2 static-service
walk policy 2.1.2 policy
walk client-library 2.1.2 client-library
walk records 2.0.11 audit metrics shadow
if [ ${#wanted[@]} -eq 0 ]; then
  for page in README.md docs/performance.md docs/robustness.md; do understand "$page"; done
  every_block_has_run
fi
[ "$walked" -gt 0 ] || fail "no such walk: ${wanted[*]}"
