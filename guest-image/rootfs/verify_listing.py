#!/usr/bin/env python3
"""Compares an image's listing and files with a content list; used by verify.sh.

Usage: verify_listing.py LISTING TREE CONTENT
LISTING is debugfs' output of `ls -p "FOLDER"` for each folder, TREE what its rdump wrote, CONTENT
what content_hash.py printed. Modification times are not compared (rdump does not keep a link's).
"""
import hashlib
import os
import re
import stat
import sys

COMMAND = re.compile(r'^debugfs: +ls -p "(.*)"$')
ENTRY = re.compile(r"^/(\d+)/(\d+)/(\d+)/(\d+)/([^/]*)/(\d*)/$")


def content_of(path: str, mode: int) -> str:
    if stat.S_ISREG(mode):
        with open(path, "rb") as file:
            data = file.read()
        return f"file {len(data)} {hashlib.sha256(data).hexdigest()}"
    if stat.S_ISLNK(mode):
        return f"link {os.readlink(path)!r}"
    return "directory" if stat.S_ISDIR(mode) else "other"


def read_image(listing: str, tree: str) -> set[str]:
    found = set()
    folder = ""
    with open(listing, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            if command := COMMAND.match(line.rstrip("\n")):
                folder = command[1]
            elif entry := ENTRY.match(line.rstrip("\n")):
                _, octal, user, group, name, _ = entry.groups()
                if name == ".." or (name == "." and folder != "/"):
                    continue
                path = folder if name == "." else os.path.join(folder, name)
                if path == "/lost+found":  # mkfs makes it
                    continue
                mode = int(octal, 8)
                what = content_of(tree + path, mode)
                found.add(f"{path!r} {stat.filemode(mode)} {user}:{group} {what}")
    return found


def read_content(content: str) -> set[str]:
    expected = set()
    with open(content, encoding="utf-8") as file:
        for line in file:
            # 'path' mode owner TIME what
            expected.add(re.sub(r"^(.* \S{10} \d+:\d+) \d+ ((?:file|link|directory|device|other).*)$", r"\1 \2", line.rstrip("\n")))
    return expected


def main(arguments: list[str]) -> None:
    if len(arguments) != 3:
        sys.exit(__doc__)
    listing, tree, content = arguments
    found, expected = read_image(listing, tree), read_content(content)
    for line in sorted(found - expected)[:20]:
        print(f"rootfs: only in the image: {line}", file=sys.stderr)
    for line in sorted(expected - found)[:20]:
        print(f"rootfs: not in the image: {line}", file=sys.stderr)
    if found != expected:
        sys.exit(1)
    print(f"rootfs: the image holds exactly the {len(expected)} files of its content list")


if __name__ == "__main__":
    main(sys.argv[1:])
