#!/usr/bin/env bash
# What is inside: a bill of materials (CycloneDX 1.5, JSON) for the plugin and for each program, in target/sbom/ or in
# the folder that is named. Every crate that is linked in, with version, licence and checksum; no tools of the build.
#
#   scripts/sbom.sh [FOLDER]
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
cd "${root:?}"

folder=${1:-target/sbom}
package=mosquitto-enterprise-push
# What comes to the plugin is the same with and without the programs' features: there are none by default.
declare -A features=([plugin]="" [static-service]=static-service [im]=im [im-bench]=im-bench [enterprise-push]=enterprise-push)

need_packages jq
need_toolchain
cargo cyclonedx --version >/dev/null 2>&1 ||
  CARGO_TARGET_DIR="$root/target/tools" cargo install --quiet --locked cargo-cyclonedx
mkdir -p "$folder"

# linked FEATURES: name and version of each crate that is linked in, as cargo itself resolves it.
linked() {
  cargo tree --locked -p "$package" --features "$1" -e normal --target "$host" --prefix none --format '{p}' |
    sed -E 's/ \(proc-macro\)//; s/ \(.*//; s/ v/ /' | sort -u
}

# The tool writes beside Cargo.toml, one file a package of the workspace.
host=$(rustc -vV | sed -n 's/^host: //p')
for what in "${!features[@]}"; do
  cargo cyclonedx --quiet --format json --spec-version 1.5 --no-build-deps --target "$host" \
    --features "${features[$what]}" --override-filename "sbom-$$"
  mv "sbom-$$.json" "$folder/$what.cdx.json"
  rm -f bindings/c/"sbom-$$.json"
  linked "${features[$what]}" | grep -v "^$package " >"$folder/linked"
  # Cargo's metadata, which the tool reads, has crates that only a feature nobody asks for would bring along.
  jq --rawfile linked "$folder/linked" '($linked | split("\n")) as $linked
    | .components |= map(select("\(.name) \(.version)" as $crate | $linked | index($crate)))
    | ([.components[]."bom-ref"] + [.metadata.component."bom-ref"]) as $refs
    | .dependencies |= map(select(.ref as $ref | $refs | index($ref)))
    | .dependencies |= map(if .dependsOn then .dependsOn |= map(select(. as $on | $refs | index($on))) else . end)
    ' "$folder/$what.cdx.json" >"$folder/pruned"
  mv "$folder/pruned" "$folder/$what.cdx.json"
  listed=$(jq -r '.components[] | "\(.name) \(.version)"' "$folder/$what.cdx.json" | sort -u)
  differs=$(diff <(echo "$listed") "$folder/linked" || true)
  rm "$folder/linked"
  [ -z "$differs" ] || fail "the bill of $what and what is linked differ: $differs"
  jq -e 'all(.components[]; .licenses != null or .licenses == [])' "$folder/$what.cdx.json" >/dev/null ||
    fail "the bill of $what has crates without a licence"
  echo "$folder/$what.cdx.json: $(echo "$listed" | wc -l) crates"
done
