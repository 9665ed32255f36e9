#!/usr/bin/env bash
# ./dev bench [--quick] [--json]: the micro benchmarks, then CPU per request beside Debian's nginx.
# Other options go to bench/compare.py.
# shellcheck source=tools/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need build bench
json=
min_time=0.5
for argument in "$@"; do
  case $argument in
    --json) json=1 ;;
    --quick) min_time=0.05 ;;
  esac
done

targets=(penstock penstock_load)
if [[ -n $(find src -name '*_bench.cc' -print -quit) ]]; then targets+=(micro_bench); fi
# With --json the standard output is the result and nothing else.
build release "${targets[@]}" >&2
if [[ " ${targets[*]} " == *" micro_bench "* && -z $json ]]; then
  say "Micro benchmarks"
  build/release/micro_bench --benchmark_min_time="$min_time"
fi
say "Penstock beside $(nginx -v 2>&1 | sed 's/.*: //'), load, origin and gateway on one core" >&2
exec python3 bench/compare.py "$@"
