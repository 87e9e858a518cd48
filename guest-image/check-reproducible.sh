#!/bin/bash
# Checks that the guest image is reproducible: builds kernel and initramfs twice,
# in two copies of this source in two folders, each with an empty cache, and
# compares them byte by byte; builds the root filesystem twice and compares its
# content (paths, types, modes, owners, times, sizes, link targets, SHA-256), and that the image holds just that.
#
#   check-reproducible.sh --bindir DIR [kernel] [initramfs] [rootfs]
#
# --bindir  holds hutch-init and hutch-agent. Without names: all three parts.
# Exit code 0: identical. 1: a difference, which is printed.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fail() { printf 'check-reproducible: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; }

programs=
parts=()
while [ $# -gt 0 ]; do
    case $1 in
        --bindir) [ $# -ge 2 ] || fail "--bindir needs a folder"; programs=$(realpath "$2"); shift ;;
        kernel | initramfs | rootfs) parts+=("$1") ;;
        -h | --help) usage; exit 0 ;;
        *) fail "unknown argument '$1' (see --help)" ;;
    esac
    shift
done
[ ${#parts[@]} -gt 0 ] || parts=(kernel initramfs rootfs)
if [[ " ${parts[*]} " = *" initramfs "* ]] && [ -z "$programs" ]; then usage >&2; exit 2; fi

work=$(mktemp -d "${TMPDIR:-/tmp}/hutch-reproducible.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Two folders whose paths differ in length, so that a path that leaks into an output is seen.
sides=("$work/a" "$work/another-folder")
for side in "${sides[@]}"; do
    mkdir -p "$side/source"
    cp -R "$here" "$side/source/guest-image"
    cp -R "$here/../common" "$side/source/common"
done

run() { # run PART SIDE: prints the folder that holds the outcome
    local image=$2/source/guest-image
    if [ "$1" = initramfs ]; then
        "$image/initramfs/build.sh" "$programs" "$2/initramfs"
    else
        XDG_CACHE_HOME="$2/cache" "$image/$1/build.sh"
    fi
}

different=0
for part in "${parts[@]}"; do
    case $part in
        kernel) file=linux ;;
        initramfs) file=initramfs.cpio ;;
        rootfs) file=content.txt ;;
    esac
    first=$(run "$part" "${sides[0]}") || fail "the first build of $part failed"
    second=$(run "$part" "${sides[1]}") || fail "the second build of $part failed"
    if [ "$part" = rootfs ]; then "$here/rootfs/verify.sh" "$first" || different=1; fi
    if cmp "$first/$file" "$second/$file"; then
        echo "$part: identical, $file $(sha256sum < "$first/$file" | cut -d' ' -f1)"
    else
        different=1
        echo "$part: $file differs"
        if [ "$part" = rootfs ]; then diff "$first/$file" "$second/$file" | head -n 40 || true; fi
    fi
done
exit "$different"
