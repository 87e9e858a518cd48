#!/bin/bash
# Packs the initramfs of the guests.
#
#   build.sh BINDIR OUT [--modules DIR]
#
# BINDIR holds the static programs hutch-init and hutch-agent. Writes
# OUT/initramfs.cpio and OUT/initramfs.manifest.json and prints OUT. DIR is the
# module tree (the folder with modules.dep) of a packaged kernel that has not
# everything built in. An archive that is already right is left as it is.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fail() { printf 'guest-image/initramfs: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; }

modules=
positional=()
while [ $# -gt 0 ]; do
    case $1 in
        --modules) [ $# -ge 2 ] || fail "--modules needs a folder"; modules=$2; shift ;;
        -h | --help) usage; exit 0 ;;
        -*) fail "unknown argument '$1' (see --help)" ;;
        *) positional+=("$1") ;;
    esac
    shift
done
[ ${#positional[@]} = 2 ] || { usage >&2; exit 2; }
programs=${positional[0]}
output=${positional[1]}

for program in hutch-init hutch-agent; do
    [ -x "$programs/$program" ] || fail "there is no program $programs/$program; build the CMake target $program first"
    # Nothing but these two is in the archive, so no loader could be found at run time.
    if readelf --program-headers "$programs/$program" 2> /dev/null | grep -q INTERP; then
        fail "$programs/$program is linked dynamically; it has to be static"
    fi
done

mkdir -p "$output"
temporary=$(mktemp -d "$output/initramfs.tmp.XXXXXX")
trap 'rm -rf "$temporary"' EXIT

arguments=("$temporary/initramfs.cpio" "$programs/hutch-init" "$programs/hutch-agent")
if [ -n "$modules" ]; then
    [ -f "$modules/modules.dep" ] || fail "$modules is not a module tree: it has no modules.dep"
    arguments+=("$modules" "$here/modules.list")
fi
python3 "$here/pack.py" "${arguments[@]}"

sha256() { sha256sum < "$1" | cut -d' ' -f1; }
{
    printf '{\n  "format": "cpio-newc",\n'
    printf '  "sha256": "%s",\n' "$(sha256 "$temporary/initramfs.cpio")"
    printf '  "sizeBytes": %s,\n  "inputs": {\n' "$(stat --format=%s "$temporary/initramfs.cpio")"
    printf '    "hutch-agent": "%s",\n' "$(sha256 "$programs/hutch-agent")"
    printf '    "hutch-init": "%s",\n' "$(sha256 "$programs/hutch-init")"
    if [ -n "$modules" ]; then
        printf '    "modules.dep": "%s",\n' "$(sha256 "$modules/modules.dep")"
        printf '    "modules.list": "%s",\n' "$(sha256 "$here/modules.list")"
    fi
    printf '    "pack.py": "%s"\n  }\n}\n' "$(sha256 "$here/pack.py")"
} > "$temporary/initramfs.manifest.json"

for file in initramfs.cpio initramfs.manifest.json; do
    cmp --silent "$temporary/$file" "$output/$file" || mv "$temporary/$file" "$output/$file"
done
echo "$output"
