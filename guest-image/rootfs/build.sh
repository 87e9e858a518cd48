#!/bin/bash
# Builds the Debian root filesystem of the guests.
#
#   build.sh [--no-cache]     build if needed; prints the cache folder that holds
#                             rootfs.ext4, manifest.json, packages.txt, content.txt
#   build.sh --content-hash   build if needed; prints the hash of the tree's content
#   build.sh --key            prints the cache key and builds nothing
#
# Works as root and as an ordinary user (then with newuidmap and a range in
# /etc/subuid, as Debian's adduser sets up). Nothing is mounted.
# SOURCE_DATE_EPOCH sets the time of files that the build itself makes.
# The cache is ${XDG_CACHE_HOME:-~/.cache}/hutch.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hutch
suite=bookworm
image_name=debian-12

started=$SECONDS
progress() { printf '[%4ds] %s\n' "$((SECONDS - started))" "$*" >&2; }
fail() { printf 'guest-image/rootfs: %s\n' "$*" >&2; exit 1; }

# Every file that decides what the image holds.
input_files() {
    (cd "$here" && find packages.list runtimes.txt build.sh assemble.sh content_hash.py overlay -type f | sort)
}

# Content and, for the overlay, also which files may be executed.
input_hashes() {
    local file mode
    while IFS= read -r file; do
        if [ -x "$here/$file" ]; then mode=x; else mode=-; fi
        printf '%s %s %s\n' "$(sha256sum < "$here/$file" | cut -d' ' -f1)" "$mode" "$file"
    done < <(input_files)
}

read_list() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1"; }

