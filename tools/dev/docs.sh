#!/usr/bin/env bash
# ./dev docs: makes docs/reference anew from what the binary knows of itself, then checks all links.
# shellcheck source=tools/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need build docs
build release penstock

say "Reference"
tools/docs/reference.sh build/release/penstock docs/reference

say "Links"
python3 tools/docs/links.py
