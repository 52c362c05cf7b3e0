#!/usr/bin/env bash
# What comes from others: advisories, licences and sources of all crates, by cargo-deny and by cargo-audit, and the bills of
# materials. The tools are compiled first where they are missing, which takes longer than their work; so CI runs this beside
# scripts/test.sh.
#
#   scripts/supply-chain.sh
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
cd "${root:?}"

# The advisories need their database; where it cannot be had, the rest is checked all the same.
unreachable() { grep -Eq "(failed|couldn't) (to )?fetch advisory database" "$1"; }

need_tool() {
  cargo "$1" --version >/dev/null 2>&1 ||
    CARGO_TARGET_DIR="$root/target/tools" cargo install --quiet --locked "cargo-$1"
}

# A second reader of the same database, which looks at the lock file alone.
audit() {
  if ! cargo audit --quiet --deny warnings --file "$1" >target/audit.log 2>&1; then
    if unreachable target/audit.log; then
      echo "cargo audit $1: not checked, the database cannot be reached from here"
    else
      cat target/audit.log >&2
      fail "cargo audit $1"
    fi
  fi
}

step "supply chain"
need_packages build-essential ca-certificates jq libclang-dev
need_toolchain
need_brokers 2.0.11
mkdir -p target
need_tool deny
if ! cargo deny --all-features check advisories >target/deny.log 2>&1; then
  if unreachable target/deny.log; then
    echo "advisories: not checked, their database cannot be reached from here"
  else
    cat target/deny.log >&2
    fail "cargo deny check advisories"
  fi
fi
cargo deny --all-features check bans licenses sources
need_tool audit
audit Cargo.lock
audit fuzz/Cargo.lock
scripts/sbom.sh
