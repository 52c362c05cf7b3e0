#!/usr/bin/env bash
# What scripts/docs-walk.sh walks on. Sourced by it, after scripts/setup.sh and scripts/docs-blocks.sh.
#
#   stage VERSION PAGE...   the pages in a folder of their own, which looks like a checkout, with that Mosquitto first on
#                           the path; everything that was started ends with it
#   must_see LINES          waits until a block's output has each line; `...` stands for anything, a time for any time
#   until_true COMMAND...   waits until it succeeds
#   load_policy             a broker starts with the policy on standard input; load_conf, load_acl: with these lines
#   start_old_broker LINES  a Mosquitto without our plugin, on $old_port

: "${root:?}" "${broker_cache:?}"

# --- pages ------------------------------------------------------------------------------------

stage() {
  local version=$1 page
  shift
  open_stage "$version"
  for page in "$@"; do
    now="docs/$page.md"
    call "before_${page//-/_}"
    walk_page "$page"
    call "after_${page//-/_}"
    echo "$page: as documented, on Mosquitto $version"
  done
  # What ends a page's own doings ends the walk.
  [ -z "$last" ] || run "$last"
  now=
}

call() { if declare -F "$1" >/dev/null; then "$1" >>"${out:?}" 2>&1; fi; }

walk_page() {
  local block line language how text
  while IFS= read -r -d $'\f' block <&3; do
    read -r line language how <<<"${block%%$'\n'*}"
    text=${block#*$'\n'}
    [ "$how" = run ] || continue
    now="docs/$1.md:$line"
    case $language in
      sh) if is_example "$1" "$text"; then continue; else run_block "$text"; fi ;;
      text) must_see "$(substituted "$text")" ;;
      conf) load_conf <<<"$(substituted "$text")" ;;
      json) if is_policy "$text"; then load_policy <<<"$text"; else continue; fi ;;
      acl) load_acl <<<"$text" ;;
      *) continue ;;
    esac
    note_run "docs/$1.md" "$line"
  done 3< <(blocks "docs/$1.md")
}

run_block() {
  case $1 in
    *"kill \$(jobs -pr)"*) last=$1 ;;
    *) run "$1" ;;
  esac
}

# Ports and paths of the pages, and ours.
substituted() {
  sed -E -e "s#\b1884\b#$port#g; s#\b1885\b#$old_port#g; s#\b(8090|8080)\b#$service_port#g; s#\b8443\b#$tls_port#g; s#\b(9090|9641)\b#$metrics_port#g" \
    -e "s#https://(push|static)\.example\.com#http://127.0.0.1:$service_port#g; s#\b0\.0\.0\.0\b#127.0.0.1#g" \
    -e "s#(^| )target/release/#\1target/debug/#g; s#(^| )/(etc|usr/lib|var/lib|var/log)/mosquitto#\1$work/root/\2/mosquitto#g" \
    -e 's#^allow_anonymous false$#&\nlog_type all#' <<<"$1"
}

run() {
  local block
  block=$(substituted "$1")
  seen=$(stat -c %s "$out")
  printf '$ %s\n' "${block//$'\n'/$'\n> '}" >>"$out"
  seen=$(stat -c %s "$out")
  eval "$block" >>"$out" 2>&1 </dev/null
  wait_for_readiness "$block"
}

# What a person at the terminal would wait for.
wait_for_readiness() {
  local id
  case $1 in
    *"mosquitto -c push.conf"*)
      until_true grep -q 'control feed: connected' mosquitto.log
      case $1 in *"connection old-broker"*) until_true grep -q 'SUBSCRIBE from .*old-broker' "$work/old.log" ;; esac
      ;;
    *mosquitto_sub*)
      while read -r id; do until_true grep -q "SUBSCRIBE from $id" mosquitto.log; done < <(grep -oP 'mosquitto_sub.* -i \K\S+' <<<"$1")
      case $1 in *"mosquitto_sub -p $old_port"*) until_true grep -q 'SUBSCRIBE from auto-\|SUBSCRIBE from mosq-' "$work/old.log" ;; esac
      ;;
  esac
}

until_true() {
  local deadline=$((SECONDS + 20))
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || { echo "not within 20 s: $*" >&2; return 1; }
    sleep 0.05
  done
}

# A line of a page as a pattern.
pattern() {
  # shellcheck disable=SC2016 # characters, not a variable
  sed -E 's/[][\.*^$(){}?+|]/\\&/g; s/\\\.\\\.\\\./.*/g; s/[0-9]{2}:[0-9]{2}:[0-9]{2}/[0-9]{2}:[0-9]{2}:[0-9]{2}/g' <<<"$1"
}
is_seen() { tail -c "+$((seen + 1))" "$out" | grep -Eq "^$1\$"; }
must_see() {
  local line
  while IFS= read -r line; do
    [ -z "$line" ] || until_true is_seen "$(pattern "$line")" || { echo "not seen: $line" >&2; return 1; }
  done <<<"$1"
}

# --- configurations ---------------------------------------------------------------------------

