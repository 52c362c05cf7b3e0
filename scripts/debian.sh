# shellcheck shell=bash
# Programs of Debian's without installing anything: packages are downloaded with their whole dependency
# closure, libc included, by an apt that has folders of its own and an empty list of installed packages, and
# unpacked into one folder. Sourced by scripts/brokers.sh, scripts/rabbitmq.sh, scripts/prosody.sh and scripts/book.sh.
#
#   say, die                  to whoever called the script, by its name
#   detect_architecture       sets ARCH
#   detect_machine            then sets LOADER and TRIPLET
#   cache_folder              where what is unpacked goes
#   debian_mirror             the archive that this machine's apt uses
#   prepare_apt, own_apt      an apt of our own
#   unpack, find_loader       from packages to a folder with programs
#   peer_script NAME ...      all of it for one program that is no broker of ours
# Settings: MEP_DEBIAN_MIRROR, MEP_DEBIAN_KEYRING (see scripts/brokers.sh).

say() {
    local script=${0##*/}
    printf '%s: %s\n' "${script%.sh}" "$*" >&2
}

die() {
    say "error: $*"
    exit 1
}

detect_architecture() {
    ARCH=$(dpkg --print-architecture) || die "'dpkg' not found: this script needs Debian's apt and dpkg"
}

# The folder $1 that a setting names, or else $2 below .cache.
cache_folder() {
    local folder=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.cache/$2}
    [[ $folder == /* ]] || folder=$PWD/$folder
    echo "$folder"
}

detect_machine() {
    local tool
    # ldconfig lives in a folder that is not on every user's path.
    PATH=$PATH:/usr/sbin:/sbin
    for tool in apt-get apt-cache apt-config dpkg-deb ldconfig tar; do
        command -v "$tool" >/dev/null ||
            die "'$tool' not found: this script needs Debian's apt and dpkg, and libc-bin"
    done
    case $ARCH in
        amd64) LOADER=ld-linux-x86-64.so.2 TRIPLET=x86_64-linux-gnu ;;
        arm64) LOADER=ld-linux-aarch64.so.1 TRIPLET=aarch64-linux-gnu ;;
        *) die "architecture '$ARCH' is not known here: add its loader and triplet to this script" ;;
    esac
}

# The archive that this machine's apt takes Debian's main packages from: no host name is written
# here, so a mirror or a proxy that is set up on the machine is honoured.
debian_mirror() {
    if [[ -n ${MEP_DEBIAN_MIRROR:-} ]]; then
        echo "$MEP_DEBIAN_MIRROR"
        return
    fi
    # Lines `site release`, for instance `http://mirror.example/debian bookworm`; or, where the sites
    # stand in a file of their own, `mirror+file:/etc/apt/mirrors/debian.list bookworm`. apt fills
    # the format in, not the shell.
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(SITE) $(RELEASE)' 2>/dev/null |
        awk '$1 ~ /\/debian(\.list)?\/?$/ && $2 !~ /-(security|updates|backports)/ && !found { print $1; found = 1 }'
}

# Folders and settings for an apt of our own in $1, looking at suite $2 of mirror $3. Settings of
# the machine that say how to reach the archive (proxies, checks of dates) are carried over; its
# hooks, pins, sources and installed packages are not.
prepare_apt() {
    local apt=$1 suite=$2 mirror=$3 keyring signed_by=
    mkdir -p "$apt"/{etc,state/lists/partial,cache/archives/partial,dpkg}
    : >"$apt/dpkg/status"
    keyring=${MEP_DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
    # Without that keyring apt falls back on the keys that the machine trusts for everything.
    if [[ -r $keyring ]]; then
        signed_by="[signed-by=$keyring] "
    fi
    echo "deb $signed_by$mirror $suite main" >"$apt/etc/sources.list"
    {
        apt-config dump | grep -E '^Acquire::(https?::|Check-)' || true
        cat <<CONF
APT::Architecture "$ARCH";
APT::Architectures { "$ARCH"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "$apt/etc/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$apt/state";
Dir::State::status "$apt/dpkg/status";
Dir::Cache "$apt/cache";
Dir::Cache::archives "$apt/cache/archives";
CONF
    } >"$apt/etc/apt.conf"
}

# Runs an apt program with the settings in $1, its chatter kept in a file that is shown when it fails.
own_apt() {
    local apt=$1
    shift
    if ! APT_CONFIG=$apt/etc/apt.conf LC_ALL=C "$@" </dev/null >"$apt/log" 2>&1; then
        tail -n 20 "$apt/log" >&2
        return 1
    fi
}

# The full package version of package $2 that the suite behind $1 offers, empty if none.
offered_version() {
    own_apt "$1" apt-cache policy "$2" || return 0
    awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }' "$1/log"
}

# Unpacks what lies in $1/cache/archives into the folder $2.
unpack() {
    local root=$2 deb folder
    # One /usr, as on an installed Debian; packages of either style then land in the same place.
    for folder in bin sbin lib lib64; do
        mkdir -p "$root/usr/$folder"
        ln -s "usr/$folder" "$root/$folder"
    done
    for deb in "$1"/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$deb" |
            tar -x -C "$root" --no-same-owner --keep-directory-symlink \
                --exclude='./usr/share/doc' --exclude='./usr/share/man' \
                --exclude='./usr/share/locale' --exclude='./var' --exclude='./etc' \
                --exclude='./usr/share/perl*' --exclude='./usr/lib/*/perl*'
    done
    # Links from sonames to libraries, which the packages' own scripts would have made.
    ldconfig -n "$root/usr/lib/$TRIPLET"
}

# The path of the loader below folder $1. Releases differ in where it lies and which place is a mere
# link, sometimes an absolute one that would lead out of the folder to this machine's loader.
find_loader() {
    local candidate
    for candidate in "usr/lib/$TRIPLET/$LOADER" "usr/lib64/$LOADER" "usr/lib/$LOADER"; do
        if [[ -x $1/root/$candidate && ! -L $1/root/$candidate ]]; then
            echo "root/$candidate"
            return
        fi
    done
    die "the packages of ${1##*/} hold no loader $LOADER"
}

# --- programs beside our own: peers for `im-bench`, and mdBook --------------------------------

# Makes a starter of the program $2 (a path below $1) in its place: it runs with the unpacked libraries,
# wherever the folder is. It *execs*, so the pid is the program's own.
wrap_program() {
    local into=$1 program=$2 up
    mv "$into/$program" "$into/$program.elf"
    up=$(sed 's|[^/]*/|../|g; s|[^/]*$||' <<<"$program")
    cat >"$into/$program" <<STARTER
#!/bin/sh
here=\$(cd "\${0%/*}/$up" && pwd)
exec "\$here/$LOADER_PATH" --argv0 "\$0" --inhibit-cache \\
    --library-path "\$here/root/usr/lib/$TRIPLET" "\$here/$program.elf" "\$@"
STARTER
    chmod 755 "$into/$program"
}

# What a script for the package $1 from the suite $2 does: gets it below .cache/peers/$3, and prints the folder when $4 asks for it.
peer_script() {
    local package=$1 suite=$2 folder option=${4:-}
    folder=$(cache_folder "${MEP_PEER_CACHE:-}" peers)/$3
    detect_architecture
    case $option in
        '' | --print) peer "$package" "$suite" "$folder" "$RECIPE" ;;
        *) die "unknown option '$option' (known: --print)" ;;
    esac
    [[ -z $option ]] || echo "$folder"
}