# The machine's own mirror for one kind of Debian archive: $1 is the archive's
# label ("Debian", "Debian-Security"), $2 the folder it usually has on a mirror.
# Third-party sources have another origin and are never taken.
mirror_of() {
    local uri=
    if command -v apt-get > /dev/null; then
        # shellcheck disable=SC2016 # apt's own placeholders
        uri=$(apt-get indextargets --format '$(CREATED_BY)|$(COMPONENT)|$(ORIGIN)|$(LABEL)|$(REPO_URI)' 2> /dev/null |
            awk -F'|' -v label="$1" -v folder="$2" '
                $1 != "Packages" || $2 != "main" { next }
                $3 == "Debian" && $4 == label { print $5; exit }
                $3 !~ /^[A-Za-z]/ && $5 ~ ("/" folder "/?$") { print $5; exit }')
    fi
    echo "${uri:-http://deb.debian.org/$2}"
}

sources() {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg main security
    [ -r "$keyring" ] || fail "cannot read $keyring; install the package debian-archive-keyring"
    main=$(mirror_of Debian debian)
    security=$(mirror_of Debian-Security debian-security)
    echo "deb [signed-by=$keyring] $main $suite main"
    echo "deb [signed-by=$keyring] $main $suite-updates main"
    echo "deb [signed-by=$keyring] $security $suite-security main"
}

# Settings of the machine's apt that decide whether its mirror can be reached.
apt_options() {
    local line
    while IFS= read -r line; do
        printf '%s\n' "--aptopt=$line"
    done < <(apt-config dump | grep -E '^Acquire::(https?::(Proxy|Timeout)|https::(CaInfo|Verify-)|Check-Date|Check-Valid-Until|Retries|ForceIPv)' |
        grep -v ' "";$' || true)
}

# Fetches one npm package into the download cache and prints the file's path.
fetch_npm() {
    local name=$1 version=$2 integrity=$3 digest file folder
    digest=$(printf '%s' "${integrity#sha512-}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
    file=$cache/downloads/$digest.tgz
    if [ ! -f "$file" ]; then
        progress "fetching $name $version from npm"
        folder=$(mktemp -d "$cache/downloads/tmp.XXXXXX")
        (cd "$folder" && npm pack --silent "$name@$version" > /dev/null) ||
            fail "npm could not fetch $name@$version; is the registry reachable ('npm ping')?"
        echo "$digest  $(echo "$folder"/*.tgz)" | sha512sum --check --quiet >&2 ||
            fail "$name@$version is not what runtimes.txt pins (integrity differs)"
        mv "$folder"/*.tgz "$file"
        rmdir "$folder"
    fi
    echo "$file"
}

build() {
    local work=$1 packages name version integrity options tool
    for tool in mmdebstrap mkfs.ext4 npm python3 apt-config; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$tool" > /dev/null ||
            fail "$tool is missing; install the packages mmdebstrap, e2fsprogs, npm, python3, apt"
    done
    if [ "$(id -u)" != 0 ]; then
        command -v fakeroot > /dev/null || fail "fakeroot is missing; install the package fakeroot"
        command -v newuidmap > /dev/null || fail "newuidmap is missing; install the package uidmap"
    fi

    mkdir -p "$cache/downloads"
    : > "$work/runtimes"
    while read -r name version integrity; do
        fetch_npm "$name" "$version" "$integrity" > "$work/fetched"
        printf '%s %s %s\n' "$name" "$version" "$(cat "$work/fetched")" >> "$work/runtimes"
    done < <(read_list "$here/runtimes.txt")

    packages=$(read_list "$here/packages.list" | paste -sd,)
    mapfile -t options < <(apt_options)
    date +%s > "$work/build-start"
    progress "installing Debian $suite (minbase and $(read_list "$here/packages.list" | wc -l) packages)"
    sources > "$work/sources.list"
    # SOURCE_DATE_EPOCH stays unset here: with it Python writes bytecode that
    # has to be checked against its source at every import.
    env -u SOURCE_DATE_EPOCH mmdebstrap --quiet --variant=minbase --architectures=amd64 --format=tar \
        --include="$packages" --dpkgopt="$here/overlay/etc/dpkg/dpkg.cfg.d/no-documentation" \
        "${options[@]}" "$suite" "$work/debian.tar" "$work/sources.list" 2> "$work/mmdebstrap.log" >&2 || {
        tail -n 30 "$work/mmdebstrap.log" >&2
        fail "mmdebstrap could not install Debian $suite (its last lines are above)"
    }

    progress "assembling the tree and the ext4 image"
    if [ "$(id -u)" = 0 ]; then
        "$here/assemble.sh" "$work"
    else
        fakeroot "$here/assemble.sh" "$work"
    fi

    python3 - "$work" "$image_name" "$suite" "$(input_hashes)" << 'PYTHON'
import hashlib, json, os, sys
work, name, suite, inputs = sys.argv[1:]
image = os.path.join(work, "rootfs.ext4")
digest = hashlib.sha256()
with open(image, "rb") as file:
    while block := file.read(1 << 20):
        digest.update(block)
runtimes = [line.split()[:2] for line in open(os.path.join(work, "runtimes"))]
manifest = {
    "name": name,
    "description": "Debian 12 with bash, git, Node.js, npm, Deno and Python",
    "format": "ext4",
    "sha256": digest.hexdigest(),
    "sizeBytes": os.path.getsize(image),
    "contentSha256": open(os.path.join(work, "content.sha256")).read().strip(),
    "suite": suite,
    "runtimes": dict(runtimes),
    "inputs": {line.split(None, 2)[2]: line.split()[0] for line in inputs.splitlines()},
}
with open(os.path.join(work, "manifest.json"), "w") as file:
    json.dump(manifest, file, indent=2, sort_keys=True)
    file.write("\n")
PYTHON
    rm -rf "$work/tree" "$work/debian.tar" "$work/runtimes" "$work/fetched" "$work/build-start" \
        "$work/sources.list" "$work/mmdebstrap.log" "$work/content.sha256"
    chmod 0444 "$work"/*
}

mode=build
for argument in "$@"; do
    case $argument in
        --no-cache) mode=rebuild ;;
        --content-hash) mode=content-hash ;;
        --key) mode=key ;;
        -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
        *) fail "unknown argument '$argument' (see --help)" ;;
    esac
done

key=$({ input_hashes; echo "epoch ${SOURCE_DATE_EPOCH:-default}"; } | sha256sum | cut -c1-20)
if [ "$mode" = key ]; then
    echo "$key"
    exit 0
fi
target=$cache/rootfs/$key
mkdir -p "$cache/rootfs"
exec 9> "$cache/rootfs/.lock"
flock --nonblock 9 || { progress "waiting for another build of the root filesystem"; flock 9; }

rm -rf "$cache"/rootfs/*.tmp.* # of builds that were killed
if [ "$mode" = rebuild ] || [ ! -f "$target/manifest.json" ]; then
    work=$target.tmp.$$
    trap 'rm -rf "$work"' EXIT
    mkdir "$work"
    build "$work" >&2
    if [ -e "$target" ]; then mv "$target" "$target.tmp.$$.old"; fi
    mv "$work" "$target"
    rm -rf "$target.tmp.$$.old"
    progress "root filesystem ready: $(du -h --apparent-size "$target/rootfs.ext4" | cut -f1) in $target"
fi

if [ "$mode" = content-hash ]; then
    sed -n 's/.*"contentSha256": "\([0-9a-f]*\)".*/\1/p' "$target/manifest.json"
else
    echo "$target"
fi
