#!/usr/bin/env bash
# Every header compiles alone: what it needs it includes.
set -euo pipefail
alone() {
  clang++-19 -std=c++23 -fsyntax-only -Wall -Wextra -Wno-unused-function -Werror -Isrc \
    -include "$1" -x c++ /dev/null || { echo "$1 does not compile alone" && return 1; }
}
export -f alone
# shellcheck disable=SC2016
find src tools bench -name '*.h' -print0 | sort -z | xargs -0 -n 1 -P "$(nproc)" bash -c 'alone "$0"'
