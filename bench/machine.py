"""The machine a run was made on, and how busy it was."""

import os
import platform
import time
from pathlib import Path

QUIET_LOAD = 1.0
"""One minute load average below which a run counts as undisturbed."""


def load_average():
    return [float(word) for word in Path("/proc/loadavg").read_text().split()[:3]]


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def memory_mib():
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) // 1024
    return None


def filesystem_of(path):
    """Type of the filesystem that holds `path`, from the longest mount point above it."""
    path = os.path.realpath(path)
    best, kind = "", "unknown"
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, name = line.split()[:3]
        if (path + "/").startswith(point.rstrip("/") + "/") and len(point) >= len(best):
            best, kind = point, name
    return kind


def describe(data_folder):
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "usableCores": len(os.sched_getaffinity(0)),
        "memoryMib": memory_mib(),
        "kernel": platform.release(),
        "distribution": next((line.split("=", 1)[1].strip('"') for line in Path("/etc/os-release").read_text().splitlines()
                              if line.startswith("PRETTY_NAME=")), "unknown"),
        "user": "root" if os.geteuid() == 0 else "ordinary user",
        "dataFilesystem": filesystem_of(data_folder),
        "python": platform.python_version(),
    }


def wait_until_quiet(seconds, say):
    """Waits at most `seconds` until the load is below QUIET_LOAD; answers whether it is."""
    deadline = time.monotonic() + seconds
    told = False
    while load_average()[0] >= QUIET_LOAD:
        if time.monotonic() >= deadline:
            return False
        if not told:
            say(f"waiting up to {seconds} s for a load average below {QUIET_LOAD:g} (it is {load_average()[0]:g})")
            told = True
        time.sleep(2)
    return True
