#!/bin/bash
# verify.sh FOLDER: checks that FOLDER/rootfs.ext4 holds exactly what
# FOLDER/content.txt lists, and that its SHA-256 is the one in FOLDER/manifest.json.
# Reads the image with debugfs; nothing is mounted, no privilege is needed.
set -euo pipefail
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(realpath "${1:?usage: verify.sh FOLDER}")
work=$(mktemp -d "${TMPDIR:-/tmp}/hutch-verify.XXXXXX")
trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT

digest=$(sed -n 's/^ *"sha256": "\([0-9a-f]*\)".*/\1/p' "$folder/manifest.json")
echo "$digest  $folder/rootfs.ext4" | sha256sum --check --quiet || {
    echo "rootfs: rootfs.ext4 is not the file that manifest.json describes" >&2
    exit 1
}
e2fsck -f -n "$folder/rootfs.ext4" > "$work/e2fsck" 2>&1 || { cat "$work/e2fsck" >&2; exit 1; }

mkdir "$work/tree"
# As an ordinary user debugfs complains about each file it cannot give away;
# owners and modes are read from the image itself.
debugfs -R "rdump / $work/tree" "$folder/rootfs.ext4" > /dev/null 2>&1
chmod -R u+rwX "$work/tree"
sed -n -E "s/^('.*'|\".*\") d.* directory\$/\1/p" "$folder/content.txt" |
    sed -E "s/^['\"](.*)['\"]\$/ls -p \"\1\"/" > "$work/commands"
debugfs -f "$work/commands" "$folder/rootfs.ext4" > "$work/listing" 2> /dev/null
python3 "$here/verify_listing.py" "$work/listing" "$work/tree" "$folder/content.txt"
