#!/usr/bin/env bash
# Installs, runs, upgrades, removes and purges the packages in fresh Debian roots, each under a systemd of its own.
#
#   scripts/package-test.sh                     builds the packages, then bookworm, trixie and forky
#   scripts/package-test.sh --from DIR          packs what lies in DIR instead of compiling (see scripts/package.sh)
#   scripts/package-test.sh trixie              only this suite; several may be named
#
# A root is made by debootstrap and booted in namespaces: processes, mounts and network are its own, so nothing
# outlives it and no port of this machine is used. Only what apt downloads comes over the network, before the boot.
# What is done there is what docs/packages.md says, by scripts/package-test/inside.sh. Needs root. It takes minutes; scripts/package-check.sh is quick.
# MEP_DEBIAN_MIRROR and MEP_DEBIAN_KEYRING are as for scripts/brokers.sh.
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
# shellcheck source=scripts/debian.sh
. "$(dirname "$0")/debian.sh"
# shellcheck source=scripts/package-test/machine.sh
. "$(dirname "$0")/package-test/machine.sh"
cd "${root:?}"

from=() suites=()
while [ $# -gt 0 ]; do
  case "$1" in
    --from) from=(--from "${2:?--from needs a folder}"); shift ;;
    -*) fail "usage: scripts/package-test.sh [--from DIR] [SUITE...]" ;;
    *) suites+=("$1") ;;
  esac
  shift
done
[ "${#suites[@]}" -gt 0 ] || suites=(bookworm trixie forky)
[ "$(id -u)" -eq 0 ] || fail "this test makes and boots Debian roots: run it as root"

step "set-up"
need_packages debootstrap util-linux
detect_architecture
mirror=$(debian_mirror)
case "$mirror" in
  http://* | https://* | file:*) ;;
  *) fail "debootstrap cannot use '$mirror': name a Debian archive with MEP_DEBIAN_MIRROR=URL" ;;
esac
work=$(mktemp -d "${TMPDIR:-/tmp}/mep-packages.XXXXXX")
finish() {
  local status=$?
  trap - EXIT
  power_off
  rm -rf --one-file-system "$work"
  exit "$status"
}
trap finish EXIT

# Twice from the same programs: the same bytes. And once more of a higher version, to upgrade to.
scripts/package.sh "${from[@]}" --out "$work/1"
[ "${#from[@]}" -gt 0 ] || from=(--from "${CARGO_TARGET_DIR:-$root/target}/package-build/release")
scripts/package.sh "${from[@]}" --out "$work/again" >/dev/null
diff -r "$work/1" "$work/again" || fail "packed twice, the packages differ"
scripts/package.sh "${from[@]}" --revision 2 --out "$work/2" >/dev/null

for suite in "${suites[@]}"; do
  step "$suite"
  began=$SECONDS
  make_root "$suite" "$work/$suite"
  echo "a fresh root after $((SECONDS - began)) s"
  boot "$work/$suite" || fail "$suite: the packages failed; what was seen is above"
  rm -rf --one-file-system "${work:?}/$suite"
  echo "$suite: $((SECONDS - began)) s"
done
echo "packages: installed, run, upgraded, removed and purged on ${suites[*]}"
