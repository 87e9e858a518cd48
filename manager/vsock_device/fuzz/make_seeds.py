#!/usr/bin/env python3
"""Writes the seed inputs of the fuzzers: make_seeds.py <directory>. Each is something that really happens; the fuzzers go on from it."""
import pathlib
import struct
import sys

USER = 0x70000000
GUEST = 0x10000000


def message(request, payload=b"", descriptors=0, flags=9):
    return struct.pack("<III", request, flags, len(payload)) + payload + bytes([descriptors])


def packet_seed():
    return struct.pack("<QQIIIHHIII", 3, 2, 1024, 8080, 0, 1, 1, 0, 262144, 0)


def vhost_user_seed(rings=3):
    memory, event = 1 | 0 << 2, 1 | 1 << 2  # one descriptor, of which kind: see descriptor() in vhost_user_fuzz.cpp
    out = message(3) + message(1, flags=1) + message(15, flags=1) + message(16, struct.pack("<Q", 1 << 3 | 1 << 5 | 1 << 9))
    out += message(21, descriptors=event) + message(2, struct.pack("<Q", 1 << 29 | 1 << 30 | 1 << 32))
    table = struct.pack("<IIQQQQ", 1, 0, GUEST, 0x10000, USER, 0)
    out += message(5, table.ljust(72, b"\0"), memory)
    for ring in range(rings):
        at = USER + 0x3000 * ring
        out += message(13, struct.pack("<Q", ring), event) + message(8, struct.pack("<II", ring, 64))
        out += message(10, struct.pack("<II", ring, 0))
        out += message(9, struct.pack("<IIQQQQ", ring, 0, at, at + 0x2000, at + 0x1000, 0))
    for ring in range(rings):
        out += message(12, struct.pack("<Q", ring), event) + message(18, struct.pack("<II", ring, 1))
    out += message(24, struct.pack("<IIIQ", 0, 8, 0, 0), flags=1)
    out += message(18, struct.pack("<II", 1, 0)) + message(11, struct.pack("<II", 0, 0), flags=1)
    return out


def scribble(at, data):
    return struct.pack("<HB", at, len(data)) + data


def virtqueue_seed(choices, flags, length=3):
    chain = b"".join(
        struct.pack("<QIHH", GUEST + 0x3000 + 64 * i, 64, flags | (1 if i + 1 < length else 0), i + 1) for i in range(length))
    available = struct.pack("<HHHH", 0, 2, 0, 0)
    return bytes([choices]) + struct.pack("<H", 0) + scribble(0, chain) + scribble(0x1000, available) + bytes([5, 5, 3, 1, 4, 5, 2, 3])


def guest(choices, port, operation=None, flags=0, credit=0x2000, payload=None):
    out = bytes([6, choices, port])
    if operation is not None:
        out += struct.pack("<H", operation)
    out += bytes([flags]) + struct.pack("<H", credit)
    if payload is not None:
        out += struct.pack("<H", payload)
    return out


def muxer_seed():
    buffers = bytes([5, 7])
    out = buffers * 4
    out += guest(32, 0, 1) + guest(0, 0, payload=100) + bytes([2, 0]) + struct.pack("<H", 100)  # request, data, read
    out += bytes([1, 0]) + struct.pack("<H", 9000) + guest(32, 0, 6)  # the host program writes, a credit update
    out += bytes([0, 1]) + guest(32, 1, 2) + bytes([1, 1]) + struct.pack("<H", 50)  # a host program connects, response
    out += guest(0, 0, payload=60000) * 6  # more than the window
    out += bytes([3, 0, 0]) + guest(32, 0, 4, flags=3) + bytes([4]) + struct.pack("<H", 20000) + guest(32, 1, 3)
    return out


SEEDS = {
    "vsock_packet_fuzz": {"request": packet_seed()},
    "vsock_vhost_user_fuzz": {"user-mode-linux": vhost_user_seed(), "two-rings": vhost_user_seed(2)},
    "vsock_virtqueue_fuzz": {
        "reads": virtqueue_seed(3, 0),
        "writes": virtqueue_seed(3 | 8, 2),
        "event-index": virtqueue_seed(3 | 16, 0),
        "one": virtqueue_seed(0, 0, 1),
    },
    "vsock_muxer_fuzz": {"session": muxer_seed()},
}

if __name__ == "__main__":
    for fuzzer, seeds in SEEDS.items():
        directory = pathlib.Path(sys.argv[1]) / fuzzer
        directory.mkdir(parents=True, exist_ok=True)
        for name, data in seeds.items():
            (directory / name).write_bytes(data)
