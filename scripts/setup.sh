#!/usr/bin/env bash
# What the other scripts need on a bare Debian machine: packages, toolchain, brokers.
# Sourced by them. Installs nothing that starts a service; the brokers stay in .cache/brokers.
#
#   need_packages PACKAGE...   installs what is missing, as root or by sudo
#   need_postgresql            installs PostgreSQL, for scripts/postgres.sh
#   need_toolchain             checks cargo and rustc
#   need_brokers VERSION...    unpacks the brokers and points the build at the first one's headers
#   free_port                  prints a port of this machine that nobody has

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
broker_cache=${MEP_BROKER_CACHE:-$root/.cache/brokers}
rust_wanted=1.95

step() { printf '\n== %s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

need_packages() {
  local package missing=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    fail "these Debian packages are missing: ${missing[*]} (run as root, or install sudo)"
  fi
  echo "installing: ${missing[*]}"
  as_root apt-get update -qq || fail "apt-get update failed"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
    "${missing[@]}" >/dev/null || fail "apt-get could not install: ${missing[*]}"
}

# The programs alone: the package would also make a cluster and start it, but scripts/postgres.sh makes its own.
need_postgresql() {
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && return
  need_packages postgresql-common
  as_root sed -i -E 's/^#? *create_main_cluster *=.*/create_main_cluster = false/' \
    /etc/postgresql-common/createcluster.conf
  need_packages postgresql
}

need_toolchain() {
  if ! command -v cargo >/dev/null && [ -f "$HOME/.cargo/env" ]; then
    # shellcheck source=/dev/null
    . "$HOME/.cargo/env"
  fi
  if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
    fail "cargo and rustc are missing: install a Rust toolchain of $rust_wanted or later with rustup"
  fi
  local found
  found=$(rustc --version | sed -E 's/^rustc ([0-9]+\.[0-9]+).*/\1/')
  [ "$(printf '%s\n%s\n' "$rust_wanted" "$found" | sort -V | head -n 1)" = "$rust_wanted" ] ||
    fail "rustc $found is too old: $rust_wanted or later is needed (rustup update)"
}

need_brokers() {
  "$root/scripts/brokers.sh" "$@"
  export MOSQUITTO_INCLUDE_DIR=${MOSQUITTO_INCLUDE_DIR:-$broker_cache/$1/include}
}

free_port() {
  local port
  for _ in $(seq 100); do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  return 1
}
