#!/usr/bin/env bash
# The documentation as a book: docs/SUMMARY.md and what it names, built by mdBook into target/book (open index.html there).
# Fails when mdBook complains about anything, and when a link in the book leads nowhere.
#
#   scripts/book.sh
#
# The book is made of a copy in which everything lies as in the repository, with the files that pages link to. So no page
# is changed for it, and a link that works on the forge works in the book.
#
# mdBook comes from Debian's packages into .cache/tools/mdbook (ignored by git), without installing anything.
#
# Settings, all optional:
#   MEP_MDBOOK         a program `mdbook` that is there already
#   MEP_TOOLS_CACHE    the folder instead of .cache/tools
#   MEP_SUITE_MDBOOK   the Debian suite instead of trixie
#   MEP_DEBIAN_MIRROR, MEP_DEBIAN_KEYRING    as for scripts/brokers.sh
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
# shellcheck source=scripts/debian.sh
. "$(dirname "$0")/debian.sh"
cd "${root:?}"

# Raise this when what is made of mdBook's package changes.
readonly RECIPE=1
stage=$root/target/book-src
book=$root/target/book
top=(README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md)

# --- mdBook -----------------------------------------------------------------------------------

# What `peer` calls when the packages are unpacked.
finish() {
  [ -x "$1/root/usr/bin/mdbook" ] || die "the packages hold no mdbook"
  wrap_program "$1" root/usr/bin/mdbook
}

need_mdbook() {
  mdbook=${MEP_MDBOOK:-}
  [ -z "$mdbook" ] || return 0
  local folder
  folder=$(cache_folder "${MEP_TOOLS_CACHE:-}" tools)/mdbook
  detect_architecture
  peer mdbook "${MEP_SUITE_MDBOOK:-trixie}" "$folder" "$RECIPE"
  mdbook=$folder/root/usr/bin/mdbook
}

# --- the copy ---------------------------------------------------------------------------------

# Where the links of a page lead, without anchors: files of this repository alone.
targets() { grep -oE '\]\([^)# ]+' "$1" | sed 's/^](//' | grep -v '://' | sort -u || true; }

lay_out() {
  rm -rf "$stage" "$book"
  mkdir -p "$stage/src"
  cp -r docs "${top[@]}" "$stage/src/"
  mv "$stage/src/docs/book.toml" "$stage/"
  # mdBook wants it at the top.
  sed -E 's#\]\(\.\./#](#; t; s#\]\(#](docs/#' docs/SUMMARY.md >"$stage/src/SUMMARY.md"
  rm "$stage/src/docs/SUMMARY.md"
  # Debian's mdBook brings no fonts, and its pages ask for some.
  mkdir -p "$stage/theme/fonts"
  echo "/* The reader's own. */" >"$stage/theme/fonts/fonts.css"
  local page target file
  for page in "${top[@]}" docs/*.md; do
    while read -r target; do
      file=$(realpath -m --relative-to=. "$(dirname "$page")/$target")
      [ -f "$file" ] || fail "$page: a book cannot show $target, which is no file"
      [ -e "$stage/src/$file" ] || install -D -m 644 "$file" "$stage/src/$file"
    done < <(targets "$page")
  done
}

# --- links in the book ------------------------------------------------------------------------

# Prints PAGE:WHAT for what stands as attribute $1 of the book's pages.
attributes() { grep -roE --include='*.html' " $1=\"[^\"]*\"" . | sed -E "s#^\./##; s# $1=\"#\t#; s#:\t#\t#; s#\"\$##"; }

# Every link of every page: its file is there, and the anchor in it.
check_links() {
  local page link file count=0
  local -A anchors
  cd "$book"
  while IFS=$'\t' read -r page link; do anchors[$page#$link]=1; done < <(attributes id)
  while IFS=$'\t' read -r page link; do
    case $link in *://* | mailto:* | '#' | '') continue ;; esac
    file=${link%%#*}
    if [ -z "$file" ]; then
      file=$page
    else
      file=$(realpath -m --relative-to=. "$(dirname "$page")/$file")
    fi
    [ -f "$file" ] || fail "target/book/$page: $link leads nowhere"
    case $link in
      *.html | *.html#) ;;
      *#*) [ -n "${anchors[$file#${link#*#}]:-}" ] || fail "target/book/$page: $link: no such heading" ;;
    esac
    count=$((count + 1))
  done < <(attributes href)
  [ "$count" -gt 500 ] || fail "only $count links: the book has changed its shape"
  echo "$count links lead somewhere"
}

step "the book"
need_mdbook
lay_out
"$mdbook" build "$stage" --dest-dir "$book" >"$stage/log" 2>&1 || { cat "$stage/log" >&2; fail "mdbook"; }
if grep -E '\[?(WARN|ERROR)' "$stage/log" >&2; then fail "mdbook complains"; fi
(check_links)
echo "target/book/index.html"
