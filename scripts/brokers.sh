#!/usr/bin/env bash
# Real Mosquitto brokers for the tests, by Debian's package client alone.
#
#   scripts/brokers.sh              get every version listed below
#   scripts/brokers.sh 2.0.21       get only this one (several may be named)
#   scripts/brokers.sh --print V    get V if need be, then print the path of its `mosquitto`
#   scripts/brokers.sh --list       print the known versions, one a line
#
# Per version V, below .cache/brokers/ (ignored by git):
#   V/root/        the unpacked packages with their whole dependency closure, libc included
#   V/mosquitto    starts that broker on its own libraries; so do mosquitto_passwd,
#                  mosquitto_ctrl, mosquitto_pub and mosquitto_sub. Each *execs*: the pid that
#                  you started is the program's own.
#   V/include/     that version's headers
#   V/stamp        written last: what is here is complete
#
# Nothing is installed on this machine: apt gets folders of its own and an empty list of
# installed packages, only downloads, and every package is unpacked into V/root/. A broker runs
# with the libc of its own Debian release, so a plugin built here loads into the oldest of them
# only while this machine's libc is no newer than that release's.
#
# Settings, all optional:
#   MEP_BROKER_CACHE     the folder instead of .cache/brokers
#   MEP_DEBIAN_MIRROR    URL of a Debian archive instead of the one that this machine's apt uses
#   MEP_DEBIAN_KEYRING   keyring instead of Debian's own (package debian-archive-keyring)
#   MEP_SUITE_2_0_11, MEP_SUITE_2_0_21, MEP_SUITE_2_1_2
#                        the Debian suites to look in, in order, instead of those below
set -euo pipefail
# shellcheck source=scripts/debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

# Raise this when what a finished V/ holds changes: older ones are then made anew.
readonly RECIPE=1
readonly PACKAGES=(mosquitto mosquitto-clients mosquitto-dev libmosquitto-dev)
readonly PROGRAMS=(mosquitto mosquitto_passwd mosquitto_ctrl mosquitto_pub mosquitto_sub)
readonly VERSIONS=(2.0.11 2.0.21 2.1.2)

default_suites() {
    case $1 in
        2.0.11) echo bookworm ;;
        2.0.21) echo trixie ;;
        2.1.2) echo forky sid ;;
    esac
}

usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; }

# --- getting packages -------------------------------------------------------------------------

