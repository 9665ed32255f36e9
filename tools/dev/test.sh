#!/usr/bin/env bash
# ./dev test [--quick | --coverage]: every test, a preset at a time; what each prints stands in
# build/logs, too.
#   release   unit, simulation, scenarios
#   asan      (with ubsan) the same and every fuzz target for some seconds
#   tsan      unit, simulation, and the scenarios in which several threads meet
#   coverage  (alone) the same as release; then which lines and branches ran
# shellcheck source=tools/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=tools/dev/sanitizers.sh
source "$root/tools/dev/sanitizers.sh"

presets=(release asan tsan)
case ${1:-} in
  '') ;;
  --quick) presets=(release) ;;
  --coverage) presets=(coverage) ;;
  *) die "test: there is no option '$1'" ;;
esac

need build sanitize test
if [[ ${presets[0]} == coverage ]]; then need coverage; fi
need_node

scenarios=tests/scenario
# The scenarios in which workers, control, offload and log thread have most to do with one another.
threaded=(http/ life/ origin/ reports/ limits/connections limits/fairness)
reports=$root/build/logs/sanitizer
failed=()
spent=()
begin=$SECONDS

fetch_scenario_packages() {
  [[ ! $scenarios/node_modules/.package-lock.json -nt $scenarios/package-lock.json ]] || return 0
  say "Fetching the scenarios' npm packages"
  (cd "$scenarios" && npm ci --no-audit --no-fund --loglevel=error) || die "npm ci failed in $scenarios"
}

# What the tests of a preset need. The release also shows that all the rest still builds.
targets_of() {
  echo penstock unit_test sim_test
  if [[ $1 == release ]]; then echo penstock_demo penstock_routes penstock_load micro_bench; fi
  if [[ $1 == asan ]]; then find src tests -name '*_fuzz.cc' -exec basename {} .cc \;; fi
}

run_ctest() {
  GTEST_BRIEF=1 ctest --test-dir "build/$1" --output-on-failure --timeout 900 --parallel "$jobs"
}

run_scenarios() {
  local parts=()
  if [[ $1 == tsan ]]; then parts=("${threaded[@]}"); fi
  cd "$scenarios"
  PENSTOCK_BINARY=$root/build/$1/penstock PENSTOCK_IO=${2:-auto} PENSTOCK_CORPUS=$root/build/corpus \
    timeout --kill-after=10 1200 npm test --silent -- --concurrency "$jobs" "${parts[@]}"
}

run_scenarios_epoll() { run_scenarios "$1" epoll; }

# Scenarios run on the loop that this machine has, under asan on the other one, too.
suites_of() {
  echo ctest scenarios
  if [[ $1 == asan ]]; then echo scenarios_epoll; fi
}

minutes() { printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); }

# test_preset PRESET: builds it, then runs its suites side by side.
test_preset() {
  local preset=$1 start=$SECONDS suite status
  local -A pid=()
  local targets suites
  mapfile -t targets < <(targets_of "$preset" | tr ' ' '\n')
  mapfile -t suites < <(suites_of "$preset" | tr ' ' '\n')
  if ! build "$preset" "${targets[@]}"; then
    failed+=("$preset: it does not build")
    return
  fi
  say "Testing $preset"
  set_sanitizer_options "$reports/$preset"
  # One file for each program, into which its processes add what they counted.
  export LLVM_PROFILE_FILE=$root/build/$preset/profiles/%m.profraw
  rm -rf "build/$preset/profiles"
  for suite in "${suites[@]}"; do
    "run_$suite" "$preset" >"$(log_file "$preset-$suite")" 2>&1 </dev/null &
    pid[$suite]=$!
  done
  for suite in "${suites[@]}"; do
    status=0
    wait "${pid[$suite]}" || status=$?
    show "$preset" "$suite" "$status"
  done
  show_reports "$preset"
  spent+=("$preset: $(minutes $((SECONDS - start)))")
  say "${spent[-1]}"
}

# The whole log in CI; else what failed, and its closing lines.
show() {
  local log=build/logs/$1-$2.log
  say "$1 $2: $( (($3)) && echo FAILED || echo passed)"
  if (($3)); then failed+=("$1 $2 (exit status $3): $log"); fi
  if [[ -n ${CI:-} ]]; then
    cat "$log"
    return
  fi
  if (($3)); then grep -A 25 -E '^ *not ok |Failure$|\*\*\*Failed' "$log" | head -n 300 || true; fi
  tail -n 12 "$log"
}

# A sanitizer's report is a failure, even where no test noticed it.
show_reports() {
  local report
  for report in "$reports/$1".*; do
    [[ -s $report ]] || continue
    failed+=("$1: a sanitizer's report: ${report#"$root"/}")
    cat "$report"
  done
}

stop_suites() {
  local running
  running=$(jobs -p)
  # shellcheck disable=SC2086
  [[ -z $running ]] || kill $running 2>/dev/null || true
}
trap stop_suites EXIT
trap 'exit 130' INT TERM

fetch_scenario_packages
rm -rf "$reports"
mkdir -p "$reports"
for preset in "${presets[@]}"; do test_preset "$preset"; done

if [[ ${presets[0]} == coverage ]]; then
  say "Lines and branches that ran"
  python3 tools/dev/coverage.py build/coverage || failed+=("coverage")
fi

say "Time spent: $(minutes $((SECONDS - begin)))"
printf '      %s\n' "${spent[@]}"
if ((${#failed[@]})); then
  say "FAILED:"
  printf '      %s\n' "${failed[@]}"
  exit 1
fi
say "Everything passed"
