#!/usr/bin/env bash
# ./dev docs: makes docs/reference anew from what the binary knows of itself, then checks all links.
# shellcheck source=tools/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need build docs
build release penstock

# page FILE PART [TITLE]: what the binary says of a part of itself, under a title if it brings none.
page() {
  say "docs/reference/$1"
  local text
  text=$(build/release/penstock reference "$2") || die "the binary has no reference of '$2'"
  { [[ -z ${3:-} || $text == '#'* ]] || printf '# %s\n\n' "$3"; printf '%s\n' "$text"; } >"docs/reference/$1"
}
page config.md config "Configuration"
page config.schema.json schema
page reasons.md reasons "Reasons"
page metrics.md metrics "Metrics"

say "Links"
python3 tools/docs/links.py
