#!/bin/bash
# Builds the user-mode Linux kernel of the guests.
#
#   build.sh [--update]                 build if needed; prints the cache folder with linux, config, manifest.json
#   build.sh --packaged                 Debian's packaged user-mode-linux instead: linux, modules/, manifest.json
#   build.sh --no-cache --out DIR       build anew into DIR, whatever the cache holds (to compare two builds)
#   build.sh --key                      print the cache key (fetches the source package, builds nothing)
#
# The source is Debian's package linux-source-7.2, or a newer 7.x when there is no 7.2; it stays in the cache, and
# --update looks for a newer one. When no suite has one, the packaged kernel is the fallback, with a warning.
# Configuration: allnoconfig plus config.fragment. Changes of our own: patches/*.patch. The same inputs give the same
# bytes, in any folder. Runs as root or ordinary user; about 5 minutes on 2 cores, nothing when there is nothing to do.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C TZ=UTC
umask 022

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fetch=$here/../../common/build/fetch-debian.sh
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hutch
series=(7.2 7.3 7.4 7.5 7.6 7.7 7.8 7.9)
source_suites=sid,trixie-backports
packaged_suites=bookworm,trixie,sid

started=$SECONDS
progress() { printf '[%4ds] %s\n' "$((SECONDS - started))" "$*" >&2; }
fail() { printf 'guest-image/kernel: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; }
sha256() { sha256sum < "$1" | cut -d' ' -f1; }

mode=build update=no use_cache=yes output=
while [ $# -gt 0 ]; do
    case $1 in
        --update) update=yes ;;
        --packaged) mode=packaged ;;
        --key) mode=key ;;
        --no-cache) use_cache=no ;;
        --out) [ $# -ge 2 ] || fail "--out needs a folder"; output=$2; shift ;;
        -h | --help) usage; exit 0 ;;
        *) fail "unknown argument '$1' (see --help)" ;;
    esac
    shift
done
if [ "$use_cache" = no ] && [ -z "$output" ]; then fail "--no-cache needs --out DIR"; fi
if [ "$use_cache" = yes ] && [ -n "$output" ]; then fail "--out goes with --no-cache only; otherwise the outcome is in the cache"; fi

