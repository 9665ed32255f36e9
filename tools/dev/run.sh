#!/usr/bin/env bash
# ./dev run: the gateway with examples/quickstart.yaml before two demo instances, until Ctrl-C.
# shellcheck source=tools/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need build run
build release penstock penstock_demo

for port in 8080 9001 9002 9901; do
  if listens "$port"; then die "port $port of 127.0.0.1 is in use; the quick start needs 8080, 9001, 9002 and 9901"; fi
done

# In sessions of their own, so that Ctrl-C reaches this script alone and it ends them in order.
processes=()
start() {
  setsid "$@" &
  processes+=($!)
}
# shellcheck disable=SC2317
stop() {
  trap '' INT TERM
  trap - EXIT
  echo
  say "Stopping"
  kill -TERM "${processes[@]}" 2>/dev/null || true
  wait "${processes[@]}" 2>/dev/null || true
  say "All processes have ended"
  exit "${1:-0}"
}
trap 'stop 0' INT TERM
trap 'stop 1' EXIT

start build/release/penstock_demo serve demo-1 9001
start build/release/penstock_demo serve demo-2 9002
mkdir -p build/run
export STATE_DIRECTORY=$root/build/run
start build/release/penstock run --config examples/quickstart.yaml
gateway=${processes[2]}

say "Waiting until the gateway is ready"
for ((i = 0; i < 100; i++)); do
  kill -0 "$gateway" 2>/dev/null || { echo "The gateway has ended; its words are above." >&2 && exit 1; }
  [[ $(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9901/readyz) == 200 ]] && break
  sleep 0.1
done
((i < 100)) || { echo "The gateway is not ready after 10 s; its words are above." >&2 && exit 1; }

cat <<'TEXT'

Penstock serves on http://127.0.0.1:8080. Try, in another terminal:

  curl -i http://127.0.0.1:8080/api/hello/world       # one of the two instances answers
  curl -N http://127.0.0.1:8080/events                # server-sent events, as they happen
  curl -i http://127.0.0.1:8080/api/private/orders    # protected: 401 as application/problem+json

and, from this folder, a WebSocket through it, and what it has counted:

  build/release/penstock_demo ask 8080 /echo 'hello through the gateway'
  curl -s http://127.0.0.1:9901/metrics

The configuration is examples/quickstart.yaml. The access log follows. Ctrl-C ends all of it.

TEXT
status=0
wait "$gateway" || status=$?
echo "The gateway has ended by itself with status $status." >&2
exit 1
