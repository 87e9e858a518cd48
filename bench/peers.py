"""What every peer offers, and running a command with a stopwatch."""

import os
import shlex
import time

from hutch import BenchError


class Unavailable(Exception):
    """The peer can't be measured on this machine; the message says why."""


class Sandbox:
    """One running sandbox of a peer."""

    def exec(self, arguments):
        """Milliseconds until a command ran to its end in it; it must succeed."""
        raise NotImplementedError

    def pids(self):
        """All host processes of this sandbox."""
        raise NotImplementedError

    def delete(self):
        raise NotImplementedError


def timed_run(arguments, *, output=os.devnull, cpu=None, folder=None):
    """Runs a program to its end with no input; milliseconds from before its start to after its end."""
    arguments = [str(argument) for argument in arguments]
    actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
               (os.POSIX_SPAWN_OPEN, 2, output, os.O_WRONLY | os.O_APPEND, 0)]
    before, here = os.sched_getaffinity(0), os.getcwd()
    if folder is not None:
        os.chdir(folder)
    try:
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
        begin = time.perf_counter()
        pid = os.posix_spawnp(arguments[0], arguments, os.environ, file_actions=actions)
        status = os.waitpid(pid, 0)[1]
        milliseconds = (time.perf_counter() - begin) * 1000
    finally:
        os.sched_setaffinity(0, before)
        if folder is not None:
            os.chdir(here)
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        said = ""
        if output != os.devnull:
            with open(output, errors="replace") as file:
                said = ": " + file.read()[-600:].strip()
        raise BenchError(f"{shlex.join(arguments)[:400]} ended with {code}{said}")
    return milliseconds
