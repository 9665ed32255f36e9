#!/usr/bin/env bash
# fuzz_one.sh PROGRAM SECONDS: runs one libFuzzer program over the seeds of tests/corpus/NAME and what
# earlier runs and the scenarios (PENSTOCK_CORPUS) left in build/corpus/NAME. An input that fails is left
# in build/corpus/NAME.failed.
set -euo pipefail
program=$1
seconds=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
name=$(basename "$program")
corpus=$root/build/corpus/$name
seeds=$root/tests/corpus/$name
[[ -d $seeds ]] || {
  echo "$name has no seeds: put a handful of its inputs into tests/corpus/$name" >&2
  exit 1
}
mkdir -p "$corpus" "$corpus.failed"
exec "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
  -verbosity=0 -artifact_prefix="$corpus.failed/" "$corpus" "$seeds"
