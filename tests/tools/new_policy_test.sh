#!/usr/bin/env bash
# ./dev new-policy on a copy of the tree: what it writes is formatted, compiles, and fits the frame;
# names that are none or taken are refused.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

mkdir "$copy/src"
ln -s "$root"/src/* "$copy/src"
rm "$copy/src/policy"
cp -r "$root/src/policy" "$copy/src/policy"
cp -r "$root/.clang-format" "$copy"
mkdir "$copy/tools"
cp -r "$root/tools/dev" "$copy/tools/dev"
cd "$copy"

new_policy() { PENSTOCK_NO_INSTALL=1 tools/dev/new_policy.sh "$@"; }
fail() {
  echo "FAILED: $*" >&2
  exit 1
}

new_policy teaTime >/dev/null
for file in tea_time.h tea_time.cc tea_time_test.cc tea_time.md; do
  [[ -s src/policy/tea_time/$file ]] || fail "there is no $file"
done
grep -q 'teaTimePolicies' src/policy/tea_time/tea_time.md || fail "the page does not name the section"
! grep -rn '@' src/policy/tea_time || fail "a placeholder is left"
clang-format-19 --dry-run -Werror src/policy/tea_time/*.{h,cc} src/policy/stages.h
grep -q '^    TeaTime>;' src/policy/stages.h || fail "the list of kinds lacks it"

# Its section and its keys on routes are made from it, and its test compiles.
cat >>src/policy/tea_time/tea_time_test.cc <<'TEXT'
#include "policy/stages.h"
static_assert(penstock::kPoliciesKey<penstock::TeaTime> == "teaTimePolicies");
static_assert(penstock::schema::kType<penstock::PolicySections>.object != nullptr);
static_assert(penstock::schema::kType<penstock::RoutePolicies>.object != nullptr);
TEXT
for source in tea_time tea_time_test; do
  clang++-19 -std=c++23 -fsyntax-only -Wall -Wextra -Werror -Isrc "src/policy/tea_time/$source.cc"
done

for name in teaTime TeaTime tea_time t 'tea time' teaPolicy exchange headers '' "$(printf 'x%.0s' {1..41})"; do
  ! new_policy "$name" >/dev/null 2>said || fail "'$name' was taken"
  grep -q '^./dev: new-policy: ' said || fail "'$name' was refused with: $(cat said)"
done
[[ $(find src/policy -mindepth 1 -maxdepth 1 -type d | wc -l) -eq $(($(find "$root/src/policy" -mindepth 1 -maxdepth 1 -type d | wc -l) + 1)) ]] ||
  fail "a refused name left a folder"
echo "new-policy: passed"
