#!/bin/sh
# Finds a Node.js fit for the page's tools, and prints the folder of its `node` and `npm` (one line on stdout).
# The one on PATH is taken when it is 20.19 or newer (22 from 22.12); else the packages pinned in toolchain/ are put into the
# cache: npm leaves out optional packages that ask for a newer node than the one it runs on, so a new npm on the new node is needed too.
# Needs npm, of any version.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hutch/webui-node

fit='const [a, b] = process.versions.node.split(".").map(Number);
process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)'

if command -v node >/dev/null 2>&1 && node -e "$fit"; then
    dirname "$(command -v node)"
    exit 0
fi

key=$(cat "$here/toolchain/package.json" "$here/toolchain/package-lock.json" | sha256sum | cut -c1-16)
if [ ! -e "$cache/$key/bin/node" ]; then
    echo "webui: fetching Node.js (once, about 40 MB)" >&2
    mkdir -p "$cache"
    (
        flock 9
        [ ! -e "$cache/$key/bin/node" ] || exit 0
        work=$cache/$key.tmp.$$
        trap 'rm -rf "$work"' EXIT
        mkdir -p "$work"
        cp "$here/toolchain/package.json" "$here/toolchain/package-lock.json" "$work/"
        (cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >&2)
        mkdir "$work/bin"
        for node in "$work"/node_modules/node-linux-*/bin/node; do
            ln -s "../${node#"$work/"}" "$work/bin/node"
        done
        ln -s ../node_modules/npm/bin/npm-cli.js "$work/bin/npm"
        PATH=$work/bin:$PATH npm --version >/dev/null
        rm -rf "${cache:?}/$key"
        mv "$work" "$cache/$key"
    ) 9>"$cache/$key.lock"
fi
echo "$cache/$key/bin"
