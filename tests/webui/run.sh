#!/bin/bash
# Runs the browser test against a build: a manager of its own, real guests, Debian's Chromium. See tests/webui/README.md.
#
# usage: tests/webui/run.sh [build folder]
#
# With HUTCH_URL and HUTCH_API_KEY set, that manager is used; it must have no VMs.
# HUTCH_SCREENSHOTS names a folder for pictures, HUTCH_GUEST_DIR and HUTCH_WEBUI_DIR folders other than the build's own.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
build=${1:-$repository/build/release}
export HUTCH_CHROMIUM=${HUTCH_CHROMIUM:-/usr/bin/chromium}
[[ -x $HUTCH_CHROMIUM ]] || { echo "tests/webui: no Chromium at $HUTCH_CHROMIUM; install the package chromium" >&2; exit 2; }
[[ -z ${HUTCH_SCREENSHOTS:-} ]] || HUTCH_SCREENSHOTS=$(mkdir -p "$HUTCH_SCREENSHOTS" && cd "$HUTCH_SCREENSHOTS" && pwd)

PATH=$("$repository/webui/node.sh"):$PATH
modules=$("$repository/webui/modules.sh" "$here")

manager=
scratch=$(mktemp -d "${TMPDIR:-/tmp}/hutch-webui.XXXXXX")
program=$(mktemp -d "$modules/run.XXXXXX") # beside node_modules, where node looks for it

clean_up() {
  if [[ -n $manager ]] && kill -0 "$manager" 2>/dev/null; then
    kill -TERM "$manager"
    wait "$manager" || true
  fi
  rm -rf "$scratch" "$program"
}
trap clean_up EXIT

free_port() {
  node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

# Starts a manager that sees no HUTCH_ variable but these.
start_manager() {
  local hutchd=$build/manager/hutchd guest=${HUTCH_GUEST_DIR:-$build/guest} page=${HUTCH_WEBUI_DIR:-} name
  [[ -x $hutchd ]] || { echo "tests/webui: no $hutchd; run ./hutch build, or name the build folder" >&2; exit 2; }
  [[ -n $page ]] || page=$("$repository/webui/build.sh")
  HUTCH_API_KEY=key-$(od -An -N20 -tx1 /dev/urandom | tr -d ' \n')
  HUTCH_URL=http://127.0.0.1:$(free_port)
  (
    settings=(HUTCH_LISTEN="${HUTCH_URL#http://}" HUTCH_DATA_DIR="$scratch/data" HUTCH_API_KEY="$HUTCH_API_KEY"
              HUTCH_GUEST_DIR="$guest" HUTCH_WEBUI_DIR="$page")
    for name in "${!HUTCH_@}"; do unset "$name"; done
    exec env "${settings[@]}" "$hutchd"
  ) </dev/null >"$scratch/hutchd.log" 2>&1 &
  manager=$!
  local tries
  for ((tries = 0; tries < 600; tries++)); do
    curl -fsS -o /dev/null --noproxy '*' "$HUTCH_URL/healthz" 2>/dev/null && return
    kill -0 "$manager" 2>/dev/null || break
    sleep 0.1
  done
  echo "tests/webui: the manager does not answer; its log:" >&2
  cat "$scratch/hutchd.log" >&2
  exit 1
}

if [[ -z ${HUTCH_URL:-} ]]; then
  start_manager
elif [[ -z ${HUTCH_API_KEY:-} ]]; then
  echo "tests/webui: HUTCH_URL is set, so HUTCH_API_KEY must be too" >&2
  exit 2
fi
export HUTCH_URL HUTCH_API_KEY

cp "$here"/*.mjs "$program/"
status=0
(cd "$program" && node --test --test-reporter=spec ./*.test.mjs) || status=$?

if [[ -n $manager ]]; then
  stopped=0
  kill -TERM "$manager"
  wait "$manager" || stopped=$?
  manager=
  if [[ $stopped -ne 0 ]]; then
    echo "tests/webui: hutchd ended with $stopped after SIGTERM" >&2
    status=1
  fi
  if [[ $status -ne 0 ]]; then
    echo "tests/webui: the end of the manager's log:" >&2
    tail -n 60 "$scratch/hutchd.log" >&2
  fi
fi
exit "$status"
