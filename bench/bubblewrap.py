"""The peer bubblewrap, where it is installed: namespaces only, no kernel of its own. Each command is a sandbox of its own."""

import shutil

import artefacts
from peers import Sandbox, Unavailable, timed_run


class Bubblewrap:
    name = "bwrap"

    def __init__(self, image_folder, programs_folder):
        self.program = shutil.which("bwrap")
        if not self.program:
            raise Unavailable("not installed (package bubblewrap)")
        self._shown = {image_folder: "IMAGE", programs_folder: "PROGRAMS"}
        self.flags = ["--unshare-all", "--die-with-parent", "--ro-bind", image_folder, "/", "--proc", "/proc", "--dev", "/dev",
                      "--tmpfs", "/tmp", "--ro-bind", programs_folder, "/mnt"]
        timed_run([self.program, *self.flags, "/bin/true"])

    def describe(self):
        return {"version": artefacts.run([self.program, "--version"], "ask bwrap's version").strip(),
                "commandLine": "bwrap " + " ".join(self._shown.get(flag, flag) for flag in self.flags)}

    def create(self):
        """Nothing stays between commands, so creating costs nothing and an exec everything."""
        return OneShot(self), 0.0

    def close(self):
        pass


class OneShot(Sandbox):
    def __init__(self, bubblewrap):
        self._bubblewrap = bubblewrap

    def exec(self, arguments):
        return timed_run([self._bubblewrap.program, *self._bubblewrap.flags, *arguments])

    def pids(self):
        return []

    def delete(self):
        return 0.0
