#!/usr/bin/env bash
# Looks at packages without installing them: fields, contents, programs, pages, checksums, and lintian where it is.
#
#   scripts/package-check.sh               packs what lies in target/debug, and looks at that
#   scripts/package-check.sh --from DIR    the same with DIR
#   scripts/package-check.sh DIR           looks at the packages in DIR, which scripts/package.sh has made
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
cd "${root:?}"

from=${CARGO_TARGET_DIR:-target}/debug folder='' made=''
case "${1:-}" in
  '') ;;
  --from) from=${2:?--from needs a folder} ;;
  -*) fail "usage: scripts/package-check.sh [--from DIR | DIR]" ;;
  *) folder=$(realpath "$1") made=yes ;;
esac
work=$(mktemp -d "${TMPDIR:-/tmp}/mep-check.XXXXXX")
trap 'rm -rf "$work"' EXIT
if [ -z "$folder" ]; then
  folder=$work/packages
  scripts/package.sh --from "$from" --out "$folder"
fi

step "packages in $folder"
name=mosquitto-enterprise-push
sample=etc/mosquitto/conf.d/enterprise-push.conf.example
(cd "$folder" && sha256sum --quiet --check SHA256SUMS)
for deb in "$folder"/*.deb; do
  package=$(dpkg-deb --field "$deb" Package)
  dpkg-deb --raw-extract "$deb" "$work/$package"
  dpkg-deb --fsys-tarfile "$deb" | tar -tv | awk '$2 != "root/root" { print; bad = 1 } END { exit bad }' ||
    fail "$package: files that are not root's"
done

depends() { dpkg-deb --field "$folder/$1"_*.deb Depends; }
[[ $(depends $name) == *"mosquitto (>= 2.0.11)"* ]] || fail "$name does not depend on Mosquitto"
for package in $name enterprise-push-static-service enterprise-push-tools; do
  [[ $(depends "$package") == *"libc6 (>= "* ]] || fail "$package: which libc it needs is not said"
  [ -s "$work/$package/usr/share/doc/$package/copyright" ] || fail "$package: no copyright"
  [ -s "$work/$package/usr/share/doc/$package/third-party-licences.gz" ] || fail "$package: no licences of others"
done

# Each program of the list with its pages and completions.
while read -r program _ package; do
  usr=$work/$package/usr
  for file in "bin/$program" "share/man/man1/$program.1.gz" "share/bash-completion/completions/$program" \
    "share/zsh/vendor-completions/_$program" "share/fish/vendor_completions.d/$program.fish"; do
    [ -s "$usr/$file" ] || fail "$package: no usr/$file"
  done
  bash -n "$usr/share/bash-completion/completions/$program"
done < <(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' packaging/programs)

# The sample names the plugin where the package has it, is not read by the broker, and is what the manual page tells.
plugin=$(sed -n 's/^plugin //p' "$work/$name/$sample")
[ -s "$work/$name$plugin" ] || fail "the sample names $plugin, which is not in the package"
[ -z "$(find "$work"/*/etc/mosquitto -name '*.conf')" ] || fail "a package brings a file that Mosquitto would read"
page=$work/enterprise-push.conf.5
gzip -dc "$work/$name/usr/share/man/man5/enterprise-push.conf.5.gz" >"$page"
while read -r option; do
  grep -qE "^.fB${option}.fR" "$page" || fail "the manual page has no $option"
done < <(sed -nE 's/^#?(plugin_opt_[a-z_]+) .*/\1/p' "$work/$name/$sample")
grep -qx "/$sample" "$work/$name/DEBIAN/conffiles" || fail "$sample is no conffile"
if grep -rlE '(systemctl|invoke-rc.d|deb-systemd-invoke).*mosquitto\.service' "$work"/*/DEBIAN; then
  fail "a package touches the broker"
fi
# What was not compiled by scripts/package.sh holds such paths.
if [ -n "$made" ] && grep -rqF "$root" "$work"/*/usr; then fail "a path of this machine is in the packages"; fi

if command -v groff >/dev/null; then
  find "$work" -path '*/man/*' -name '*.gz' -type f | while read -r file; do
    complaints=$(gzip -dc "$file" | groff -man -Tutf8 -wall -z 2>&1 || true)
    [ -z "$complaints" ] || fail "${file##*/}: $complaints"
  done
fi
if command -v lintian >/dev/null; then
  # These are packages of our own, not Debian's: no bug asks for them there.
  lintian --allow-root --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs "$folder"/*.deb
fi
echo "packages: as they should be"
