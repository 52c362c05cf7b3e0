#!/usr/bin/env bash
# Everything: set-up, formatting, lints, unit tests, the plugin in hosts that behave as Mosquitto 1.4, 1.5
# and 1.6, the broker tests on 2.0.11, 2.0.21 and 2.1.2, all that uses the static service's database a second time on PostgreSQL, the plugin built
# on each version's headers, a little of the load harness, the service held to its OpenAPI document, the documentation's
# commands and the book made of it, and the demo.
#
#   scripts/test.sh          all of it
#   scripts/test.sh --quick  without header matrix, OpenAPI, packages, documentation's commands, book and demo
#   scripts/test.sh --deep   first all of it, then scripts/supply-chain.sh, a minute of each fuzz target, the sanitizers and soak for ten minutes, and three with restarts
#
# scripts/package-test.sh, which installs the packages in fresh Debian roots, is a command of its own: it needs root and
# minutes.
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
cd "${root:?}"

quick=no deep=no
case "${1:-}" in
  "") ;;
  --quick) quick=yes ;;
  --deep) deep=yes ;;
  *) fail "usage: scripts/test.sh [--quick|--deep]" ;;
esac

plugin=libmosquitto_enterprise_push.so
most_plugin_bytes=8000000
began=$SECONDS

step "set-up"
need_packages build-essential ca-certificates curl jq libclang-dev shellcheck
need_postgresql
need_toolchain
# The oldest headers first: what is built on them must run on the newest broker, too.
need_brokers 2.0.11 2.0.21 2.1.2

step "scripts"
shellcheck -x scripts/*.sh scripts/package-test/*.sh .ci/run

step "formatting and lints"
cargo fmt --all --check
cargo clippy --locked --workspace --all-features --all-targets -- -D warnings

release_plugin() {
  step "the plugin alone"
  local unwanted
  # rumqttc-v4-next is the plugin's own, for brokers of 1.x; the programs' rumqttc-next stays out.
  unwanted=$(cargo tree --locked -e normal,build,dev | grep -E '(^|[ ─])(axum|clap|sqlx|rusqlite|libsqlite3-sys|rumqttc(-v5)?-next) v' || true)
  [ -z "$unwanted" ] || fail "a plain build brings along: $unwanted"
  cargo build --locked --release
  strip -o "target/$plugin.stripped" "target/release/$plugin"
  local bytes
  bytes=$(stat -c %s "target/$plugin.stripped")
  echo "$plugin: $bytes bytes stripped (at most $most_plugin_bytes)"
  [ "$bytes" -le "$most_plugin_bytes" ] || fail "the plugin is too large"
}

# The plugin built on each version's headers, for the tests to load on every broker.
header_matrix() {
  step "the plugin on each version's headers"
  export MEP_PLUGINS_DIR=$root/target/plugins
  mkdir -p "$MEP_PLUGINS_DIR"
  local version
  for version in 2.0.21 2.1.2 2.0.11; do
    MOSQUITTO_INCLUDE_DIR=${broker_cache:?}/$version/include cargo build --locked --lib
    cp "target/debug/$plugin" "$MEP_PLUGINS_DIR/built-on-$version.so"
  done
}

[ "$quick" = yes ] || header_matrix

step "unit tests"
cargo test --locked --all-features --lib --bins --test tidy --test docs --test no_allocation --test client --test operator
cargo test --locked --features client --doc client
cargo test --locked -p mosquitto-enterprise-push-c

step "hosts that behave as Mosquitto 1.4, 1.5 and 1.6"
cargo test --locked --all-features --test legacy -- --test-threads=4
step "seeds of the fuzz targets"
scripts/fuzz.sh replay

step "broker tests"
# They wait more than they work.
cargo test --locked --all-features --test broker -- --test-threads=4

# Every statement on both databases: what ran on SQLite so far, again.
on_postgres() {
  step "the static service on PostgreSQL"
  scripts/postgres.sh run cargo test --locked --all-features --bin static-service
  local file filters=()
  while read -r file; do
    file=${file#tests/broker/}
    filters+=("${file%.rs}::")
  done < <(grep -rl StaticService tests/broker --include='*.rs' --exclude-dir=harness)
  scripts/postgres.sh run cargo test --locked --all-features --test broker -- --test-threads=4 "${filters[@]//\//::}"
}
on_postgres

step "smoke of im-bench"
# It starts the plugin and the static service that lie beside it.
cargo build --locked --all-features --bins --lib
MEP_BROKER_CACHE=$broker_cache target/debug/im-bench smoke

if [ "$quick" = no ]; then
  scripts/openapi.sh
  scripts/own-static-service.sh
  scripts/docs-walk.sh
  scripts/book.sh
  release_plugin
  scripts/package-check.sh
  step "demo"
  scripts/demo.sh
fi

if [ "$deep" = yes ]; then
  scripts/supply-chain.sh
  step "fuzz targets"
  scripts/fuzz.sh 60
  scripts/sanitize.sh
  step "soak"
  MEP_BROKER_CACHE=$broker_cache target/debug/im-bench soak --minutes 10
  MEP_BROKER_CACHE=$broker_cache target/debug/im-bench soak --minutes 3 --restarts --steady-clock
fi

printf '\nall green in %d s\n' $((SECONDS - began))
