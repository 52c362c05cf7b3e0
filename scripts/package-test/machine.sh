#!/usr/bin/env bash
# A Debian root, and a systemd of its own to boot it. Sourced by scripts/package-test.sh.
#
#   make_root SUITE DIR   debootstrap; the packages from $work and what they need are there, not installed
#   boot DIR              runs inside.sh as a unit of a system that is ended with it; its status is ours
#   power_off             what an interrupted boot left

: "${root:?}"
# Beside the minimal system: what a server has, and what the test looks with.
readonly BESIDE=systemd,systemd-sysv,iproute2,logrotate,man-db

make_root() {
  local suite=$1 into=$2 keyring=() recipe=()
  [ -z "${MEP_DEBIAN_KEYRING:-}" ] || keyring=(--keyring "$MEP_DEBIAN_KEYRING")
  # A suite younger than this debootstrap is made as all have been for years.
  [ -e "/usr/share/debootstrap/scripts/$suite" ] || recipe=(/usr/share/debootstrap/scripts/sid)
  debootstrap --variant=minbase --include="$BESIDE" "${keyring[@]}" "$suite" "$into" "${mirror:?}" "${recipe[@]}" \
    >"${work:?}/debootstrap.log" 2>&1 || {
    tail -n 20 "$work/debootstrap.log" >&2
    fail "debootstrap could not make a root of $suite"
  }
  # How this machine reaches the archive.
  apt-config dump | grep -E '^Acquire::(https?::|Check-)' >"$into/etc/apt/apt.conf.d/90machine" || true
  cp /etc/resolv.conf "$into/etc/resolv.conf"
  mkdir "$into/packages"
  cp -r "$work/1" "$work/2" "$into/packages/"
  cp "$root"/scripts/package-test/{inside,story}.sh "$into/packages/"
  # What apt resolves now is what it installs later, without a network.
  local apt=(chroot "$into" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o APT::Sandbox::User=root)
  "${apt[@]}" update
  (cd "$into" && "${apt[@]}" install --yes --no-install-recommends --download-only ./packages/1/*.deb) >"$work/apt.log" 2>&1 || {
    tail -n 20 "$work/apt.log" >&2
    fail "apt cannot resolve what the packages depend on"
  }
  cat >"$into/etc/systemd/system/package-test.service" <<'UNIT'
[Unit]
Requires=basic.target
After=basic.target
SuccessAction=exit
FailureAction=exit
[Service]
Type=oneshot
ExecStart=/packages/inside.sh
StandardOutput=append:/packages/seen
StandardError=append:/packages/seen
TimeoutStartSec=300
UNIT
}

# A group of its own for the system's processes, wherever this machine keeps the groups of cgroup v2.
control_group() {
  local at=/sys/fs/cgroup
  [ -e "$at/cgroup.procs" ] || at=$at/unified
  [ -e "$at/cgroup.procs" ] || {
    mount -t cgroup2 none "${work:?}/cgroup" && at=$work/cgroup
  }
  echo "$at/mep-packages.$$"
}

boot() {
  local into=$1 status=0
  group=$(control_group)
  mkdir -p "$group"
  : >"$into/packages/seen"
  (
    echo "$BASHPID" >"$group/cgroup.procs"
    exec timeout --foreground 400 unshare --pid --mount --net --uts --ipc --cgroup --fork --kill-child \
      "$root/scripts/package-test/start.sh" "$into"
  ) >"$work/boot.log" 2>&1 || status=$?
  cat "$into/packages/seen"
  [ "$status" -eq 0 ] || tail -n 20 "$work/boot.log" >&2
  power_off
  return "$status"
}

# unshare has ended its child, and with the first process of the system all others went.
power_off() {
  [ -d "${group:-}" ] || return 0
  find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
}
