#!/usr/bin/env bash
# Instructions that one decision takes, with 100,000 users and 10,000 groups in the directory: counted by
# valgrind's callgrind, so the same on a busy machine as on a quiet one.
#
#   scripts/instructions.sh
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
cd "${root:?}"

need_packages build-essential libclang-dev valgrind
need_toolchain
need_brokers 2.0.11

program=$(cargo bench --locked --features bench --bench instructions --no-run 2>&1 |
  sed -n 's/.*(\(target[^)]*instructions-[0-9a-f]*\)).*/\1/p')
[ -x "$program" ] || fail "cargo names no program of the bench \`instructions\`"

printf '%-24s %s\n' decision instructions
for kind in publish_to_an_inbox receive_the_own_inbox receive_a_group; do
  counted=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
    --toggle-collect="*counted_${kind}*" "$program" 2>&1)
  decisions=$(grep -E '^[0-9]+$' <<<"$counted")
  total=$(sed -n 's/.*Collected : *\([0-9]*\).*/\1/p' <<<"$counted")
  [ "${total:-0}" -gt 0 ] || fail "callgrind counted nothing for $kind"
  printf '%-24s %d\n' "$kind" $((total / decisions))
done
