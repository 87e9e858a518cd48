"""The peer QEMU with its own translator (no KVM), where it is installed: machine microvm, Debian's cloud kernel and a tiny init."""

import gzip
import os
import re
import select
import shutil
import subprocess
import time

import artefacts
from hutch import BenchError
from peers import Sandbox, Unavailable

START_SECONDS = 120


def cpio_entry(name, mode, content=b"", device=(0, 0)):
    """One entry of a cpio archive in the newc format."""
    fields = [1, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name) + 1, 0]
    header = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    header += b"\0" * (-len(header) % 4)
    return header + content + b"\0" * (-len(content) % 4)


class QemuTcg:
    name = "qemu-tcg"

    def __init__(self, programs_folder):
        self.program = shutil.which("qemu-system-x86_64")
        if not self.program:
            raise Unavailable("not installed (package qemu-system-x86)")
        self.kernel = self._debian_kernel()
        self.initrd = artefacts.cached("bench-initrd", artefacts.key_of("1", programs_folder), lambda folder: self._write_initrd(
            folder, programs_folder)) / "initrd.gz"
        self.flags = ["-M", "microvm,acpi=off", "-accel", "tcg", "-cpu", "max", "-m", "128M", "-smp", "1", "-nodefaults", "-no-user-config",
                      "-display", "none", "-no-reboot", "-serial", "stdio"]

    @staticmethod
    def _debian_kernel():
        suites = "bookworm,bookworm-backports"
        depends = (artefacts.debian_package(suites, "linux-image-cloud-amd64") / "depends").read_text()
        match = re.search(r"linux-image-[0-9][^ ,]*", depends)
        if not match:
            raise BenchError(f"linux-image-cloud-amd64 depends on '{depends.strip()}', which names no kernel")
        (kernel,) = (artefacts.debian_package(suites, match.group()) / "root" / "boot").glob("vmlinuz-*")
        return kernel

    @staticmethod
    def _write_initrd(folder, programs_folder):
        archive = cpio_entry("dev", 0o040755) + cpio_entry("dev/console", 0o020600, device=(5, 1))
        archive += cpio_entry("init", 0o100755, (programs_folder / "tcg_guest").read_bytes())
        archive += cpio_entry("bin", 0o040755) + cpio_entry("bin/true", 0o100755, (programs_folder / "true").read_bytes())
        archive += cpio_entry("mnt", 0o040755) + cpio_entry("mnt/cpu_loop", 0o100755, (programs_folder / "cpu_loop").read_bytes())
        (folder / "initrd.gz").write_bytes(gzip.compress(archive + cpio_entry("TRAILER!!!", 0), 6, mtime=0))

    def describe(self):
        return {"version": artefacts.run([self.program, "--version"], "ask QEMU's version").splitlines()[0],
                "kernel": self.kernel.name, "commandLine": "qemu-system-x86_64 " + " ".join(self.flags)}

    def create(self):
        return Machine(self).boot()

    def close(self):
        pass


class Machine(Sandbox):
    """A guest whose console is a pair of pipes."""

    def __init__(self, qemu):
        self._begin = time.perf_counter()
        self._process = subprocess.Popen(
            [qemu.program, *qemu.flags, "-kernel", qemu.kernel, "-initrd", qemu.initrd, "-append",
             "console=ttyS0 quiet panic=-1 reboot=t"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "LC_ALL": "C"})
        self._text = b""

    def boot(self):
        self._read_until(rb"ready\r?\n")
        return self, (time.perf_counter() - self._begin) * 1000

    def _read_until(self, pattern):
        deadline = time.monotonic() + START_SECONDS
        while not (match := re.search(pattern, self._text)):
            ready, _, _ = select.select([self._process.stdout], [], [], max(0, deadline - time.monotonic()))
            chunk = os.read(self._process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                tail = self._text[-500:].decode(errors="replace").strip()
                self.delete()
                raise BenchError(f"QEMU's guest ended or did not answer; its console ends with: {tail}")
            self._text += chunk
        self._text = self._text[match.end():]
        return match

    def exec(self, arguments):
        begin = time.perf_counter()
        self._process.stdin.write(" ".join(arguments).encode() + b"\n")
        self._process.stdin.flush()
        code = int(self._read_until(rb"(?m)^exit (\d+)\r?\n").group(1))
        milliseconds = (time.perf_counter() - begin) * 1000
        if code != 0:
            raise BenchError(f"QEMU's guest: {' '.join(arguments)} ended with {code}")
        return milliseconds

    def pids(self):
        return [self._process.pid]

    def delete(self):
        begin = time.perf_counter()
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        return (time.perf_counter() - begin) * 1000
