# shellcheck shell=bash
# Configuring and compiling. Sourced by ./hutch and tests/all.sh, which run in the top folder.

readonly hutch_cache="${XDG_CACHE_HOME:-$HOME/.cache}/hutch"
readonly hutch_started=$SECONDS

say() { printf '\033[1m[hutch %4ds]\033[0m %s\n' "$((SECONDS - hutch_started))" "$*" >&2; }
die() { printf 'hutch: %s\n' "$*" >&2; exit 1; }

# Debian's newest cpp-httplib, split into a header and one source file. Prints the folder.
httplib_folder() {
    local key folder
    key=$(sha256sum common/build/fetch-debian.sh | cut -c1-16)
    folder="$hutch_cache/cpp-httplib/$key"
    if [ ! -e "$folder/httplib.cc" ]; then
        say "fetching cpp-httplib's source package"
        local unpacked
        mkdir -p "$folder.tmp.$$"
        unpacked=$(common/build/fetch-debian.sh source trixie-backports,sid cpp-httplib "$folder.tmp.$$/source") ||
            die "cpp-httplib's source package cannot be fetched (above); it is needed from trixie-backports or sid"
        python3 "$unpacked/split.py" --out "$folder.tmp.$$/split" >&2
        rm -rf "$folder"
        mv "$folder.tmp.$$/split" "$folder"
        rm -rf "$folder.tmp.$$"
    fi
    echo "$folder"
}

# configure_and_build PRESET [TARGET…]
configure_and_build() {
    local preset=$1 httplib launcher=() targets=()
    shift
    httplib=$(httplib_folder)
    if command -v ccache >/dev/null; then
        launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    fi
    mkdir -p "build/$preset"
    cmake --preset "$preset" "-DHUTCH_HTTPLIB_DIR=$httplib" "${launcher[@]}" >"build/$preset/configure.log" 2>&1 ||
        { cat "build/$preset/configure.log" >&2; die "cmake could not configure the $preset preset (above)"; }
    say "compiling ($preset)"
    [ $# -eq 0 ] || targets=(--target "$@")
    NINJA_STATUS="[%f/%t %es] " cmake --build "build/$preset" "${targets[@]}" >&2
}
