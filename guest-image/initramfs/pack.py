#!/usr/bin/env python3
"""Writes the guests' initramfs as an uncompressed newc cpio archive.

Usage: pack.py OUTPUT INIT AGENT [MODULES_FOLDER WANTED_LIST]

The same inputs give the same bytes: entries are sorted, every inode number is
counted up, owner, times and device are 0. Device nodes are only bytes in the
archive, so no privilege is needed. MODULES_FOLDER is a kernel's module tree with its modules.dep
(/lib/modules/VERSION); the modules go to /modules, their order to /modules/modules.list.
"""
import os
import stat
import sys

FOLDERS = ["dev", "proc", "sys", "run", "lower", "overlay", "merged"]
DEVICES = {"dev/console": (0o600, 5, 1), "dev/null": (0o666, 1, 3)}


class Archive:
    def __init__(self) -> None:
        self.entries: dict[str, tuple[int, bytes, int, int]] = {}

    def folder(self, name: str) -> None:
        self.entries[name] = (stat.S_IFDIR | 0o755, b"", 0, 0)

    def file(self, name: str, mode: int, content: bytes) -> None:
        self.entries[name] = (stat.S_IFREG | mode, content, 0, 0)

    def device(self, name: str, mode: int, major: int, minor: int) -> None:
        self.entries[name] = (stat.S_IFCHR | mode, b"", major, minor)

    def bytes(self) -> bytes:
        output = bytearray()
        records = [(name, *self.entries[name]) for name in sorted(self.entries)]
        records.append(("TRAILER!!!", 0, b"", 0, 0))
        for inode, (name, mode, content, major, minor) in enumerate(records, start=1):
            links = 2 if stat.S_ISDIR(mode) else 1
            encoded = name.encode() + b"\0"
            # inode, mode, uid, gid, links, mtime, size, device (2), node (2), name size, checksum
            fields = (inode, mode, 0, 0, links, 0, len(content), 0, 0, major, minor, len(encoded), 0)
            output += b"070701" + b"".join(b"%08x" % field for field in fields) + encoded
            output += b"\0" * (-len(output) % 4)
            output += content
            output += b"\0" * (-len(output) % 4)
        return bytes(output + b"\0" * (-len(output) % 512))


def read_lines(path: str) -> list[str]:
    with open(path, encoding="utf-8") as file:
        return [line for line in (raw.split("#")[0].strip() for raw in file) if line]


def read_file(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def module_order(folder: str, wanted: list[str]) -> list[str]:
    """Paths of the wanted modules and what they need, each after its needs."""
    needs = {}
    for line in read_lines(os.path.join(folder, "modules.dep")):
        path, _, rest = line.partition(":")
        needs[path] = rest.split()
    by_name = {os.path.basename(path).removesuffix(".ko").replace("-", "_"): path for path in needs}
    builtin = {
        os.path.basename(path).removesuffix(".ko").replace("-", "_")
        for path in read_lines(os.path.join(folder, "modules.builtin"))
    }
    order: list[str] = []

    def add(path: str) -> None:
        for need in reversed(needs[path]):
            add(need)
        if path not in order:
            order.append(path)

    for name in wanted:
        name = name.replace("-", "_")
        if name in by_name:
            add(by_name[name])
        elif name not in builtin:
            sys.exit(f"initramfs: the kernel in {folder} has no module '{name}' (an uncompressed .ko, or built in)")
    return order


def main(arguments: list[str]) -> None:
    if len(arguments) not in (3, 5):
        sys.exit(__doc__)
    output, init, agent = arguments[:3]
    archive = Archive()
    for name in FOLDERS:
        archive.folder(name)
    for name, (mode, major, minor) in DEVICES.items():
        archive.device(name, mode, major, minor)
    archive.file("init", 0o755, read_file(init))
    archive.file("agent", 0o755, read_file(agent))
    if len(arguments) == 5:
        folder, wanted = arguments[3:]
        order = module_order(folder, read_lines(wanted))
        archive.folder("modules")
        for path in order:
            archive.file("modules/" + os.path.basename(path), 0o644, read_file(os.path.join(folder, path)))
        names = "".join(os.path.basename(path) + "\n" for path in order)
        archive.file("modules/modules.list", 0o644, names.encode())
    with open(output, "wb") as file:
        file.write(archive.bytes())


if __name__ == "__main__":
    main(sys.argv[1:])
