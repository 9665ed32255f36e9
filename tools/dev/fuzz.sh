#!/usr/bin/env bash
# ./dev fuzz [TARGET] [--seconds N]: one fuzz target, or each in turn, 60 s each unless said.
# shellcheck source=tools/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=tools/dev/sanitizers.sh
source "$root/tools/dev/sanitizers.sh"

seconds=60
targets=()
while (($#)); do
  case $1 in
    --seconds)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "--seconds wants a number"
      seconds=$2
      shift
      ;;
    -*) die "fuzz: there is no option '$1'" ;;
    *) targets+=("${1%_fuzz}_fuzz") ;;
  esac
  shift
done

mapfile -t known < <(find src tests -name '*_fuzz.cc' -exec basename {} .cc \; | sort)
for target in "${targets[@]}"; do
  [[ " ${known[*]} " == *" $target "* ]] || die "there is no fuzz target '$target'; there are: ${known[*]}"
done
if ((${#targets[@]} == 0)); then targets=("${known[@]}"); fi
((${#targets[@]})) || die "there is no fuzz target yet"

need build sanitize
build asan "${targets[@]}"
set_sanitizer_options ""
failed=()
for target in "${targets[@]}"; do
  say "Fuzzing $target for $seconds s"
  tools/dev/fuzz_one.sh "build/asan/fuzz/$target" "$seconds" || failed+=("$target")
done
if ((${#failed[@]})); then die "failed: ${failed[*]}; the inputs are in build/corpus/*.failed"; fi
say "Nothing found"
