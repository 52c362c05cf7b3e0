#!/usr/bin/env bash
# What comes from outside, at random: the fuzz targets in fuzz/targets, with AddressSanitizer and libFuzzer.
#
#   scripts/fuzz.sh                       ten seconds of each target
#   scripts/fuzz.sh SECONDS [TARGET...]   so long each of these, or of all
#   scripts/fuzz.sh replay [TARGET...]    the seeds alone, in a plain debug build: seconds, for CI
#
# What it finds lies in fuzz/artifacts/TARGET; what it learns in fuzz/corpus/TARGET, where the next run goes on.
# Needs one stable toolchain: RUSTC_BOOTSTRAP unlocks its sanitizers for these programs alone.
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
cd "${root:?}"

usage="usage: scripts/fuzz.sh [SECONDS|replay] [TARGET...]"

all_targets() { sed -n 's/^path = "targets\/\(.*\)\.rs"$/\1/p' fuzz/Cargo.toml; }

known() {
  local target
  for target in "$@"; do
    all_targets | grep -qx -- "$target" || fail "no target $target; there are: $(all_targets | tr '\n' ' ')"
  done
}

replay() {
  cargo build --quiet --locked --manifest-path fuzz/Cargo.toml --target-dir "$target_dir"
  local target
  for target in "$@"; do
    "$target_dir/debug/$target" "fuzz/seeds/$target"/* >target/fuzz-replay.log 2>&1 || {
      cat target/fuzz-replay.log >&2
      fail "a seed of $target"
    }
    echo "$target: $(find "fuzz/seeds/$target" -type f | wc -l) seeds"
  done
}

# run TARGET SECONDS
run() {
  local target=$1 dictionary=fuzz/dictionaries/$1.dict log=target/fuzz-$1.log options
  options=(-max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1)
  [ ! -f "$dictionary" ] || options+=(-dict="$dictionary")
  mkdir -p "fuzz/corpus/$target"
  if ! RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir fuzz --target-dir "$target_dir" "$target" \
    "fuzz/corpus/$target" "fuzz/seeds/$target" -- "${options[@]}" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    fail "$target has found something, see fuzz/artifacts/$target and $log"
  fi
  local runs
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  printf '%-14s %5s s %12s runs, %6s inputs\n' "$target" "$2" "$runs" "$(find "fuzz/corpus/$target" -type f | wc -l)"
}

what=${1:-10}
shift || true
known "$@"
targets=("$@")
[ $# -gt 0 ] || mapfile -t targets < <(all_targets)
# Of its own: the library has the same file name in both workspaces.
target_dir=${CARGO_TARGET_DIR:-$root/target}/fuzz
mkdir -p target

need_packages build-essential libclang-dev
need_toolchain
need_brokers 2.0.11

case $what in
  replay) replay "${targets[@]}" ;;
  *[!0-9]* | '') fail "$usage" ;;
  *)
    cargo fuzz --version >/dev/null 2>&1 ||
      CARGO_TARGET_DIR="$root/target/tools" cargo install --quiet --locked cargo-fuzz
    for target in "${targets[@]}"; do
      run "$target" "$what"
    done
    ;;
esac
