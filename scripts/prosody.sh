#!/usr/bin/env bash
# Prosody, an XMPP server, for `im-bench mobile`, from Debian's packages, without installing or starting
# anything.
#
#   scripts/prosody.sh            gets it, unless it is there
#   scripts/prosody.sh --print    then prints the folder
#
# Below .cache/peers/prosody/ (ignored by git):
#   root/      the unpacked packages with their whole dependency closure, Lua and libc included
#   prosody    starts it on its own libraries, for the configuration that `--config` names; it *execs*
#   stamp      written last; its second line is the package's version
#
# Settings, all optional:
#   MEP_PEER_CACHE      the folder instead of .cache/peers
#   MEP_SUITE_PROSODY   the Debian suite instead of trixie
#   MEP_DEBIAN_MIRROR, MEP_DEBIAN_KEYRING    as for scripts/brokers.sh
set -euo pipefail
# shellcheck source=scripts/debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

# Raise this when what is made below changes.
readonly RECIPE=1

# The program looks for its modules and its data where the environment says.
finish() {
    local into=$1 lua
    lua=$(cd "$into" && ls root/usr/bin/lua5.*)
    [[ -x $into/$lua && -f $into/root/usr/bin/prosody ]] || die "the packages hold no Lua or no Prosody"
    wrap_program "$into" "$lua"
    sed -i "s|^CFG_SOURCEDIR=.*|CFG_SOURCEDIR=os.getenv('MEP_PROSODY');|
        s|^CFG_PLUGINDIR=.*|CFG_PLUGINDIR=CFG_SOURCEDIR..'/modules/';|
        s|^CFG_CONFIGDIR=.*|CFG_CONFIGDIR=os.getenv('PWD');|
        s|^CFG_DATADIR=.*|CFG_DATADIR=os.getenv('PWD');|" "$into/root/usr/bin/prosody"
    cat >"$into/prosody" <<STARTER
#!/bin/sh
here=\$(cd "\${0%/*}" && pwd)/root/usr
lua=\$here/share/lua/${lua##*lua} native=\$here/lib/$TRIPLET/lua/${lua##*lua}
export MEP_PROSODY="\$here/lib/prosody" LUA_PATH="\$lua/?.lua;\$lua/?/init.lua" LUA_CPATH="\$native/?.so"
exec "\$here/bin/${lua##*/}" "\$here/bin/prosody" -F "\$@"
STARTER
    chmod 755 "$into/prosody"
}

peer_script prosody "${MEP_SUITE_PROSODY:-trixie}" prosody "$@"
