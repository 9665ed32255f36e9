# shellcheck shell=bash
# What all commands of ./dev share; sourced, never run.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
# Debian's users do not have these, though nginx and haproxy are there.
PATH=$PATH:/usr/sbin:/sbin
jobs=$(nproc)

# shellcheck source=tools/dev/packages.sh
source "$root/tools/dev/packages.sh"

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
die() {
  printf './dev: %s\n' "$*" >&2
  exit 1
}

# Configures a preset where it is not yet, and builds the named targets (all without any).
build() {
  local preset=$1
  shift
  if [[ ! -f build/$preset/build.ninja ]]; then
    say "Configuring build/$preset"
    cmake --preset "$preset" >"$(log_file "configure-$preset")" 2>&1 ||
      { cat "build/logs/configure-$preset.log" >&2 && die "cmake could not configure '$preset'"; }
  fi
  say "Building build/$preset${1:+: $*}"
  cmake --build "build/$preset" --parallel "$jobs" ${1:+--target "$@"}
}

log_file() {
  mkdir -p build/logs
  echo "build/logs/$1.log"
}

# True if something listens on that port of the loopback interface.
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
