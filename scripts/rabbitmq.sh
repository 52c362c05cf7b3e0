#!/usr/bin/env bash
# RabbitMQ for `im-bench peers`, from Debian's packages, without installing or starting anything.
#
#   scripts/rabbitmq.sh            gets it, unless it is there
#   scripts/rabbitmq.sh --print    then prints the folder
#
# Below .cache/peers/rabbitmq/ (ignored by git):
#   root/                  the unpacked packages with their whole dependency closure, Erlang and libc included
#   rabbitmq-server, epmd  start those on their own libraries; each *execs*
#   stamp                  written last; its second line is the package's version
#
# A package that is unpacked rather than installed brings no service, no user and no daemon, so there is none
# to keep from starting or to end: `im-bench` alone starts the two programs, and ends them.
# Debian 13's RabbitMQ speaks MQTT 5 by itself; Debian 12's does not.
#
# Settings, all optional:
#   MEP_PEER_CACHE       the folder instead of .cache/peers
#   MEP_SUITE_RABBITMQ   the Debian suite instead of trixie
#   MEP_DEBIAN_MIRROR, MEP_DEBIAN_KEYRING    as for scripts/brokers.sh
set -euo pipefail
# shellcheck source=scripts/debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

# Raise this when what is made below changes.
readonly RECIPE=1

# Starters for Erlang's programs, `erl` told where it is, and the two that a bench calls.
finish() {
    local into=$1 erlang program server
    erlang=$(cd "$into" && echo root/usr/lib/erlang/erts-*)
    server=$(cd "$into" && echo root/usr/lib/rabbitmq/lib/rabbitmq_server-*)
    [[ -x $into/$erlang/bin/beam.smp && -x $into/$server/sbin/rabbitmq-server ]] ||
        die "the packages hold no Erlang or no RabbitMQ where they are looked for"
    for program in "$into/$erlang"/bin/* "$into"/root/usr/lib/erlang/lib/*/priv/bin/*; do
        if [[ -f $program && ! -L $program && $(head -c 4 "$program" | tr -d '\0') == $'\x7fELF' ]]; then
            wrap_program "$into" "${program#"$into"/}"
        fi
    done
    # shellcheck disable=SC2016
    sed -i 's|ROOTDIR=/usr/lib/erlang$|ROOTDIR=$MEP_ERLANG|' "$into/root/usr/lib/erlang/bin/erl"
    write_starter "$into" rabbitmq-server "$server/sbin/rabbitmq-server"
    write_starter "$into" epmd "$erlang/bin/epmd"
}

# Without RUNNING_UNDER_SYSTEMD a shell would stay between the bench and the Erlang machine.
write_starter() {
    cat >"$1/$2" <<STARTER
#!/bin/sh
here=\$(cd "\${0%/*}" && pwd)
export MEP_ERLANG="\$here/root/usr/lib/erlang" RUNNING_UNDER_SYSTEMD=true
PATH=\$MEP_ERLANG/bin:\$PATH exec "\$here/$3" "\$@"
STARTER
    chmod 755 "$1/$2"
}

peer_script rabbitmq-server "${MEP_SUITE_RABBITMQ:-trixie}" rabbitmq "$@"