# A broker must run with these lines behind the usual ones; then it is ended.
load() {
  local pid
  printf '%s\n' "listener $(free_port) 127.0.0.1" "user $(id -un)" "log_type all" "allow_anonymous false" "$@" >load.conf
  : >load.log # what an earlier one said does not count
  mosquitto -c load.conf >>load.log 2>&1 &
  pid=$!
  until_true grep -Eq 'mosquitto version .* running' load.log
  until_true ends "$pid"
  wait "$pid"
}
# Asks once more each time: a broker forgets what comes between that line and its first turn.
ends() {
  kill "$1" 2>/dev/null || true
  sleep 0.05
  ! jobs -pr | grep -qx "$1"
}
load_policy() {
  cat >loaded.json
  load_conf <<<"plugin_opt_policy_file $PWD/loaded.json"
}
# Of a configuration that shows some options of the plugin, the rest.
load_conf() {
  local conf lines=() needed
  conf=$(cat)
  grep -q '^plugin ' <<<"$conf" || lines+=("plugin $root/target/debug/libmosquitto_enterprise_push.so")
  for needed in "static_url http://127.0.0.1:9" "client_id broker-1" "client_secret not used" "feed off"; do
    grep -qE "^plugin_opt_${needed%% *}(_file)? " <<<"$conf" || lines+=("plugin_opt_$needed")
  done
  load "${lines[@]}" "$conf"
}
load_acl() {
  cat >loaded.acl
  chmod 600 loaded.acl
  load "acl_file $PWD/loaded.acl"
}

start_old_broker() {
  printf '%s\n' "listener $old_port 127.0.0.1" "user $(id -un)" "log_type all" "$@" >"$work/old.conf"
  mosquitto -c "$work/old.conf" >"$work/old.log" 2>&1 &
  until_true grep -Eq 'mosquitto version .* running' "$work/old.log"
}

# --- the folder -------------------------------------------------------------------------------

open_stage() {
  tools=$broker_cache/$1
  work=$(mktemp -d "${TMPDIR:-/tmp}/mep-walk.XXXXXX")
  chmod 755 "$work"
  out=$work/out now=open last='' seen=0
  : >"$out"
  trap leave EXIT
  export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
  export BUILT=$root/target/debug HOME=$work/home PATH=$tools:$root/target/debug:$PATH NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
  unset XDG_DATA_HOME XDG_RUNTIME_DIR IM_HOME IM_PROFILE IM_STATIC IM_PASSWORD
  port=$(free_port) old_port=$(free_port) service_port=$(free_port) tls_port=$(free_port) metrics_port=$(free_port)
  mkdir -p "$HOME" "$work/checkout" "$work"/root/etc/mosquitto/conf.d "$work"/root/usr/lib "$work"/root/var/{lib,log}/mosquitto
  ln -s "$root"/{docs,include,mosquitto-conf,scripts,target} "$work/checkout/"
  cd "$work/checkout" || exit
}

leave() {
  local status=$?
  trap - EXIT
  # shellcheck disable=SC2046 # one word each
  kill $(jobs -pr) 2>/dev/null || true
  wait || true
  if [ "$status" -ne 0 ]; then
    {
      printf '\n%s is not as documented. What was seen:\n' "$now"
      tail -n 40 "$out" "$work"/*.log ./*.log
    } >&2 || true
  fi
  rm -rf "$work"
  exit "$status"
}

# --- what a page may call ---------------------------------------------------------------------

# What the programs are built with is built already, with all features; the ones that a page names must be there.
cargo() {
  local words=("$@")
  case "$*" in
    build*" -p "*) (cd "$root" && command cargo build --quiet --locked "${words[@]:${#words[@]}-2}") ;;
    build*) understood_build "$@" ;;
    *) fail "cargo $*" ;;
  esac
}

understood_build() {
  local word features=()
  for word in "$@"; do
    if [ "${features[*]}" = --features ]; then features+=("$word"); fi
    if [ "$word" = --features ]; then features=(--features); fi
  done
  (cd "$root" && command cargo tree --quiet --locked --depth 0 "${features[@]}" >/dev/null)
}

sudo() {
  local words=()
  case $1 in
    apt-get)
      apt-cache show mosquitto >/dev/null 2>&1 || as_root apt-get update -qq
      apt-get --simulate "${@:2}" >/dev/null
      return
      ;;
    systemctl)
      [ "$*" = "systemctl restart mosquitto" ] || fail "systemctl: $*"
      restart_service
      return
      ;;
  esac
  # The user `mosquitto` comes with a package that is not installed here.
  while [ $# -gt 0 ]; do
    if [ "$1" = -o ]; then shift; else words+=("$1"); fi
    shift
  done
  "${words[@]}"
}

# As Debian's service does it, with Debian's mosquitto.conf.
restart_service() {
  local etc=$work/root/etc/mosquitto var=$work/root/var
  sed -i -E -e "s#([ =])/(etc|usr/lib|var/lib)/mosquitto#\1$work/root/\2/mosquitto#; s#^listener 1883#listener $port#" "$etc"/conf.d/*.conf
  printf '%s\n' "persistence true" "persistence_location $var/lib/mosquitto/" "log_dest file $var/log/mosquitto/mosquitto.log" \
    "user $(id -un)" "include_dir $etc/conf.d" >"$etc/mosquitto.conf"
  mosquitto -c "$etc/mosquitto.conf" >service-broker.log 2>&1 &
  until_true grep -q 'control feed: connected' "$var/log/mosquitto/mosquitto.log"
}
