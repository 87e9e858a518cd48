#!/bin/bash
# Builds everything a guest boots from and puts it into one folder.
#
#   build.sh --bindir DIR --out DIR [--packaged-kernel]
#
# --bindir  holds the static programs hutch-init and hutch-agent
# --out     gets kernel, rootfs.ext4 (links into the cache), initramfs.cpio and
#           manifest.json, which the manager reads; printed at the end
# --packaged-kernel  takes Debian's packaged user-mode kernel instead of ours
#
# Kernel and root filesystem are built side by side, or taken from the cache
# (${XDG_CACHE_HOME:-~/.cache}/hutch).
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fail() { printf 'guest-image: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; }

programs=
output=
kernel_arguments=()
while [ $# -gt 0 ]; do
    case $1 in
        --bindir | --out)
            [ $# -ge 2 ] || fail "$1 needs a folder"
            if [ "$1" = --bindir ]; then programs=$2; else output=$2; fi
            shift
            ;;
        --packaged-kernel) kernel_arguments=(--packaged) ;;
        -h | --help) usage; exit 0 ;;
        *) fail "unknown argument '$1' (see --help)" ;;
    esac
    shift
done
if [ -z "$programs" ] || [ -z "$output" ]; then usage >&2; exit 2; fi

mkdir -p "$output"
temporary=$(mktemp -d "$output/guest.tmp.XXXXXX")
builds=()
stop() {
    # Only what is still running after an error or an interruption.
    local build
    for build in "${builds[@]}"; do kill "$build" 2> /dev/null || true; done
    rm -rf "$temporary"
}
trap stop EXIT

# Runs one builder in the background: its progress gets a prefix, the folder it
# prints goes to a file.
start() { # start NAME [ARGUMENT…]
    local name=$1
    shift
    "$here/$name/build.sh" "$@" > "$temporary/$name" 2> >(sed -u "s/^/[$name] /" >&2) &
    builds+=($!)
}
start kernel "${kernel_arguments[@]}"
start rootfs
failed=
for index in 0 1; do
    wait "${builds[index]}" || failed="$failed $([ "$index" = 0 ] && echo kernel || echo rootfs)"
done
builds=()
[ -z "$failed" ] || fail "these parts could not be built:$failed (their own lines are above)"
kernel=$(cat "$temporary/kernel")
rootfs=$(cat "$temporary/rootfs")

# A packaged kernel comes with the modules that ours has built in.
modules=()
if [ -d "$kernel/modules" ]; then
    dependencies=$(find "$kernel/modules" -name modules.dep | head -n 1)
    [ -n "$dependencies" ] || fail "$kernel/modules has no modules.dep, so the modules' order is not known"
    modules=(--modules "$(dirname "$dependencies")")
fi
"$here/initramfs/build.sh" "$programs" "$output" "${modules[@]}" > /dev/null

python3 - "$kernel" "$rootfs" "$output" > "$temporary/manifest.json" << 'PYTHON'
import hashlib, json, os, sys

kernel, rootfs, output = sys.argv[1:]


def manifest_of(path):
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    content.pop("inputs", None)
    return content


with open(os.path.join(kernel, "linux"), "rb") as file:
    binary = file.read()
parts = {
    "kernel": manifest_of(os.path.join(kernel, "manifest.json")),
    "initramfs": manifest_of(os.path.join(output, "initramfs.manifest.json")),
    "rootfs": manifest_of(os.path.join(rootfs, "manifest.json")),
}
parts["kernel"] |= {"sha256": hashlib.sha256(binary).hexdigest(), "sizeBytes": len(binary)}
for part, file in {"kernel": "kernel", "initramfs": "initramfs.cpio", "rootfs": "rootfs.ext4"}.items():
    parts[part]["file"] = file
print(json.dumps(parts, indent=2, sort_keys=True))
PYTHON

ln -sfn "$kernel/linux" "$output/kernel"
ln -sfn "$rootfs/rootfs.ext4" "$output/rootfs.ext4"
cmp --silent "$temporary/manifest.json" "$output/manifest.json" || mv "$temporary/manifest.json" "$output/manifest.json"
echo "$output"
