#!/usr/bin/env bash
# What happens to the packages in a fresh Debian root under systemd. Run there as a unit, by scripts/package-test.sh:
# /packages/1 and /packages/2 hold two versions, and apt has already downloaded what they depend on.
#
# Every line that it prints has been observed. The first thing that is not so ends it.
set -Eeuo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C HOME=/root IM_HOME=/root/im
unit=enterprise-push-static-service
service_user=_enterprise-push
service_conf=/etc/enterprise-push/static-service.conf
broker_conf=/etc/mosquitto/conf.d/enterprise-push.conf
broker_log=/var/log/mosquitto/mosquitto.log
audit_log=/var/log/mosquitto/enterprise-push-audit.log
plugin=libmosquitto_enterprise_push.so

say() { printf '  %s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$*" >&2
  for log in "$broker_log" /tmp/apt.log /tmp/listen.err; do
    [ ! -s "$log" ] || { echo "-- $log"; tail -n 15 "$log"; }
  done >&2
  journalctl --no-pager -q -n 20 -u mosquitto -u "$unit" >&2 || true
  exit 1
}
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR

# until_true WHAT COMMAND...: for 20 s at most.
until_true() {
  local what=$1 deadline=$((SECONDS + 20))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || fail "not seen within 20 s: $what"
    sleep 0.1
  done
}
refused() { if "$@" >/dev/null 2>&1; then fail "this should fail: $*"; fi; }
apt() { apt-get -y --no-install-recommends "$@" >/tmp/apt.log 2>&1; }
main_pid() { systemctl show --property MainPID --value "$1"; }
loaded() { grep -q "$plugin" "/proc/$(main_pid mosquitto)/maps"; }
port_open() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
manage() { runuser -u "$service_user" -- static-service admin --db /var/lib/enterprise-push/push.db "$@"; }
# All files of the system with their modes, and what stands in /etc. Caches, logs, and what broker and logrotate keep
# of their own doings are left out.
files() {
  find / -xdev \( -path /packages -o -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /root \
    -o -path /var/lib/mosquitto/mosquitto.db -o -path /var/lib/logrotate/status -o -path /var/cache -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path '/var/log/*' -o -path /var/lib/systemd \) \
    -prune -o -printf '%p %M %u:%g\n' | sort
  find /etc -type f ! -name '*-' ! -name ld.so.cache -exec sha256sum {} + | sort -k 2
  dpkg-query -W -f '${Package} ${Status}\n' | grep enterprise-push || true
}

# shellcheck source=scripts/package-test/story.sh
. /packages/story.sh
install_packages
configure_and_talk
rotate_the_audit_log
upgrade_packages
remove_packages
purge_packages
