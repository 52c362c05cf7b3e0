#!/usr/bin/env bash
# A PostgreSQL for tests and demos: a cluster of its own in a temporary folder, on a Unix socket there and
# on a free loopback port, never the machine's.
#
#   scripts/postgres.sh start [PID]  starts one and prints its URL; stops it once the process PID is gone
#   scripts/postgres.sh stop URL     stops it and removes its folder
#   scripts/postgres.sh halt URL     stops it for a while
#   scripts/postgres.sh resume URL   starts it again, at the same address
#   scripts/postgres.sh run COMMAND...
#                                    runs a command with MEP_TEST_DATABASE_URL set, and stops it afterwards,
#                                    whatever became of the command
#
# Needs Debian's package postgresql. PostgreSQL refuses to run as root: then it runs as postgres or nobody.
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

# launch FOLDER PORT: the server's output must not be ours, or who reads that would wait for the server's end.
launch() {
  as_user "$(programs)/pg_ctl" -D "$1/data" -w -t 60 -l "$1/log" \
    -o "-p $2 -k $1 -c listen_addresses=127.0.0.1 ${careless[*]}" start >/dev/null 2>&1
}

start() {
  local owner=${1:-} folder port
  settle_user
  folder=$(mktemp -d "${TMPDIR:-/tmp}/mep-postgres.XXXXXX")
  [ "$(id -u)" -ne 0 ] || chown "$user" "$folder"
  as_user "$(programs)/initdb" -D "$folder/data" -U mep -A trust -E UTF8 --locale=C.UTF-8 --no-sync \
    >"$folder.log" 2>&1 || fail "initdb: $(cat "$folder.log")"
  rm -f "$folder.log"
  for _ in 1 2 3 4 5; do
    port=$(free_port)
    if launch "$folder" "$port"; then
      local url="postgres://mep@127.0.0.1:$port/postgres?host=$folder"
      if [ -n "$owner" ]; then
        setsid "$0" watch "$owner" "$url" </dev/null >/dev/null 2>&1 &
      fi
      echo "$url"
      return
    fi
  done
  cat "$folder/log" >&2 || true
  rm -rf "$folder"
  fail "PostgreSQL does not start"
}

watch_owner() {
  while kill -0 "$1" 2>/dev/null; do
    sleep 1
    [ -d "$(folder_of "$2")" ] || return 0
  done
  stop "$2"
}

folder_of() {
  local folder=${1##*host=}
  case $folder in
    */mep-postgres.*) echo "$folder" ;;
    *) fail "$1 is no URL that scripts/postgres.sh start printed" ;;
  esac
}

halt() {
  settle_user
  as_user "$(programs)/pg_ctl" -D "$(folder_of "$1")/data" -m fast -w stop >/dev/null 2>&1
}

resume() {
  local port=${1#*127.0.0.1:}
  settle_user
  launch "$(folder_of "$1")" "${port%%/*}" || fail "PostgreSQL does not start again"
}

stop() {
  local folder
  folder=$(folder_of "$1")
  [ -d "$folder" ] || return 0
  halt "$1" || true
  rm -rf "$folder"
}

run() {
  url=$(start "$$")
  trap 'stop "$url"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  MEP_TEST_DATABASE_URL=$url "$@"
}

case "${1:-}:$#" in
  start:1 | start:2) start "${2:-}" ;;
  stop:2) stop "$2" ;;
  halt:2) halt "$2" ;;
  resume:2) resume "$2" ;;
  watch:3) watch_owner "$2" "$3" ;;
  run:1) fail "usage: scripts/postgres.sh run COMMAND..." ;;
  run:*)
    shift
    run "$@"
    ;;
  *) fail "usage: scripts/postgres.sh start [PID] | stop URL | halt URL | resume URL | run COMMAND..." ;;
esac
