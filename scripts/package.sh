#!/usr/bin/env bash
# Debian packages of the plugin, the static service and the tools, a tarball of the same files, and checksums.
#
#   scripts/package.sh                    builds them from Cargo.lock into target/packages/
#   scripts/package.sh --from DIR         packs the plugin and the programs that lie in DIR, quickly: for tests
#   scripts/package.sh --revision 2       the package's own revision, for another package of the same version (default 1)
#   scripts/package.sh --out DIR          into DIR, which is emptied first
#
# What is in the packages stands in packaging/: `programs` lists the programs, debian/ is debhelper's. Twice from the
# same commit gives the same bytes: times are the commit's (or SOURCE_DATE_EPOCH), paths of this machine are left out.
# docs/packages.md says what that needs.
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
cd "${root:?}"

target=${CARGO_TARGET_DIR:-$root/target}
out=$target/packages
tree=$target/package-tree
from='' revision=1
while [ $# -gt 0 ]; do
  case "$1" in
    --from | --revision | --out) declare "${1#--}=${2:?$1 needs a value}"; shift ;;
    *) fail "usage: scripts/package.sh [--from DIR] [--revision R] [--out DIR]" ;;
  esac
  shift
done
[[ $revision =~ ^[0-9][A-Za-z0-9.+~]*$ ]] || fail "a revision is a digit, then letters, digits and .+~"
name=mosquitto-enterprise-push
plugin=libmosquitto_enterprise_push.so
version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
arch=$(dpkg --print-architecture)
triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) || fail "no git here: set SOURCE_DATE_EPOCH"
fi
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022
# shellcheck source=scripts/package-stage.sh
. scripts/package-stage.sh

# --- building ---------------------------------------------------------------------------------

# In a folder of its own: its flags are not those of other builds.
compile() {
  local build=$target/package-build features home=${CARGO_HOME:-$HOME/.cargo}
  features=$(programs | awk '{ print $2 }' | sort -u | paste -sd,)
  local -x CARGO_TARGET_DIR=$build CARGO_INCREMENTAL=0
  # Where this machine keeps things is nobody's business, nor part of what is built.
  local -x RUSTFLAGS="--remap-path-prefix=$root=/source --remap-path-prefix=$home=/cargo --remap-path-prefix=$build=/build"
  local -x CFLAGS="-O2 -ffile-prefix-map=$root=/source -ffile-prefix-map=$home=/cargo -ffile-prefix-map=$build=/build"
  cargo build --locked --release --features "$features" --bins
  # Last, and without features: the plugin of the packages is the plain one.
  cargo build --locked --release --lib
  from=$build/release
}

step "set-up"
need_packages build-essential debhelper dpkg-dev jq libclang-dev
need_toolchain
unset MEP_DPKG_DEB_OPTIONS
if [ -z "$from" ]; then
  need_brokers 2.0.11
  step "building $name $version"
  compile
fi
[ "$from" = "$target/package-build/release" ] || export MEP_DPKG_DEB_OPTIONS=-Zgzip\ -z1
for file in "$plugin" $(programs | awk '{ print $1 }'); do
  [ -f "$from/$file" ] || fail "$from holds no $file"
done

step "packages"
stage
(cd "$tree" && MEP_PACKAGES=$out debian/rules binary) >"$target/package.log" 2>&1 || {
  tail -n 40 "$target/package.log" >&2
  fail "debhelper could not make the packages"
}

step "tarball"
pack_tarball

(cd "$out" && sha256sum -- *.deb *.tar.gz *.buildinfo.txt >SHA256SUMS)
(cd "$out" && stat -c "%10s  %n" -- *)
echo "in $out"
