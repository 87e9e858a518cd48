#!/usr/bin/env bash
# Measures hutch beside its peers: prints a table and writes JSON. See bench/README.md; called by `./hutch bench`.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for python in /usr/bin/python3 python3; do
    if command -v "$python" >/dev/null; then exec "$python" -B "$here/bench.py" "$@"; fi
done
echo "bench: python3 is missing; install the package python3" >&2
exit 2
