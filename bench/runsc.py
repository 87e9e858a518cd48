"""The peer gVisor: Debian's runsc, unpacked from its package and run from there, on the files of hutch's default image."""

import json
import os
import shutil
import tempfile
import threading
from pathlib import Path

import artefacts
import processes
from peers import Sandbox, Unavailable, timed_run

SUITES = "bookworm-backports"
IDLE = ["/bin/sleep", "infinity"]
ENVIRONMENT = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"]


class Runsc:
    name = "runsc"

    def __init__(self, image_folder, programs_folder):
        """Fetches runsc when needed and prepares one bundle that all containers share."""
        if os.geteuid() != 0:
            raise Unavailable("runsc run --detach and exec need root; run the bench as root for this peer")
        package = artefacts.debian_package(SUITES, "runsc")
        self.program = package / "root" / "usr" / "bin" / "runsc"
        self.version = (package / "version").read_text().strip()
        self._folder = Path(tempfile.mkdtemp(prefix="hutch-bench-runsc."))
        self._state = self._folder / "state"
        self._log = self._folder / "log"
        self._bundle = self._folder / "bundle"
        self._bundle.mkdir()
        self._count = 0
        self._count_lock = threading.Lock()
        # Cgroups are left out because hutch sets none up here either; no network, as in a guest.
        self.flags = ["--platform=systrap", "--network=none", "--ignore-cgroups", f"--root={self._state}"]
        self._write_configuration(image_folder, programs_folder)

    def _write_configuration(self, image_folder, programs_folder):
        bind = {"type": "bind", "options": ["rbind", "ro"]}
        mounts = [{"destination": "/proc", "type": "proc", "source": "proc"},
                  {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
                  {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"},
                  {"destination": "/mnt", "source": str(programs_folder), **bind}]
        configuration = {
            "ociVersion": "1.0.0",
            "process": {"user": {"uid": 0, "gid": 0}, "args": IDLE, "env": ENVIRONMENT, "cwd": "/", "terminal": False},
            "root": {"path": str(image_folder), "readonly": False},
            "hostname": "peer",
            "mounts": mounts,
            "linux": {"namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")]},
        }
        (self._bundle / "config.json").write_text(json.dumps(configuration))

    def describe(self):
        shown = [flag for flag in self.flags if not flag.startswith("--root=")]
        return {"version": self.version, "suite": SUITES, "flags": shown, "command": " ".join(IDLE), "commandLine": "runsc " + " ".join(shown)}

    def call(self, *arguments, number=0):
        return timed_run([self.program, *self.flags, *arguments], output=f"{self._log}.{number}")

    def create(self):
        """(sandbox, milliseconds): a detached container whose init sleeps. Any thread may call."""
        with self._count_lock:
            self._count += 1
            number = self._count
        milliseconds = self.call("run", "--detach", f"--bundle={self._bundle}", f"peer{number}", number=number)
        return Container(self, f"peer{number}", number), milliseconds

    def close(self):
        for file in sorted(self._state.glob("*.state")) if self._state.exists() else []:
            for number in range(1, self._count + 1):
                if f"peer{number}_" in file.name:
                    self.call("delete", "--force", f"peer{number}")
        shutil.rmtree(self._folder, ignore_errors=True)


class Container(Sandbox):
    def __init__(self, runsc, name, number):
        self._runsc = runsc
        self.name = name
        self._number = number

    def exec(self, arguments):
        return self._runsc.call("exec", self.name, *arguments, number=self._number)

    def pids(self):
        """Sandbox and gofer, which outlive the runsc call that started them, and the sandbox's own children."""
        found = {int(self._state()["sandbox"]["pid"])}
        gofer = int(self._state().get("goferPid", 0))
        if gofer:
            found.add(gofer)
        return sorted(found | set(processes.descendants(found)))

    def _state(self):
        (file,) = self._runsc._state.glob(f"{self.name}_*.state")
        return json.loads(file.read_text())

    def delete(self):
        return self._runsc.call("delete", "--force", self.name, number=self._number)
