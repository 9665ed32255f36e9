#!/usr/bin/env bash
# ./dev build [PRESET]: leaves the program at build/PRESET/penstock.
# shellcheck source=tools/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

preset=${1:-release}
case $preset in
  release | debug) need build ;;
  asan | tsan) need build sanitize ;;
  *) die "there is no preset '$preset': release, debug, asan or tsan" ;;
esac
build "$preset" penstock
say "Built build/$preset/penstock"