# Downloads version $1 into $2/cache/archives from the first suite that offers it.
download() {
    local version=$1 apt=$2 mirror=$3 override suites suite offered seen=
    override=MEP_SUITE_${version//./_}
    suites=${!override:-$(default_suites "$version")}
    for suite in $suites; do
        rm -rf "$apt"
        prepare_apt "$apt" "$suite" "$mirror"
        if ! own_apt "$apt" apt-get -o APT::Update::Error-Mode=any update; then
            seen+=" $suite: its package list could not be fetched;"
            continue
        fi
        offered=$(offered_version "$apt" mosquitto)
        # A Debian version is [epoch:]upstream[-revision].
        if [[ ! $offered =~ ^([0-9]+:)?${version//./\\.}(-[^-]*)?$ ]]; then
            seen+=" $suite offers mosquitto ${offered:-not at all};"
            continue
        fi
        say "$version: downloading $offered from $suite"
        if own_apt "$apt" apt-get --yes --download-only install "${PACKAGES[@]}"; then
            echo "$suite $offered" >"$apt/origin"
            return
        fi
        seen+=" $suite offers $offered, but its packages could not be downloaded;"
    done
    die "no suite gave Mosquitto $version on $mirror ($ARCH):${seen%;}." \
        "Suites move on: name those to look in with $override='SUITE ...'," \
        "or an archive that still holds it with MEP_DEBIAN_MIRROR=URL"
}

# --- what the packages hold -------------------------------------------------------------------

# Writes the starter of program $2 of the version in folder $1, if that version has the program.
# `$here` is found without starting another process and need not be known beforehand, so the
# folder may be moved or mounted elsewhere.
write_starter() {
    local into=$1 program=$2 found
    for found in root/usr/{sbin,bin}/"$program"; do
        [[ ! -f $into/$found ]] || break
    done
    if [[ ! -f $into/$found ]]; then
        return
    fi
    cat >"$into/$program" <<STARTER
#!/bin/sh
here=\${0%/*}
case \$here in /*) ;; *) here=\$PWD/\$here ;; esac
exec "\$here/$LOADER_PATH" --argv0 '$program' --inhibit-cache \\
    --library-path "\$here/root/usr/lib/$TRIPLET" "\$here/$found" "\$@"
STARTER
    chmod 755 "$into/$program"
}

# Links to the headers of the version in folder $1.
link_headers() {
    local into=$1 header
    mkdir -p "$into/include"
    for header in "$into"/root/usr/include/{mosquitto*,mqtt_protocol.h,cjson}; do
        if [[ -e $header ]]; then
            ln -s "../root/usr/include/${header##*/}" "$into/include/"
        fi
    done
    for header in mosquitto.h mosquitto_broker.h mosquitto_plugin.h; do
        [[ -e $into/include/$header ]] ||
            die "the packages of ${into##*/} hold no $header"
    done
}

# The broker's help opens with its version. It ends with a non-zero code, and 2.1 logs beside it.
reported_version() {
    "$1/mosquitto" -h 2>/dev/null | sed -n 's/^mosquitto version \([0-9.]*\)$/\1/p' || true
}

# --- one version ------------------------------------------------------------------------------

stamp_line() { echo "recipe $RECIPE mosquitto $1 $ARCH"; }

is_complete() {
    local first=
    [[ -r $CACHE/$1/stamp ]] || return 1
    read -r first <"$CACHE/$1/stamp" || true
    [[ $first == "$(stamp_line "$1")" ]]
}

fetch() {
    local version=$1 apt=$CACHE/.apt-$1 part=$CACHE/.part-$1 mirror program reported started=$SECONDS
    mirror=$(debian_mirror)
    [[ -n $mirror ]] ||
        die "no Debian archive among this machine's apt sources: name one with MEP_DEBIAN_MIRROR=URL"
    # What an interrupted run left is thrown away: its downloads may be of packages replaced since.
    rm -rf "$apt" "$part" "${CACHE:?}/$version"
    mkdir -p "$part/root"
    download "$version" "$apt" "$mirror"
    unpack "$apt" "$part/root"
    LOADER_PATH=$(find_loader "$part")
    for program in "${PROGRAMS[@]}"; do
        write_starter "$part" "$program"
    done
    link_headers "$part"
    reported=$(reported_version "$part")
    [[ $reported == "$version" ]] ||
        die "unpacked $(<"$apt/origin"), but its broker reports version '$reported', not $version:" \
            "$("$part/mosquitto" -h 2>&1 | head -n 3 || true)"
    {
        stamp_line "$version"
        echo "from $(<"$apt/origin")"
        (cd "$apt/cache/archives" && printf '%s\n' *.deb)
    } >"$part/stamp"
    mv "$part" "$CACHE/$version"
    rm -rf "$apt"
    say "$version: ready after $((SECONDS - started)) s"
}

# Gets version $1 unless it is there. Of several runs at once, one works and the others wait.
ensure() {
    if is_complete "$1"; then
        return
    fi
    mkdir -p "$CACHE"
    (
        flock 9
        if ! is_complete "$1"; then
            detect_machine
            fetch "$1"
        fi
    ) 9>"$CACHE/.lock"
}

main() {
    local print='' version wanted=()
    while (($#)); do
        case $1 in
            -h | --help)
                usage
                return
                ;;
            --list)
                printf '%s\n' "${VERSIONS[@]}"
                return
                ;;
            --print) print=yes ;;
            *)
                [[ " ${VERSIONS[*]} " == *" $1 "* ]] ||
                    die "unknown version or option '$1' (known: ${VERSIONS[*]})"
                wanted+=("$1")
                ;;
        esac
        shift
    done
    if ((${#wanted[@]} == 0)); then
        wanted=("${VERSIONS[@]}")
    fi
    detect_architecture
    CACHE=$(cache_folder "${MEP_BROKER_CACHE:-}" brokers)
    for version in "${wanted[@]}"; do
        ensure "$version"
        if [[ -n $print ]]; then
            echo "$CACHE/$version/mosquitto"
        fi
    done
}

main "$@"
