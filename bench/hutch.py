"""hutch as a program uses it: a manager (started here, or one that runs already) and its HTTP API."""

import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 120
STOP_SECONDS = 120
CALL_SECONDS = 300
UNLIMITED = "100000000"


class BenchError(Exception):
    """Something did not work, so there is nothing to measure; the message is for the user."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Answer:
    status: int
    body: object
    milliseconds: float


class Client:
    """One kept-alive HTTP connection, made at the first call (http.client sets TCP_NODELAY). For one thread."""

    def __init__(self, url, key):
        parts = urllib.parse.urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=CALL_SECONDS)
        self._headers = {"X-API-Key": key, "Content-Type": "application/json"}

    def call(self, method, path, body=None, *, expect=(200,)):
        """Timed from before the request is sent to after the whole answer is read; JSON is made and parsed outside of it."""
        data = None if body is None else json.dumps(body).encode()
        begin = time.perf_counter()
        try:
            self._connection.request(method, path, data, self._headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise BenchError(f"{method} {path}: {error}") from error
        milliseconds = (time.perf_counter() - begin) * 1000
        if answer.status not in expect:
            raise BenchError(f"{method} {path} answered {answer.status}: {text[:600].decode(errors='replace')}")
        return Answer(answer.status, json.loads(text) if text else None, milliseconds)

    def close(self):
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Vm:
    """One VM. Calls go over the client it is given, or the one that made it."""

    def __init__(self, client, created):
        self.client = client
        self.view = created.body
        self.create_milliseconds = created.milliseconds
        self.id = created.body["id"]

    def exec(self, command, *, client=None, timeout_ms=60_000):
        """(result, milliseconds); the command must succeed."""
        answer = (client or self.client).call("POST", f"/v1/vms/{self.id}/exec", {"cmd": command, "timeoutMs": timeout_ms})
        if answer.body["exitCode"] != 0:
            raise BenchError(f"{self.id}: '{command[:100]}' ended with {answer.body['exitCode']}: {answer.body['stderr'][:500]}")
        return answer.body, answer.milliseconds

    def delete(self):
        return self.client.call("DELETE", f"/v1/vms/{self.id}", expect=(204,)).milliseconds


class Hutch:
    """A manager at a URL. `process` and `data_folder` are None unless this program started it."""

    def __init__(self, url, key):
        self.url = url.rstrip("/")
        self.key = key
        self.process = None
        self.data_folder = None

    def client(self):
        return Client(self.url, self.key)

    def create_vm(self, client, memory_mib=128):
        return Vm(client, client.call("POST", "/v1/vms", {"cpu": 1, "memMb": memory_mib, "allowIps": []}, expect=(201,)))

    def describe(self):
        with self.client() as client:
            images = client.call("GET", "/v1/images").body
        image = next((image for image in images if image.get("isDefault")), None)
        return {"url": "started by this run" if self.process else self.url,
                "defaultImage": image and {key: image.get(key) for key in ("name", "digest", "baseRootfsBytes", "format")}}

    def close(self):
        pass


class StartedHutch(Hutch):
    """A hutchd of our own: free loopback port, temporary data folder, no rate limit in the way; gone after close()."""

    def __init__(self, build_folder):
        program = build_folder / "manager" / "hutchd"
        if not program.exists():
            raise BenchError(f"there is no {program}; run ./hutch build first")
        super().__init__(f"http://127.0.0.1:{free_port()}", "key-" + secrets.token_hex(20))
        self.data_folder = Path(tempfile.mkdtemp(prefix="hutch-bench."))
        self.log = self.data_folder / "hutchd.log"
        kept = {name: value for name, value in os.environ.items()
                if name in ("PATH", "HOME", "TMPDIR", "LANG") or name.startswith(("XDG_", "HUTCH_"))}
        environment = {
            **kept,
            "HUTCH_LISTEN": urllib.parse.urlsplit(self.url).netloc,
            "HUTCH_DATA_DIR": str(self.data_folder / "data"),
            "HUTCH_API_KEY": self.key,
            "HUTCH_GUEST_DIR": os.environ.get("HUTCH_GUEST_DIR", str(build_folder / "guest")),
            "HUTCH_RATE_LIMIT": UNLIMITED,
            "HUTCH_RATE_LIMIT_CREATE": UNLIMITED,
            "HUTCH_RATE_LIMIT_EXEC": UNLIMITED,
        }
        begin = time.perf_counter()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([program], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd="/", start_new_session=True)
        try:
            self._wait_until_serving()
        except BaseException:
            self.process.kill()
            self.process.wait()
            shutil.rmtree(self.data_folder, ignore_errors=True)
            raise
        self.start_milliseconds = (time.perf_counter() - begin) * 1000

    def _wait_until_serving(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise BenchError(f"hutchd ended with {self.process.returncode} at its start: {self.log_tail()}")
            try:
                with self.client() as client:
                    client.call("GET", "/healthz")
                return
            except BenchError:
                time.sleep(0.02)
        raise BenchError(f"hutchd does not answer after {START_SECONDS} s: {self.log_tail()}")

    def log_tail(self):
        return re.sub(r"\x1b\[[0-9;]*m", "", self.log.read_text(errors="replace"))[-2000:].strip()

    def vm_folder(self, vm):
        return self.data_folder / "data" / "vms" / vm.id

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if code != 0:
            print(f"bench: hutchd ended with {code}; the end of its log: {self.log_tail()}", file=sys.stderr)
        shutil.rmtree(self.data_folder, ignore_errors=True)
        if code != 0:
            raise BenchError(f"hutchd ended with {code} after SIGTERM")
