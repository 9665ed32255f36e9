#!/usr/bin/env bash
# ./dev check [--all]: what can be said about the sources without running them. --all has clang-tidy
# read the tests and benchmarks, too.
# shellcheck source=tools/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need build check
with_tests=()
case ${1:-} in
  '') ;;
  --all) with_tests=(--all) ;;
  *) die "check: there is no option '$1'" ;;
esac

failed=()
check() {
  local name=$1
  shift
  say "$name"
  "$@" || failed+=("$name")
}

formatted() {
  find src tools bench tests -name node_modules -prune -o \( -name '*.cc' -o -name '*.h' \) -print0 |
    xargs -0 -n 20 -P "$jobs" clang-format-19 --dry-run -Werror
}
linted() {
  cmake --preset debug -B build/check -DPENSTOCK_FUZZ=ON >"$(log_file configure-check)" || return 1
  python3 tools/check/tidy.py build/check "${with_tests[@]}"
}

check "Format (clang-format-19)" formatted
check "Include rule" python3 tools/check/includes.py
check "Sizes of functions and files" python3 tools/check/sizes.py
check "Every header compiles alone" tools/check/headers.sh
check "Lint (clang-tidy-19)" linted

if ((${#failed[@]})); then
  say "FAILED:"
  printf '      %s\n' "${failed[@]}"
  exit 1
fi
say "Nothing to complain of"
