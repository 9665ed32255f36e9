#!/usr/bin/env bash
# fuzz_one.sh PROGRAM SECONDS: runs one libFuzzer program over build/corpus/NAME, with the seeds of
# tests/corpus/NAME where there are some. An input that fails is left in build/corpus/NAME.failed.
set -euo pipefail
program=$1
seconds=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
name=$(basename "$program")
corpus=$root/build/corpus/$name
mkdir -p "$corpus" "$corpus.failed"
folders=("$corpus")
if [[ -d $root/tests/corpus/$name ]]; then folders+=("$root/tests/corpus/$name"); fi
exec "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
  -verbosity=0 -artifact_prefix="$corpus.failed/" "${folders[@]}"