need_tools() {
    local tool missing=()
    for tool in "$@"; do
        command -v "${tool%%:*}" > /dev/null || missing+=("${tool##*:}")
    done
    [ ${#missing[@]} = 0 ] || fail "missing tools; run: apt-get install $(printf '%s\n' "${missing[@]}" | sort -u | tr '\n' ' ')"
}

# --- Source package

# The newest package of a series that is in the cache already.
cached_source() {
    find "$sources" -maxdepth 1 -name "linux-source-$1_*.deb" 2> /dev/null | sort -V | tail -n 1
}

# Sets source_deb, or returns 1 when no suite has a source that is new enough.
find_source() {
    sources=$cache/kernel-source
    source_deb=
    local version code
    if [ "$update" = no ]; then
        for version in "${series[@]}"; do
            source_deb=$(cached_source "$version")
            [ -z "$source_deb" ] || return 0
        done
    fi
    mkdir -p "$sources"
    for version in "${series[@]}"; do
        progress "looking for Debian's linux-source-$version"
        code=0
        source_deb=$("$fetch" binary "$source_suites" "linux-source-$version" "$sources") || code=$?
        [ "$code" != 0 ] || return 0
        source_deb=$(cached_source "$version")
        if [ -n "$source_deb" ]; then
            progress "going on with $(basename "$source_deb") from the cache"
            return 0
        fi
        [ "$code" = 3 ] || [ "$code" = 4 ] || fail "cannot fetch the kernel source (see above)"
    done
    return 1
}

# --- Inputs

# The kernel is static, so the C library is part of it; compiler and linker decide on every byte.
toolchain() {
    gcc --version | head -n 1
    ld --version | head -n 1
    dpkg-query -W -f '${Package} ${Version}\n' libc6-dev 2> /dev/null || true
}

# Name and hash of everything of ours that decides on the outcome: files, and of this script the steps that do.
own_inputs() {
    local file hash
    printf 'steps %s\n' "$(declare -f unpack apply_patches kernel_make configure compile | sha256sum | cut -d' ' -f1)"
    for file in "$here/config.fragment" "$here"/patches/*.patch; do
        hash=$(sha256 "$file")
        printf '%s %s\n' "${file#"$here/"}" "$hash"
    done
}

hash_of_source() { # kept beside it, for it takes longer than everything else when there is nothing to do
    if [ ! -e "$1.sha256" ] || [ "$1" -nt "$1.sha256" ]; then sha256 "$1" > "$1.sha256"; fi
    cat "$1.sha256"
}

# --- Build

unpack() {
    progress "unpacking $(basename "$source_deb")"
    local archive name
    mkdir "$tree"
    archive=$(dpkg-deb --fsys-tarfile "$source_deb" | tar -t | grep -m 1 'linux-source-[^/]*\.tar\.[a-z]*$' || true)
    [ -n "$archive" ] || fail "$source_deb holds no kernel source archive"
    name=$(basename "$archive"); name=${name%.tar.*}
    dpkg-deb --fsys-tarfile "$source_deb" | tar -xO "$archive" |
        tar -x -J -C "$tree" --strip-components=1 \
            --exclude="$name/Documentation/*/*" --exclude="$name/arch/*/boot/dts/*" --exclude="$name/tools/testing/*"
    # Tells when Debian packed this source: the kernel's own date, so that it is the same in every build.
    source_date=$(stat --format=%Y "$tree/Makefile")
}

apply_patches() {
    local file
    for file in "$here"/patches/*.patch; do
        progress "applying $(basename "$file")"
        patch --directory="$tree" --strip=1 --fuzz=0 --no-backup-if-mismatch --quiet < "$file" ||
            fail "$(basename "$file") does not apply to $(basename "$source_deb")"
    done
}

# make in the tree, with nothing of this machine or this moment in the outcome. Without unwind tables the kernel is a
# tenth smaller, and powers off 15 ms sooner (its C library would sort them all to end a thread).
kernel_make() {
    env -i PATH="$PATH" HOME="$tree" LC_ALL=C TZ=UTC \
        make -C "$tree" ARCH=um \
        KBUILD_BUILD_TIMESTAMP="$(date --utc --date="@$source_date" '+%Y-%m-%d %H:%M:%S UTC')" \
        KBUILD_BUILD_USER=hutch KBUILD_BUILD_HOST=hutch KBUILD_BUILD_VERSION=1 \
        KCFLAGS="-ffile-prefix-map=$tree=. -fno-asynchronous-unwind-tables -fno-unwind-tables" "$@"
}

configure() {
    progress "configuring"
    if ! { kernel_make --silent KCONFIG_ALLCONFIG="$here/config.fragment" allnoconfig &&
        kernel_make --silent olddefconfig; } > "$log" 2>&1; then
        tail -n 20 "$log" >&2
        fail "configuring failed"
    fi
    local line symbol refused=()
    while IFS= read -r line; do
        case $line in
            CONFIG_*=*)
                grep -qxF "$line" "$tree/.config" || refused+=("$line") ;;
            '# CONFIG_'*' is not set')
                symbol=${line#\# }; symbol=${symbol% is not set}
                if grep -q "^$symbol=" "$tree/.config"; then refused+=("$line"); fi ;;
        esac
    done < "$here/config.fragment"
    [ ${#refused[@]} = 0 ] || fail "this kernel does not take these lines of config.fragment (renamed, or a dependency is missing): $(printf '%s; ' "${refused[@]}")"
}

# A line for every hundredth compiled file of make's output.
show_progress() {
    local line files=0
    while IFS= read -r line; do
        case $line in
            '  CC '* | '  AS '* | '  HOSTCC '*)
                files=$((files + 1))
                [ $((files % 100)) != 0 ] || progress "compiled $files files" ;;
        esac
    done
}

compile() {
    kernel_make -j"$jobs" linux 2>&1 | tee "$log" | show_progress ||
        { grep -v '^  [A-Z]* ' "$log" | tail -n 30 >&2; fail "compiling failed"; }
    strip --strip-all -o "$1/linux" "$tree/linux"
    chmod 755 "$1/linux"
    cp "$tree/.config" "$1/config"
}

json_string() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

write_manifest() { # DIR; the inputs and what came out
    local name hash separator=''
    {
        printf '{\n  "kind": "built",\n  "version": %s,\n' "$(json_string "$(kernel_make --silent kernelrelease)")"
        printf '  "inputs": {\n    "source": { "package": %s, "version": %s, "sha256": "%s" },\n' \
            "$(json_string "$(dpkg-deb --field "$source_deb" Package)")" "$(json_string "$(dpkg-deb --field "$source_deb" Version)")" "$source_hash"
        printf '    "toolchain": [ %s ],\n    "own": {' "$(toolchain | while IFS= read -r name; do json_string "$name"; echo; done | paste -sd, -)"
        own_inputs | while read -r name hash; do
            printf '%s\n      %s: "%s"' "$separator" "$(json_string "$name")" "$hash"
            separator=,
        done
        printf '\n    }\n  },\n  "configSha256": "%s",\n  "sha256": "%s",\n  "sizeBytes": %s\n}\n' \
            "$(sha256 "$1/config")" "$(sha256 "$1/linux")" "$(stat --format=%s "$1/linux")"
    } > "$1/manifest.json"
}

# Builds into the existing folder $1.
build_into() { # DIR
    tree=$1/tree log=$1/build.log
    unpack
    apply_patches
    configure
    jobs=$(nproc)
    progress "compiling with $jobs jobs (about 900 files; 5 minutes on 2 idle cores)"
    compile "$1"
    write_manifest "$1"
    rm -rf "$tree" "$log"
    progress "kernel ready: $(stat --format=%s "$1/linux") bytes"
}

# --- Debian's packaged kernel: no compiler run, but slower; everything it lacks built in comes as modules

interpreter=/lib64/ld-linux-x86-64.so.2
library=/lib/x86_64-linux-gnu/libc.so.6

# Sets package_deb.
find_package() {
    local folder=$cache/kernel-source
    mkdir -p "$folder"
    package_deb=
    if [ "$update" = no ]; then package_deb=$(find "$folder" -maxdepth 1 -name 'user-mode-linux_*.deb' | sort -V | tail -n 1); fi
    [ -n "$package_deb" ] || package_deb=$("$fetch" binary "$packaged_suites" user-mode-linux "$folder") ||
        fail "cannot fetch Debian's user-mode-linux either (see above)"
}

package_into() { # DIR
    local work=$1/tree release size
    progress "unpacking $(basename "$package_deb")"
    mkdir "$work"
    dpkg-deb --extract "$package_deb" "$work/package"
    # One file that needs nothing else: see packaged_launcher.c. The interpreter's path is replaced in place.
    cp "$interpreter" "$work/ld.so"
    cp "$library" "$work/libc.so.6"
    [ "$(grep -aoF "$interpreter" "$work/package/usr/bin/linux.uml" | wc -l)" = 1 ] ||
        fail "the packaged kernel does not name the program interpreter $interpreter just once"
    size=${#interpreter}
    LC_ALL=C sed "s|$interpreter|./ld.so$(printf '%*s' $((size - 7)) '' | sed 's/ /\\x00/g')|" "$work/package/usr/bin/linux.uml" > "$work/kernel"
    (cd "$work" && gcc -static -Os -Wall -Wextra -Werror -Wa,-I. -s -o "$1/linux" "$here/packaged_launcher.c")
    chmod 755 "$1/linux"
    release=$(cd "$work/package/usr/lib/uml/modules" && echo *)
    [ -f "$work/package/usr/lib/uml/modules/$release/modules.dep" ] || fail "the package has no modules.dep for $release"
    mv "$work/package/usr/lib/uml/modules/$release" "$1/modules"
    {
        printf '{\n  "kind": "packaged",\n  "version": %s,\n' "$(json_string "$release")"
        printf '  "inputs": {\n    "package": { "package": "user-mode-linux", "version": %s, "sha256": "%s" },\n' \
            "$(json_string "$(dpkg-deb --field "$package_deb" Version)")" "$(hash_of_source "$package_deb")"
        printf '    "interpreterSha256": "%s",\n    "librarySha256": "%s"\n  },\n' "$(sha256 "$interpreter")" "$(sha256 "$library")"
        printf '  "sha256": "%s",\n  "sizeBytes": %s\n}\n' "$(sha256 "$1/linux")" "$(stat --format=%s "$1/linux")"
    } > "$1/manifest.json"
    rm -rf "$work"
    progress "packaged kernel $release ready"
}

# --- The cache: built aside, then renamed into place; one build at a time.

from_cache() { # KEY BUILDER: prints the folder
    local key=$1 builder=$2 folder=$cache/kernel/$1
    if [ ! -f "$folder/manifest.json" ]; then
        mkdir -p "$cache/kernel"
        exec 8> "$cache/kernel/lock"
        flock --nonblock 8 || { progress "waiting for another build to end"; flock 8; }
        if [ ! -f "$folder/manifest.json" ]; then
            # What an interrupted build left behind, for nobody else can be building now.
            rm -rf "$cache/kernel/"*.tmp.* "$folder"
            mkdir "$folder.tmp.$$"
            trap 'rm -rf "$folder.tmp.$$"' EXIT
            "$builder" "$folder.tmp.$$"
            mv "$folder.tmp.$$" "$folder"
            trap - EXIT
        fi
        exec 8>&-
    fi
    echo "$folder"
}

into_output() { # BUILDER
    mkdir -p "$output"
    output=$(cd "$output" && pwd)
    rm -rf "$output/tree" "$output/modules" "$output/linux" "$output/config" "$output/manifest.json"
    "$1" "$output"
    echo "$output"
}

need_tools dpkg-deb:dpkg apt-get:apt flock:util-linux xz:xz-utils tar:tar

if [ "$mode" != packaged ] && ! find_source; then
    [ "$mode" != key ] || fail "no kernel source found, so there is no key"
    progress "WARNING: none of the suites $source_suites has linux-source-7.2 or newer; taking Debian's packaged user-mode-linux, which is slower to boot and to run"
    mode=packaged
fi

need_tools gcc:gcc make:make flex:flex bison:bison bc:bc patch:patch strip:binutils
if [ "$mode" = packaged ]; then
    find_package
    source_hash=$(hash_of_source "$package_deb")
    key=packaged-$({ echo "$source_hash"; toolchain; declare -f package_into; sha256 "$here/packaged_launcher.c"; sha256 "$interpreter"; sha256 "$library"; } |
        sha256sum | cut -c1-20)
    builder=package_into
else
    source_hash=$(hash_of_source "$source_deb")
    key=$({ echo "$source_hash"; toolchain; own_inputs; } | sha256sum | cut -c1-20)
    builder=build_into
fi
if [ "$mode" = key ]; then
    echo "$key"
elif [ "$use_cache" = no ]; then
    into_output "$builder"
else
    from_cache "$key" "$builder"
fi
