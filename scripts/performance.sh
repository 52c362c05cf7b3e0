#!/usr/bin/env bash
# The whole of docs/performance.md again: builds the release, runs every scenario of im-bench with the options of that
# page, one after the other, and draws the charts. Less than an hour on two cores that do nothing else, from a fresh clone on.
#
#   scripts/performance.sh            all of it
#   scripts/performance.sh NAME...    these alone, of the names in the list at the end
#
# Leaves NAME.md, NAME.csv and NAME.json below target/performance/, all.md with every page, and charts in plots/ there.
# A scenario that fails (lost messages, failed logins) does not keep the others from running; the script then fails
# at its end. Everything stays on loopback and ends by itself.
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
cd "${root:?}"

out=$root/target/performance
bench=$root/target/release/im-bench
wanted=("$@")
around=()
awake=()
known=()
failed=()
began=$SECONDS

is_wanted() {
  local name
  [ ${#wanted[@]} -gt 0 ] || return 0
  for name in "${wanted[@]}"; do
    [ "$name" != "$1" ] || return 0
  done
  return 1
}

# What measures how fast messages go has a network of its own with Reno, which behaves as Debian's default, Cubic, does where
# nothing is lost. Under BBR, which some hosts choose, the kernel sends messages one by one or in bunches, and a broker's
# rate doubles or not.
own_network() {
  # shellcheck disable=SC2016
  local own=(unshare --net -- sh -c 'ip link set lo up && sysctl -q -w net.ipv4.tcp_congestion_control=reno && exec "$@"' sh)
  ahead_of_others
  if "${own[@]}" true; then
    around=("${own[@]}" "${around[@]}")
  else
    echo "no network of its own: not root?"
  fi
}

# What measures tails goes before everything else on the machine, where that is allowed. Not by the least such priority: the
# plugin's worker takes one below its broker's.
ahead_of_others() {
  around=(chrt -r 2)
  "${around[@]}" true 2>/dev/null || around=()
}

# A virtual processor that has nothing to do is taken away, and comes back late: on one host a sleep of 1 ms took 2.2 ms more
# in one of a hundred cases, and 0.1 ms more with these loops. They give way to everything else (SCHED_IDLE).
keep_awake() {
  local processors
  processors=$(nproc)
  while [ ${#awake[@]} -lt "$processors" ]; do
    chrt -i 0 sh -c 'while :; do :; done' &
    awake+=($!)
  done
}

at_end() {
  [ ${#awake[@]} -eq 0 ] || kill "${awake[@]}" || true
  scripts/postgres.sh stop "$url"
}

# measure NAME WORD...: runs `im-bench WORD...` and keeps what it writes under that name.
measure() {
  local name=$1 since=$SECONDS
  shift
  known+=("$name")
  is_wanted "$name" || return 0
  step "$name"
  rm -f "$out/$name".*
  "${around[@]}" "$bench" "$@" --csv "$out/$name.csv" --json "$out/$name.json" >"$out/$name.md" || failed+=("$name")
  printf '%s: %d s\n' "$name" $((SECONDS - since))
}

database() {
  url=$(scripts/postgres.sh start "$$")
  trap at_end EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# Every page in the list's order, those of earlier runs included.
join_pages() {
  local name
  for name in "${known[@]}"; do
    [ -s "$out/$name.md" ] || continue
    printf '## %s\n\n' "$name"
    cat "$out/$name.md"
    printf '\n'
  done >"$out/all.md"
}

step "set-up"
need_packages build-essential ca-certificates iproute2 libclang-dev procps
need_postgresql
need_toolchain
need_brokers 2.0.11 2.0.21 2.1.2
export MEP_BROKER_CACHE=${broker_cache:?}
scripts/rabbitmq.sh
scripts/prosody.sh

step "release"
cargo build --locked --release --features im-bench,static-service
mkdir -p "$out/plots"
database
keep_awake

# The list. Its order is the page's; an hour for all of it is tight, so what is added must be paid for.
ahead_of_others
measure login login --subjects bare,plugin --delays 300 --seconds 6 --rounds 3
measure directory directory --seconds 8
own_network
# The other versions' throughput stands in peers.
measure throughput throughput --brokers 2.0.11 --rounds 5
measure peers peers --more-rounds 3
ahead_of_others
measure static-sqlite static --seconds 8
measure static-postgresql static --database-url "$url" --seconds 8
measure static-postgresql-2 static --database-url "$url" --replicas 2 --seconds 8
measure table3 table3 --limit --plots "$out/plots"
measure mobile mobile
measure audit audit --seconds 15
measure scaling scaling --rounds 2 --plots "$out/plots"

for name in "${wanted[@]}"; do
  printf '%s\n' "${known[@]}" | grep -qx -- "$name" || fail "no scenario \`$name\`; there are: ${known[*]}"
done
join_pages
printf '\n%d s; see target/performance/all.md\n' $((SECONDS - began))
[ ${#failed[@]} -eq 0 ] || fail "these failed: ${failed[*]}"
