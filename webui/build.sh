#!/bin/sh
# Builds the page: type check, unit tests, bundle.
# Usage: build.sh [<output folder>]
# Prints the folder that holds the finished page (one line on stdout); progress goes to stderr. With the same sources as before it only
# compares a hash. Needs npm; brings a newer Node.js itself where the installed one is too old.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
output=${1:-}

inputs() {
    cd "$here"
    find index.html package.json package-lock.json toolchain/package-lock.json tsconfig.json vite.config.ts build.sh public src \
        -type f | LC_ALL=C sort | xargs sha256sum
}

modules=$("$here/modules.sh" "$here")
key=$(inputs | sha256sum | cut -c1-16)
page=$modules/page-$key

if [ ! -d "$page" ]; then
    PATH=$("$here/node.sh"):$PATH
    export PATH
    # Beside node_modules, where the tools look for it.
    work=$modules/work.$$
    trap 'rm -rf "$work" "$page.tmp.$$"' EXIT
    mkdir "$work"
    export NO_COLOR=1
    (cd "$here" && cp -r index.html package.json tsconfig.json vite.config.ts public src "$work/")
    cd "$work"
    tool() {
        program=$1
        shift
        node "$modules/node_modules/$program" "$@" >&2
    }
    echo "webui: checking types" >&2
    tool typescript/bin/tsc --noEmit
    echo "webui: running unit tests" >&2
    tool vitest/vitest.mjs run --reporter=dot
    echo "webui: bundling" >&2
    tool vite/bin/vite.js build --logLevel=warn --emptyOutDir --outDir "$page.tmp.$$"
    mv -T "$page.tmp.$$" "$page" 2>/dev/null || [ -d "$page" ] # another build of the same may have been first
fi

if [ -z "$output" ]; then
    echo "$page"
    exit 0
fi
mkdir -p "$(dirname "$output")"
output=$(cd "$(dirname "$output")" && pwd)/$(basename "$output")
if [ -d "$output" ] && [ ! -e "$output/index.html" ] && [ -n "$(ls -A "$output")" ]; then
    echo "webui: $output exists and holds something else than the page; not replacing it" >&2
    exit 1
fi
if ! diff -rq "$page" "$output" >/dev/null 2>&1; then
    rm -rf "$output.tmp.$$"
    cp -r "$page" "$output.tmp.$$"
    rm -rf "$output"
    mv "$output.tmp.$$" "$output"
fi
echo "$output"
