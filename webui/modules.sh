#!/bin/sh
# Installs what package-lock.json names into the cache, outside the tree, and prints the folder (one line on stdout).
# Usage: modules.sh <folder with package.json and package-lock.json>
set -eu

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$1" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hutch/webui
key=$(cat "$project/package.json" "$project/package-lock.json" | sha256sum | cut -c1-16)

if [ ! -d "$cache/$key/node_modules" ]; then
    echo "webui: installing npm packages of $(basename "$project") (once)" >&2
    mkdir -p "$cache"
    PATH=$("$here/node.sh"):$PATH
    export PATH
    (
        flock 9
        [ ! -d "$cache/$key/node_modules" ] || exit 0
        work=$cache/$key.tmp.$$
        trap 'rm -rf "$work"' EXIT
        mkdir -p "$work"
        cp "$project/package.json" "$project/package-lock.json" "$work/"
        (cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >&2)
        rm -rf "${cache:?}/$key"
        mv "$work" "$cache/$key"
    ) 9>"$cache/$key.lock"
fi
echo "$cache/$key"