# Unpacks the package $1 and its closure from the suite $2 into the folder $3, then calls `finish` with it.
# What is there already stays as long as the recipe $4 is the same; of several runs at once, one works and
# the others wait.
peer() {
    local stamp="recipe $4 $1 $2 $ARCH"
    mkdir -p "${3%/*}"
    (
        flock 9
        if [[ ! -r $3/stamp || $(head -n 1 "$3/stamp") != "$stamp" ]]; then
            fetch_peer "$1" "$2" "$3" "$stamp"
        fi
    ) 9>"${3%/*}/.lock"
}

fetch_peer() {
    local name=$1 suite=$2 into=$3 stamp=$4 apt=$3.apt part=$3.part mirror version started=$SECONDS
    detect_machine
    mirror=$(debian_mirror)
    [[ -n $mirror ]] ||
        die "no Debian archive among this machine's apt sources: name one with MEP_DEBIAN_MIRROR=URL"
    rm -rf "$apt" "$into" "$part"
    mkdir -p "$part/root"
    prepare_apt "$apt" "$suite" "$mirror"
    own_apt "$apt" apt-get -o APT::Update::Error-Mode=any update || die "no package list of $suite"
    version=$(offered_version "$apt" "$name")
    say "downloading $name ${version:-(not offered)} from $suite"
    own_apt "$apt" apt-get --yes --download-only install "$name" || die "$suite did not give $name"
    unpack "$apt" "$part/root"
    LOADER_PATH=$(find_loader "$part")
    finish "$part"
    printf '%s\n' "$stamp" "$version" >"$part/stamp"
    mv "$part" "$into"
    rm -rf "$apt"
    say "ready after $((SECONDS - started)) s"
}
