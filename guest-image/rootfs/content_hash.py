#!/usr/bin/env python3
"""Prints one line for each file of a tree: type, mode, owner, size, modification
time and content (or link target), sorted by path. Two trees are the same in
content exactly when the output is the same, so its SHA-256 is the content hash.

Usage: content_hash.py FOLDER   (under fakeroot where the tree was made there)
"""
import hashlib
import os
import stat
import sys


def describe(path: bytes) -> str:
    status = os.lstat(path)
    mode = status.st_mode
    if stat.S_ISREG(mode):
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        what = f"file {status.st_size} {digest.hexdigest()}"
    elif stat.S_ISLNK(mode):
        what = f"link {os.fsdecode(os.readlink(path))!r}"
    elif stat.S_ISDIR(mode):
        what = "directory"
    elif stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        what = f"device {os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    else:
        what = "other"
    return f"{stat.filemode(mode)} {status.st_uid}:{status.st_gid} {int(status.st_mtime)} {what}"


def walk(folder: bytes, shown: bytes) -> None:
    print(f"{os.fsdecode(shown)!r} {describe(folder)}")
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if stat.S_ISDIR(os.lstat(path).st_mode):
            walk(path, os.path.join(shown, name))
        else:
            print(f"{os.fsdecode(os.path.join(shown, name))!r} {describe(path)}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    walk(os.fsencode(sys.argv[1]), b"/")
