#!/usr/bin/env bash
# ./dev docs: makes docs/reference anew from what the binary knows of itself, then checks all links.
# shellcheck source=tools/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need build docs
build release penstock
for subject in config reasons metrics; do
  say "docs/reference/$subject.md"
  build/release/penstock reference "$subject" >"build/$subject.md" || die "the binary has no reference of '$subject'"
  mv "build/$subject.md" "docs/reference/$subject.md"
done
say "Links"
python3 tools/docs/links.py
