"""What /proc says of the manager's processes, mounts and sockets.

The test process makes itself a child subreaper, so whatever a manager leaves behind becomes a child of the tests and
is found by its parent, whatever it calls itself.
"""

import ctypes
import os
import stat
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
NAMESPACES = ("user", "mnt", "pid", "net", "ipc", "uts")


def become_subreaper():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


@dataclass(frozen=True)
class Process:
    """One process: what can be read of it at any time without rights over it."""

    pid: int
    parent: int
    state: str
    name: str

    def status(self):
        """/proc/<pid>/status as a dict of stripped strings."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}

    def arguments(self):
        return [part.decode(errors="replace") for part in Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")]

    def environment(self):
        return Path(f"/proc/{self.pid}/environ").read_bytes()

    def namespace(self, kind):
        return os.readlink(f"/proc/{self.pid}/ns/{kind}")

    def uids(self):
        """Real, effective, saved and filesystem uid as our own user namespace sees them."""
        return {int(uid) for uid in self.status()["Uid"].split()}

    def root_entries(self):
        """Every path in the process's root, except below /proc, relative to it and sorted."""
        root = f"/proc/{self.pid}/root/"
        found = []
        for folder, names, files in os.walk(root):
            relative = os.path.relpath(folder, root)
            if relative == ".":
                names[:] = [name for name in names if name != "proc"]
                relative = ""
            found += [os.path.join(relative, name) for name in names + files]
        return sorted(found)

    def mounts(self):
        """(mount point, set of per-mount options, filesystem) of each mount the process sees."""
        found = []
        for line in Path(f"/proc/{self.pid}/mountinfo").read_text().splitlines():
            left, _, right = line.partition(" - ")
            fields = left.split()
            found.append((fields[4], set(fields[5].split(",")), right.split()[0]))
        return found

    def open_files(self):
        """Where each descriptor of the process leads, as the kernel names it."""
        folder = f"/proc/{self.pid}/fd"
        found = {}
        for number in os.listdir(folder):
            try:
                found[int(number)] = os.readlink(f"{folder}/{number}")
            except FileNotFoundError:
                continue
        return found


def read_process(pid):
    """The process, or None when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    name = text[text.index("(") + 1 : text.rindex(")")]
    fields = text[text.rindex(")") + 2 :].split()
    return Process(pid=pid, state=fields[0], parent=int(fields[1]), name=name)


def all_processes():
    found = (read_process(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [process for process in found if process]


def descendants(pid):
    """Living processes below `pid`, without itself and without zombies."""
    children = {}
    for process in all_processes():
        children.setdefault(process.parent, []).append(process)
    found, queue = [], [pid]
    while queue:
        for process in children.get(queue.pop(), []):
            queue.append(process.pid)
            if process.state not in "ZX":
                found.append(process)
    return found


def orphans(known):
    """Living processes that became ours because their manager ended: our children that are not in `known`.

    Dead ones are reaped on the way.
    """
    found = []
    for process in all_processes():
        if process.parent != os.getpid() or process.pid in known:
            continue
        if process.state in "ZX":
            try:
                os.waitpid(process.pid, os.WNOHANG)
            except ChildProcessError:
                pass
        else:
            found.append(process)
    return found


def processes_mentioning(path):
    """Processes other than ours whose arguments, folder, open files or mounts name `path`."""
    found = []
    for process in all_processes():
        if process.pid == os.getpid():
            continue
        try:
            places = process.arguments() + [os.readlink(f"/proc/{process.pid}/cwd")]
            places += list(process.open_files().values())
            places.append(Path(f"/proc/{process.pid}/mountinfo").read_text())
        except (OSError, ValueError):
            continue  # gone meanwhile, or another user's
        if any(path in place for place in places):
            found.append(process)
    return found


def mounts_mentioning(path):
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if path in line]


def sockets_below(folder):
    """Socket files below `folder`, and bound sockets the kernel knows by a path in it."""
    found = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            if stat.S_ISSOCK(os.lstat(path).st_mode):
                found.append(path)
    bound = Path("/proc/net/unix").read_text().splitlines()
    return found + [line for line in bound if str(folder) in line]
