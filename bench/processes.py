"""What /proc says of process trees: members, names and memory."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

VM_ID = re.compile(r"vm-[a-z0-9]{20}")


def parents():
    """{pid: parent's pid} of all living processes."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            text = Path(f"/proc/{name}/stat").read_text()
        except OSError:
            continue  # gone meanwhile
        state, parent = text[text.rindex(")") + 2:].split()[:2]
        if state not in "ZX":
            found[int(name)] = int(parent)
    return found


def descendants(pids):
    """Living processes below any of `pids`, these not included."""
    children = {}
    for pid, parent in parents().items():
        children.setdefault(parent, []).append(pid)
    found, queue = [], list(pids)
    while queue:
        for child in children.get(queue.pop(), []):
            found.append(child)
            queue.append(child)
    return found


def name_of(pid):
    return Path(f"/proc/{pid}/comm").read_text().strip()


def arguments_of(pid):
    return [part.decode(errors="replace") for part in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]]


def running_with_argument(argument):
    """Processes that have `argument` among their arguments."""
    found = []
    for pid in parents():
        try:
            if argument in arguments_of(pid):
                found.append(pid)
        except OSError:
            continue
    return found


def vm_of(pid):
    """The id of the VM whose files are mounted in the process's root, or None."""
    match = VM_ID.search(Path(f"/proc/{pid}/mountinfo").read_text())
    return match.group() if match else None


def pss_bytes(pid):
    """Proportional set size, and its anonymous, file and shared-memory parts."""
    parts = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        key, _, value = line.partition(":")
        if key in ("Pss", "Pss_Anon", "Pss_File", "Pss_Shmem"):
            parts[key] = int(value.split()[0]) * 1024
    return parts


def unlinked_file_bytes(pids):
    """Bytes allocated to files without a name that the processes hold open (a guest's or a sandbox's memory file), each once.

    Pages of such a file that no process has in its page tables are missing from every PSS and still occupy memory.
    """
    found = {}
    for pid in pids:
        for number in os.listdir(f"/proc/{pid}/fd"):
            try:
                status = os.stat(f"/proc/{pid}/fd/{number}")
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                found[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(found.values())


@dataclass(frozen=True)
class Memory:
    """What a group of processes costs, in bytes."""

    pss: int
    held: int
    """PSS, with the memory file counted by what it really holds instead of what is in page tables."""
    parts: dict
    """PSS by process name."""


def memory_of(pids):
    total, shared, parts = 0, 0, {}
    for pid in pids:
        one = pss_bytes(pid)
        total += one["Pss"]
        shared += one["Pss_Shmem"]
        parts[name_of(pid)] = parts.get(name_of(pid), 0) + one["Pss"]
    return Memory(total, total - shared + max(shared, unlinked_file_bytes(pids)), parts)
