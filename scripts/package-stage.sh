#!/usr/bin/env bash
# What goes where in the packages and in the tarball. Sourced by scripts/package.sh.
#
#   programs       the lines of packaging/programs
#   stage          lays out each package below $tree/staging/PACKAGE, with $tree/debian beside it
#   pack_tarball   the packages' files once more, for systems without dpkg

# Set by scripts/package.sh.
: "${root:?}" "${tree:?}" "${out:?}" "${from?}" "${name:?}" "${plugin:?}" "${version:?}" "${revision:?}" "${arch:?}" "${triplet:?}"
service_package=enterprise-push-static-service
tools_package=enterprise-push-tools

programs() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' packaging/programs; }

# put FILE FOLDER...: with the mode 644; FOLDER below staging.
put() {
  local file=$1 into=$tree/staging/$2
  install -d "$into"
  install -m 644 "$file" "$into/${3:-${file##*/}}"
}

stage() {
  rm -rf "$tree" "$out"
  mkdir -p "$tree/staging" "$out"
  cp -r packaging/debian "$tree/debian"
  stage_programs
  stage_plugin
  stage_service
  stage_documents
  write_changelog
  write_buildinfo
}

stage_programs() {
  local program package into
  # The programs write their own man pages and completions (src/manual).
  while read -r program _ package; do
    into=$tree/staging/$package/usr
    install -D -m 755 "$from/$program" "$into/bin/$program"
    "$from/$program" --write-manual "$into"
  done < <(programs)
}

stage_plugin() {
  local to=$name example=$name/usr/share/doc/$name/examples
  install -D -m 644 "$from/$plugin" "$tree/staging/$to/usr/lib/$triplet/mosquitto/$plugin"
  # The plugin's place holds the architecture's name, which the sample cannot know.
  sed "s#^plugin /.*#plugin /usr/lib/$triplet/mosquitto/$plugin#" mosquitto-conf/enterprise-push.conf >"$tree/enterprise-push.conf"
  grep -q "^plugin /usr/lib/$triplet/" "$tree/enterprise-push.conf" || fail "the sample has no line for the plugin"
  put "$tree/enterprise-push.conf" "$to/etc/mosquitto/conf.d" enterprise-push.conf.example
  local file
  for file in listener-tls.conf listener-websockets.conf policy.example.json grafana-dashboard.json prometheus-alerts.yml; do
    put "mosquitto-conf/$file" "$example"
  done
  cp mosquitto-conf/logrotate.conf "$tree/debian/$name.logrotate"
  awk -v version="$version" -f scripts/conf-to-man.awk "$tree/enterprise-push.conf" >"$tree/enterprise-push.conf.5"
  put "$tree/enterprise-push.conf.5" "$to/usr/share/man/man5"
  # Who looks for the package's name finds it, too.
  ln -s enterprise-push.conf.5 "$tree/staging/$to/usr/share/man/man5/$name.5"
}

stage_service() {
  put packaging/static-service.conf "$service_package/etc/enterprise-push"
}

# README and guides with the plugin; with service and tools what is about them.
stage_documents() {
  local file package
  put README.md "$name/usr/share/doc/$name"
  for file in docs/*.md; do put "$file" "$name/usr/share/doc/$name/docs"; done
  put docs/examples/static_service.py "$name/usr/share/doc/$name/examples"
  for file in static-service accounts address-book files packages; do
    put "docs/$file.md" "$service_package/usr/share/doc/$service_package"
  done
  for file in client performance; do put "docs/$file.md" "$tools_package/usr/share/doc/$tools_package"; done
  # The charts of the page about performance, where it looks for them.
  for file in docs/plots/*.svg; do
    put "$file" "$name/usr/share/doc/$name/docs/plots"
    put "$file" "$tools_package/usr/share/doc/$tools_package/plots"
  done
  cp CHANGELOG.md "$tree/"
  stage_licences "$name" ''
  for package in $(programs | awk '{ print $3 }' | sort -u); do
    stage_licences "$package" "$(features_of "$package")"
  done
}

features_of() { programs | awk -v package="$1" '$3 == package { print $2 }' | sort -u | paste -sd,; }

stage_licences() {
  local into=$tree/staging/$1/usr/share/doc/$1
  install -d "$into"
  scripts/package-licences.sh "$2" >"$into/third-party-licences"
}

# One entry: what has changed stands in CHANGELOG.md, which goes along.
write_changelog() {
  local maintainer
  maintainer=$(sed -n 's/^Maintainer: //p' packaging/debian/control)
  cat >"$tree/debian/changelog" <<ENTRY
$name ($version-$revision) unstable; urgency=medium

  * Version $version; see changelog.gz beside this file.

 -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
ENTRY
}

# What a second build needs to be the same.
write_buildinfo() {
  {
    echo "source: $name $version, commit $(git rev-parse HEAD 2>/dev/null || echo unknown)"
    echo "SOURCE_DATE_EPOCH: $SOURCE_DATE_EPOCH"
    echo "Cargo.lock: sha256 $(sha256sum <Cargo.lock | cut -d' ' -f1)"
    echo "rustc: $(rustc --version)"
    echo "cc: $(cc --version | head -n 1)"
    echo "system: $(. /etc/os-release && echo "$PRETTY_NAME"), $arch"
    dpkg-query -W -f '${Package} ${Version}\n' binutils debhelper dpkg-dev libc6 libclang-dev xz-utils
  } >"$out/$name-$version-$revision-$arch.buildinfo.txt"
}

# With the stripped programs of the packages.
pack_tarball() {
  local folder=$name-$version-linux-$arch program package
  local into=$tree/$folder
  mkdir -p "$into"/{bin,lib,share,static-service,licences}
  while read -r program _ package; do
    cp "$tree/debian/$package/usr/bin/$program" "$into/bin/"
  done < <(programs)
  cp "$tree/debian/$name/usr/lib/$triplet/mosquitto/$plugin" "$into/lib/"
  for package in "$tree"/staging/*; do
    (cd "$package/usr/share" && find . -mindepth 1 -maxdepth 1 ! -name doc -exec cp -a --parents -t "$into/share" {} +)
    cp "$package/usr/share/doc/${package##*/}/third-party-licences" "$into/licences/${package##*/}"
  done
  cp packaging/static-service.conf packaging/debian/$service_package.service packaging/debian/$service_package.sysusers "$into/static-service/"
  cp -r mosquitto-conf docs README.md CHANGELOG.md LICENSE-* "$into/"
  tar -C "$tree" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u+rw,go=rX \
    --format=gnu -cf - "$folder" | gzip -9n >"$out/$folder-$revision.tar.gz"
}
