#!/usr/bin/env bash
# reference.sh BINARY FOLDER: writes the pages of docs/reference, as the binary knows itself, into
# FOLDER. With --check as a third argument it writes nothing and fails if a page there is another.
set -euo pipefail
binary=$1
folder=$2
check=${3:-}
stale=()

# page FILE PART [TITLE]: what the binary says of a part of itself, under a title if it brings none.
page() {
  local text
  text=$("$binary" reference "$2") || {
    echo "the binary has no reference of '$2'" >&2
    exit 1
  }
  if [[ -n ${3:-} && $text != '#'* ]]; then text=$(printf '# %s\n\n%s' "$3" "$text"); fi
  if [[ -z $check ]]; then
    echo "$folder/$1"
    printf '%s\n' "$text" >"$folder/$1"
  elif ! diff -u --label "$1 as it stands" --label "$1 of the binary" "$folder/$1" <(printf '%s\n' "$text"); then
    stale+=("$1")
  fi
}

page config.md config "Configuration"
page config.schema.json schema
page reasons.md reasons "Reasons"
page metrics.md metrics "Metrics"

if ((${#stale[@]})); then
  echo "docs/reference is not what the binary says: ${stale[*]}. Run ./dev docs and commit what it writes." >&2
  exit 1
fi
