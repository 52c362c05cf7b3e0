#!/usr/bin/env bash
# Real brokers with the plugin under AddressSanitizer (all versions) and under Valgrind's memcheck (2.0.11), through broker
# tests: logins, refusals, kicks, a feed that is cut, SIGHUP, the end. Any finding fails its test, and so does a leak.
#
#   scripts/sanitize.sh                       both
#   scripts/sanitize.sh address [FILTER...]   AddressSanitizer and LeakSanitizer, through these tests instead
#   scripts/sanitize.sh valgrind [FILTER...]  the same with memcheck
#
# One stable toolchain: RUSTC_BOOTSTRAP unlocks its sanitizers for this build alone. Valgrind needs the symbols of the
# loader, which Debian keeps in bookworm's libc and not in those of the later brokers.
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
cd "${root:?}"

host=$(uname -m)-unknown-linux-gnu
target_dir=${CARGO_TARGET_DIR:-$root/target}
work=$target_dir/sanitize
findings=$work/finding
plugin=libmosquitto_enterprise_push.so

# One behaviour of each kind.
scenes=(audit:: control:: directory:: feed:: feed_cut::cut_feed header:: isolation:: login:: notices:: pre_subscription:: presence::
  notices_over_restarts:: reload:: restart:: rotation:: shadow:: stop:: stopped_on_the_way::)
# The broker is some thirty times slower here.
slow_scenes=(audit::what_happens control::operator directory::directory_gives directory::suspended feed::kick_ends
  feed::revoked feed_cut::cut_feed header::malformed header::refused_sender isolation::subscriptions isolation::retained
  login::good login::announced login::bad_password login::own_session notices::operator pre_subscription:: presence::first_login
  notices_over_restarts::retained presence::wills reload::good restart::events rotation:: stop:: stopped_on_the_way::nothing)

# Rust links AddressSanitizer's runtime into programs only; for a plugin it has to be there first, as a library of its own.
# What is unloaded loses its names, so `dlclose` keeps the plugin.
make_runtime() {
  local from
  from=$(rustc --print sysroot)/lib/rustlib/$host/lib/librustc-stable_rt.asan.a
  [ -f "$from" ] || fail "this toolchain has no AddressSanitizer: $from"
  cp "$from" "$work/runtime.a"
  # Runs before a program's own start; a library has no such place.
  ar d "$work/runtime.a" asan_preinit.cpp.o
  echo 'int dlclose(void *library) { (void)library; return 0; }' >"$work/keep.c"
  cc -shared -fPIC -o "$work/keep.so" "$work/keep.c"
  cc -shared -o "$work/runtime.so" -Wl,--whole-archive "$work/runtime.a" -Wl,--no-whole-archive -ldl -lpthread -lrt -lm -lresolv
}

# brokers FOLDER LINE...: a cache of brokers whose starters run these lines first, and then the real ones.
brokers() {
  local folder=$1 version
  shift
  for version in 2.0.11 2.0.21 2.1.2; do
    mkdir -p "$folder/$version"
    printf '#!/bin/sh\n%s\n' "$* '${broker_cache:?}/$version/mosquitto' \"\$@\"" >"$folder/$version/mosquitto"
    printf '#!/bin/sh\nexec %s "$@"\n' "'${broker_cache:?}/$version/mosquitto_passwd'" >"$folder/$version/mosquitto_passwd"
    chmod 755 "$folder/$version"/mosquitto*
  done
}

# ours TOOL: what concerns us of what was found. The broker's own leaks are left out: those through whose making no call of
# the plugin leads. All else counts, wherever it is.
ours() {
  local file
  for file in "$findings".*; do
    [ ! -f "$file" ] || sed -E 's/^==[0-9]+== ?//' "$file" | awk -v RS= -v plugin="$plugin" '
      /leak of|blocks? (is|are) .* lost/ { if (index($0, plugin) || /mosquitto_enterprise_push|mep_/) print $0 "\n"; next }
      /detected memory leaks|^SUMMARY|^Suppressions|^-----|^=====/ && !/ERROR: AddressSanitizer/ { next }
      { print $0 "\n" }'
  done
}

# run BROKERS PLUGIN SLOWDOWN FILTER...
run() {
  local brokers=$1 under=$2 slowdown=$3 found
  shift 3
  rm -f "$findings".*
  MEP_BROKER_CACHE=$brokers MEP_PLUGIN=$under MEP_SLOWDOWN=$slowdown \
    cargo test --locked --all-features --test broker -- --test-threads=2 "$@"
  found=$(ours)
  if [ -n "$found" ]; then
    head -n 100 <<<"$found" >&2
    fail "see $findings.*"
  fi
  echo "nothing found"
}

address() {
  step "AddressSanitizer"
  make_runtime
  RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address -Cforce-frame-pointers=yes" CFLAGS="-fsanitize=address" \
    cargo build --locked --lib --target "$host" --target-dir "$work/address"
  brokers "$work/with-address" \
    "export ASAN_OPTIONS=exitcode=0:detect_leaks=1:fast_unwind_on_malloc=0:detect_stack_use_after_return=1:log_path='$findings':stack_trace_format='#%n|%F|%L|%m'" \
    "LD_PRELOAD='$work/runtime.so $work/keep.so'; exec"
  run "$work/with-address" "$work/address/$host/debug/$plugin" 4 "${@:-"${scenes[@]}"}"
}

valgrind_2_0_11() {
  step "Valgrind"
  need_packages valgrind
  cargo build --locked --lib
  brokers "$work/with-valgrind" "exec valgrind --quiet --trace-children=yes --leak-check=full" \
    "--show-leak-kinds=definite,indirect --keep-debuginfo=yes --num-callers=40 --log-file='$findings.%p'"
  run "$work/with-valgrind" "$target_dir/debug/$plugin" 20 --skip v2_0_21 --skip v2_1_2 "${@:-"${slow_scenes[@]}"}"
}

what=${1:-both}
shift || true
mkdir -p "$work"
need_packages build-essential libclang-dev
need_toolchain
need_brokers 2.0.11 2.0.21 2.1.2
case $what in
  address) address "$@" ;;
  valgrind) valgrind_2_0_11 "$@" ;;
  both)
    address
    valgrind_2_0_11
    ;;
  *) fail "usage: scripts/sanitize.sh [address|valgrind] [FILTER...]" ;;
esac
