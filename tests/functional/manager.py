"""A real manager: started with a data folder of its own, stopped with SIGTERM, nothing left behind."""

import os
import secrets
import signal
import socket
import subprocess
from pathlib import Path

import requests

import processes
from client import Api
from waiting import wait_until

STOP_SECONDS = 60
_living = set()


def build_folder():
    """The build under test: HUTCH_BUILD_DIR, else the checkout's own."""
    if "HUTCH_BUILD_DIR" in os.environ:
        return Path(os.environ["HUTCH_BUILD_DIR"]).resolve()
    root = Path(__file__).resolve().parents[2]
    for name in ("release", "dev"):
        if (root / "build" / name / "manager" / "hutchd").exists():
            return root / "build" / name
    raise AssertionError("no hutchd found: run ./hutch build, or set HUTCH_BUILD_DIR")


def guest_folder():
    """Kernel, root filesystem and initramfs."""
    return Path(os.environ.get("HUTCH_GUEST_DIR", build_folder() / "guest"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ManagerProcess:
    """One hutchd. Owns the process; the data folder is the caller's."""

    def __init__(self, data_folder, log_path, *, port=None, key=None, settings=None):
        self.data_folder = Path(data_folder)
        self.log_path = Path(log_path)
        self.port = port or free_port()
        self.key = key or "key-" + secrets.token_hex(20)
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = Api(self.url, self.key)
        self._settings = settings or {}
        self._process = None

    def environment(self):
        """hutchd's environment: its settings and what any program gets, nothing else of ours."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
        kept.update((name, value) for name, value in os.environ.items() if name.startswith(("XDG_", "ASAN_", "UBSAN_", "TSAN_")))
        return {
            **kept,
            "HUTCH_LISTEN": f"127.0.0.1:{self.port}",
            "HUTCH_DATA_DIR": str(self.data_folder),
            "HUTCH_API_KEY": self.key,
            "HUTCH_GUEST_DIR": str(guest_folder()),
            **self._settings,
        }

    @property
    def pid(self):
        return self._process.pid

    def log(self):
        return self.log_path.read_text(errors="replace")

    def spawn(self, arguments=()):
        """Starts the process without waiting for it to serve."""
        with open(self.log_path, "ab") as log:
            self._process = subprocess.Popen(
                [build_folder() / "manager" / "hutchd", *arguments],
                env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
            )
        _living.add(self._process.pid)

    def start(self):
        self.spawn()
        wait_until(self._serves, f"the manager answers /healthz; its log:\n{self.log()}", seconds=60)
        return self

    def _serves(self):
        assert self._process.poll() is None, f"hutchd ended with {self._process.returncode}:\n{self.log()}"
        try:
            return self.api.call("GET", "/healthz", headers={}).status_code == 200
        except requests.ConnectionError:
            return False

    def alive(self):
        return self._process is not None and self._process.poll() is None

    def wait(self):
        """The exit code, once it ended by itself."""
        code = self._process.wait(STOP_SECONDS)
        _living.discard(self._process.pid)
        return code

    def stop(self):
        """SIGTERM; the manager must end with 0 and leave nothing."""
        self._process.send_signal(signal.SIGTERM)
        code = self.wait()
        assert code == 0, f"hutchd ended with {code} after SIGTERM:\n{self.log()[-4000:]}"
        self.assert_nothing_left()
        self.assert_log_clean()

    def kill(self):
        """Ends the manager and everything below it at once: the way out of a test that failed."""
        if self.alive():
            below = processes.descendants(self.pid)
            self._process.kill()
            self.wait()
            end(below)
        end(processes.orphans(_living))

    def assert_nothing_left(self):
        left = processes.orphans(_living)
        assert not left, f"processes left: {[(process.pid, process.name) for process in left]}"
        mentioned = processes.processes_mentioning(str(self.data_folder))
        assert not mentioned, f"processes that hold the data folder: {[(p.pid, p.name) for p in mentioned]}"
        assert not processes.mounts_mentioning(str(self.data_folder))
        assert not processes.sockets_below(self.data_folder)

    def assert_log_clean(self):
        log = self.log()
        assert self.key not in log, "the API key is in the log"
        for words in ("AddressSanitizer", "ThreadSanitizer", "runtime error:"):
            assert words not in log, log[-4000:]

    def vm_folder(self, vm):
        return self.data_folder / "vms" / vm.id

    def vm_processes(self, vm):
        """The VMM of a VM and the processes below it, found by the guest's address in its arguments."""
        marker = f"hutch.ip={vm.created['guestIp']}/"
        found = []
        for process in processes.descendants(self.pid):
            try:
                if any(argument.startswith(marker) for argument in process.arguments()):
                    found.append(process)
            except OSError:
                continue  # gone meanwhile
        assert found, f"no process of {vm.id} below hutchd: {processes.descendants(self.pid)}"
        return found


def end(left):
    """Kills processes by their ids."""
    for process in left:
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
