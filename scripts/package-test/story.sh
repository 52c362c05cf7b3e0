#!/usr/bin/env bash
# The life of the packages, a function a chapter. Sourced by inside.sh, which has the means.
: "${unit:?}" "${service_user:?}" "${service_conf:?}" "${broker_conf:?}" "${broker_log:?}" "${audit_log:?}" "${plugin:?}"

install_packages() {
  apt-get install -s --no-install-recommends /packages/1/*.deb | grep '^Inst mosquitto ' >/dev/null || fail "apt brings no mosquitto along"
  apt install mosquitto ca-certificates
  # Debian's 2.1 starts before its libraries have been made known, and has given up by now.
  systemctl reset-failed mosquitto 2>/dev/null || true
  systemctl start mosquitto
  until_true "the broker" systemctl is-active mosquitto
  broker=$(main_pid mosquitto)
  files >/tmp/before
  apt install /packages/1/*.deb
  say "installed: $(dpkg-query -W -f '${Package} ${Version}, ' '*enterprise-push*')Mosquitto $(dpkg-query -W -f '${Version}' mosquitto)"
  [ "$(main_pid mosquitto)" = "$broker" ] || fail "the broker was restarted"
  [ "$(systemctl is-enabled "$unit" || true) $(systemctl is-active "$unit" || true)" = "disabled inactive" ] || fail "the service was enabled or started"
  [ "$(stat -c '%a %U:%G' "$service_conf")" = "640 root:$service_user" ] || fail "$service_conf: $(stat -c '%a %U:%G' "$service_conf")"
  systemctl restart mosquitto
  until_true "the broker" systemctl is-active mosquitto
  refused loaded
  say "the broker was not restarted; restarted by hand, it does not load what nobody has configured"
  refused systemctl start "$unit"
  systemctl reset-failed "$unit"
  say "the static service is not enabled, not started, and does not start unconfigured"
  local complaints exposure
  complaints=$(systemd-analyze verify "$unit.service" 2>&1 | grep -F "$unit" || true)
  [ -z "$complaints" ] || fail "systemd-analyze verify: $complaints"
  # 20 is 2.0 of 10; Debian's units without hardening are above 9.
  exposure=$(systemd-analyze security --no-pager --threshold=20 "$unit" | tail -n 1)
  say "systemd-analyze:${exposure##*service:}"
}

configure_and_talk() {
  sed -i 's#^BROKER_URL=.*#BROKER_URL="tcp://127.0.0.1:1883"#' "$service_conf"
  systemctl enable --now "$unit" 2>/dev/null
  until_true "the static service" port_open 8080
  manage enterprise add acme --name "Acme Corp" >/dev/null
  for user in alice bob; do manage user add "$user@acme" --password "$user-password" >/dev/null; done
  manage broker add broker-1 | install -m 0400 -o mosquitto /dev/stdin /etc/mosquitto/enterprise-push.secret
  say "static service on $(stat -c '%U %a' /var/lib/enterprise-push) /var/lib/enterprise-push; users added by its command line"

  sed -e 's#^plugin_opt_static_url .*#plugin_opt_static_url http://127.0.0.1:8080#' \
    -e 's#^\#plugin_opt_state_dir#plugin_opt_state_dir#' -e 's#^\#plugin_opt_audit_file#plugin_opt_audit_file#' \
    "$broker_conf.example" >"$broker_conf"
  systemctl restart mosquitto
  until_true "the broker's connection to the static service" grep -q 'control feed: connected' "$broker_log"
  loaded || fail "the plugin is not loaded"
  say "the broker runs with the packaged configuration; its plugin follows the control feed"

  for user in alice bob; do
    IM_PASSWORD=$user-password im login "$user@acme" --static http://127.0.0.1:8080 --device pc >/dev/null
  done
  im --as bob@acme:pc listen --json >/tmp/listen.json 2>/tmp/listen.err &
  listener=$!
  until_true "bob's client" grep -q '"ready"' /tmp/listen.json
  exchange "Hello from a package"
  head -c 4000000 /dev/urandom >/tmp/plan.bin
  im --as alice@acme:pc send bob --file /tmp/plan.bin >/dev/null
  until_true "the offer of a file" grep -q 'plan.bin' /tmp/listen.json
  say "alice and bob log in; a message and a file go from one to the other"
}

# exchange TEXT: from alice to bob, who has been listening since the beginning.
exchange() {
  im --as alice@acme:pc send bob "$1" >/dev/null
  until_true "the message '$1'" grep -qF "$1" /tmp/listen.json
}

rotate_the_audit_log() {
  until_true "records" test -s "$audit_log"
  logrotate --force /etc/logrotate.d/mosquitto-enterprise-push
  [ -s "$audit_log.1" ] || fail "the audit log was not rotated"
  IM_PASSWORD=alice-password im login alice@acme --static http://127.0.0.1:8080 --device pc >/dev/null
  exchange "after a rotation"
  until_true "records in the new file" test -s "$audit_log"
  say "logrotate turns the audit log over, and the plugin goes on in the new file"
}

upgrade_packages() {
  broker=$(main_pid mosquitto)
  local service kept
  service=$(main_pid "$unit")
  kept=$(cat "$service_conf" "$broker_conf" | sha256sum)
  apt -o Dpkg::Options::=--force-confdef install /packages/2/*.deb
  [ "$(dpkg-query -W -f '${Version} ' '*enterprise-push*' | tr ' ' '\n' | grep -c -- '-2$')" = 3 ] || fail "not upgraded"
  [ "$(cat "$service_conf" "$broker_conf" | sha256sum)" = "$kept" ] || fail "a configuration was changed"
  [ "$(stat -c '%a %U:%G' "$service_conf")" = "640 root:$service_user" ] || fail "$service_conf changed its mode"
  [ "$(main_pid mosquitto)" = "$broker" ] || fail "the broker was restarted"
  grep -q 'keeps the former plugin until' /tmp/apt.log || fail "nobody was told to restart the broker"
  until_true "the static service" port_open 8080
  [ "$(main_pid "$unit")" != "$service" ] || fail "the static service was not restarted"
  kill -0 "$listener"
  exchange "after an upgrade"
  say "upgraded: configurations kept, static service restarted on its database, broker not; bob is still connected"
  kill "$listener"
  wait "$listener" || true
  systemctl restart mosquitto
  until_true "the broker" port_open 1883
  im --as alice@acme:pc send bob "with the new plugin" >/dev/null
  say "the new plugin runs after a restart by hand"
}

remove_packages() {
  broker=$(main_pid mosquitto)
  apt remove enterprise-push-static-service enterprise-push-tools mosquitto-enterprise-push
  grep -q "before its plugin is taken out of: $broker_conf" /tmp/apt.log || fail "nobody was told of $broker_conf"
  [ "$(main_pid mosquitto)" = "$broker" ] || fail "the broker was restarted"
  refused systemctl is-active "$unit"
  [ -s /var/lib/enterprise-push/push.db ] || fail "removing took the database"
  [ -s "$service_conf" ] || fail "removing took the configuration"
  refused systemctl restart mosquitto
  rm "$broker_conf" /etc/mosquitto/enterprise-push.secret
  systemctl reset-failed mosquitto
  systemctl restart mosquitto
  until_true "the broker" port_open 1883
  say "removed: database and configuration stay; a broker that still names the plugin does not start, and says so"
}

purge_packages() {
  apt purge enterprise-push-static-service enterprise-push-tools mosquitto-enterprise-push
  files >/tmp/after
  # The user stays, and with it the lines of the user database.
  diff <(grep -vE '/etc/(passwd|group|g?shadow)$' /tmp/before) <(grep -vE '/etc/(passwd|group|g?shadow)$' /tmp/after) >/tmp/left || {
    cat /tmp/left >&2
    fail "purging left this, or took it"
  }
  refused ls -d "$audit_log"* /var/lib/mosquitto/enterprise-push
  getent passwd "$service_user" >/dev/null
  say "purged: all files of the system are as before; only the user $service_user stays"
}
