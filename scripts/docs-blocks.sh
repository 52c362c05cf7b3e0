# shellcheck shell=bash
# The fenced blocks of the documentation, and which of them were run. Sourced by scripts/docs-walk.sh and
# scripts/docs-examples.sh, after scripts/setup.sh.
#
#   blocks FILE               each block: line, language, `run`, `shown` or `elsewhere`; line feed; content; form feed
#   is_example PAGE TEXT      whether scripts/docs-examples.sh runs this block of docs/PAGE.md
#   note_run FILE LINE        writes down that the block was run, loaded or seen
#   every_block_has_run       fails when there is one of which that is not written down
#
# A block behind a line `<!-- not run: WHY -->` is `shown`, one behind `<!-- run by scripts/X.sh -->` is run `elsewhere`;
# tests/docs/commands.rs looks after both.

: "${root:?}"
# Where it is written down; scripts/docs-walk.sh begins it anew when it walks everything.
blocks_run=${MEP_DOCS_RUN:-/dev/null}
# Pages whose calls need somebody who is logged in.
examples=(accounts address-book files static-service)

blocks() {
  awk '/^```/ {
      if (inside) printf "\f"
      else {
        how = before ~ /^<!-- not run: .+ -->$/ ? "shown" : before ~ /^<!-- run by .+ -->$/ ? "elsewhere" : "run"
        print NR, (length($0) > 3 ? substr($0, 4) : "none"), how
      }
      inside = !inside; next
    }
    inside { print; next }
    { before = $0 }' "$root/$1"
}

is_example() {
  [[ " ${examples[*]} " == *" $1 "* ]] && grep -qE '^(curl |admin|printf .*\|$)' <<<"$2"
}

is_policy() { jq -e '.version and .rules' <<<"$1" >/dev/null 2>&1; }

note_run() { echo "$1:$2" >>"$blocks_run"; }

# What must be written down of a block: nothing of what is neither a command, nor what it shows, nor a configuration. Those
# are looked at by tests/docs.rs.
must_run() {
  case $1 in
    sh | text | conf | acl) ;;
    json) is_policy "$2" ;;
    *) false ;;
  esac
}

every_block_has_run() {
  local page block line language how text left=0 count=0
  for page in README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md docs/*.md; do
    while IFS= read -r -d $'\f' block; do
      read -r line language how <<<"${block%%$'\n'*}"
      text=${block#*$'\n'}
      must_run "$language" "$text" || continue
      count=$((count + 1))
      case $how$(grep -cxF "$page:$line" "$blocks_run") in
        run0) echo "$page:$line: nothing runs this block: ${text%%$'\n'*}" >&2 ;;
        shown[1-9]* | elsewhere[1-9]*) echo "$page:$line: this block is marked as not run here, and was" >&2 ;;
        *) continue ;;
      esac
      left=$((left + 1))
    done < <(blocks "$page")
  done
  [ "$left" -eq 0 ] || fail "$left of $count blocks of the documentation"
  [ "$count" -ge 90 ] || fail "only $count blocks were found: the pages have changed their shape"
  echo "$count blocks of the documentation: each was run, loaded or seen, or says why not, or who runs it"
}
