#!/usr/bin/env bash
# A PostgreSQL for tests and demos: a cluster of its own in a temporary folder, on a Unix socket there and
# on a free loopback port, never the machine's.
#
#   scripts/postgres.sh start     starts one, prints its URL; it stops by itself when its folder is removed
#   scripts/postgres.sh stop URL  stops it and removes its folder
#   scripts/postgres.sh run COMMAND...
#                                 runs a command with MEP_TEST_DATABASE_URL set, and stops it afterwards,
#                                 whatever became of the command
#
# Needs Debian's package postgresql. PostgreSQL refuses to run as root: then it runs as `postgres` or `nobody`.
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"

# Tests lose nothing when the machine does.
careless=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200)

as_user() {
  if [ "$(id -u)" -ne 0 ]; then
    "$@"
  else
    setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups -- "$@"
  fi
}

settle_user() {
  user=$(id -un)
  [ "$(id -u)" -eq 0 ] || return 0
  for user in postgres nobody; do
    id -u "$user" >/dev/null 2>&1 && return
  done
  fail "PostgreSQL does not run as root, and there is no user postgres or nobody"
}

programs() {
  local newest
  newest=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  [ -x "$newest/initdb" ] || fail "PostgreSQL is missing: install Debian's package postgresql"
  echo "$newest"
}

free_port() {
  local port
  for port in $(shuf -i 33000-60000 -n 50); do
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || {
      echo "$port"
      return
    }
  done
  fail "no free port"
}

start() {
  settle_user
  local bin folder port attempt
  bin=$(programs)
  folder=$(mktemp -d "${TMPDIR:-/tmp}/mep-postgres.XXXXXX")
  [ "$(id -u)" -ne 0 ] || chown "$user" "$folder"
  as_user "$bin/initdb" -D "$folder/data" -U mep -A trust -E UTF8 --locale=C.UTF-8 --no-sync \
    >"$folder.log" 2>&1 || fail "initdb: $(cat "$folder.log")"
  for attempt in 1 2 3 4 5; do
    port=$(free_port)
    # The output must not be ours: a reader of it would wait for the server's end.
    if as_user "$bin/pg_ctl" -D "$folder/data" -w -t 60 -l "$folder/log" \
      -o "-p $port -k $folder -c listen_addresses=127.0.0.1 ${careless[*]}" start >>"$folder.log" 2>&1; then
      rm -f "$folder.log"
      echo "postgres://mep@127.0.0.1:$port/postgres?host=$folder"
      return
    fi
  done
  cat "$folder/log" >&2 || true
  rm -rf "$folder" "$folder.log"
  fail "PostgreSQL does not start (tried $attempt times)"
}

stop() {
  local url=$1 folder
  folder=${url##*host=}
  case $folder in
    */mep-postgres.*) ;;
    *) fail "usage: scripts/postgres.sh stop URL, as start printed it" ;;
  esac
  [ -d "$folder" ] || return 0
  settle_user
  as_user "$(programs)/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null || true
  rm -rf "$folder"
}

run() {
  url=$(start)
  trap 'stop "$url"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  MEP_TEST_DATABASE_URL=$url "$@"
}

case "${1:-} $#" in
  "start 1") start ;;
  "stop 2") stop "$2" ;;
  "run "[2-9] | "run "[1-9][0-9]*)
    shift
    run "$@"
    ;;
  *) fail "usage: scripts/postgres.sh start | stop URL | run COMMAND..." ;;
esac
