#!/usr/bin/env bash
# The licences of the crates that are linked in when the package is built with these features: which crates under
# which terms, then each text once with the crates that it came with. Reads the sources that cargo has fetched.
#
#   scripts/package-licences.sh FEATURES >third-party-licences     FEATURES: as cargo takes them, or '' for the plugin
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C

declare -A folder terms text crates
while IFS=$'\t' read -r crate manifest licence; do
  folder[$crate]=${manifest%/*}
  terms[$crate]=$licence
done < <(cargo metadata --locked --format-version 1 --all-features |
  jq -r '.packages[] | ["\(.name) \(.version)", .manifest_path, .license // "see its text"] | @tsv')

linked() {
  cargo tree --locked --edges normal --prefix none --format '{p}' --features "$1" |
    awk 'NR > 1 { sub(/^v/, "", $2); print $1, $2 }' | sort -u
}

echo "Crates that are linked in, and their terms"
echo
while read -r crate; do
  printf '  %s: %s\n' "$crate" "${terms[$crate]}"
  for file in "${folder[$crate]}"/{LICENSE,LICENCE,COPYING,COPYRIGHT,NOTICE,license}*; do
    [ -f "$file" ] || continue
    sum=$(sha256sum <"$file")
    sum=${sum%% *}
    text[$sum]=$file
    crates[$sum]+="${crates[$sum]:+, }$crate"
  done
done < <(linked "$1")

for sum in $(printf '%s\n' "${!text[@]}" | sort); do
  printf '\n%s\n\n' "================================================================"
  fold -s -w 100 <<<"${crates[$sum]}"
  echo
  cat "${text[$sum]}"
done
