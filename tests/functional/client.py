"""A client of the HTTP API: what a program that uses hutch would write."""

import threading
from dataclasses import dataclass
from typing import Optional

import requests

from waiting import wait_until

REQUEST_SECONDS = 120


@dataclass(frozen=True)
class ExecResult:
    """The answer of an exec, field by field; building it fails if one is missing."""

    exit_code: int
    stdout: str
    stderr: str
    timed_out: bool
    signal: Optional[str]
    oom_killed: bool
    pids_limited: bool
    stdout_truncated: bool
    stderr_truncated: bool
    duration_ms: int

    @staticmethod
    def of(body):
        return ExecResult(
            exit_code=body["exitCode"],
            stdout=body["stdout"],
            stderr=body["stderr"],
            timed_out=body["timedOut"],
            signal=body["signal"],
            oom_killed=body["oomKilled"],
            pids_limited=body["pidsLimited"],
            stdout_truncated=body["stdoutTruncated"],
            stderr_truncated=body["stderrTruncated"],
            duration_ms=body["durationMs"],
        )


class Api:
    """Calls of one manager with one key. Any thread may call; each has a connection of its own."""

    def __init__(self, url, key):
        self.url = url
        self.key = key
        self._threads = threading.local()

    def _session(self):
        if not hasattr(self._threads, "session"):
            self._threads.session = requests.Session()
            self._threads.session.trust_env = False  # no proxy of the environment between us and loopback
        return self._threads.session

    def call(self, method, path, *, headers=None, **keywords):
        """The raw answer. `headers` replaces the key's header when given."""
        sent = {"X-API-Key": self.key} if headers is None else headers
        keywords.setdefault("timeout", REQUEST_SECONDS)
        return self._session().request(method, self.url + path, headers=sent, **keywords)

    def create_vm(self, **fields):
        """A VM that is RUNNING; 128 MiB unless `fields` says otherwise."""
        body = {"cpu": 1, "memMb": 128, "allowIps": [], **fields}
        answer = self.call("POST", "/v1/vms", json=body)
        assert answer.status_code == 201, describe(answer)
        view = answer.json()
        assert view["state"] == "RUNNING", view
        return Vm(self, view)

    def list_vms(self):
        answer = self.call("GET", "/v1/vms")
        assert answer.status_code == 200, describe(answer)
        return answer.json()

    def vm(self, vm_id):
        """A VM that exists already."""
        answer = self.call("GET", f"/v1/vms/{vm_id}")
        assert answer.status_code == 200, describe(answer)
        return Vm(self, answer.json())


class Vm:
    """One VM by its id, with the view its create call answered."""

    def __init__(self, api, view):
        self.api = api
        self.created = view
        self.id = view["id"]
        self.path = f"/v1/vms/{self.id}"

    def call(self, method, suffix="", **keywords):
        return self.api.call(method, self.path + suffix, **keywords)

    def view(self):
        answer = self.call("GET")
        assert answer.status_code == 200, describe(answer)
        return answer.json()

    def state(self):
        return self.view()["state"]

    def wait_for_state(self, state):
        wait_until(lambda: self.state() == state, f"{self.id} is {state}")

    def exec_answer(self, cmd, **fields):
        """The raw answer of an exec call."""
        return self.call("POST", "/exec", json={"cmd": cmd, **fields})

    def exec(self, cmd, **fields):
        """The outcome of a command, whatever it is."""
        answer = self.exec_answer(cmd, **fields)
        assert answer.status_code == 200, describe(answer)
        return ExecResult.of(answer.json())

    def output(self, cmd, **fields):
        """The standard output of a command that must succeed."""
        result = self.exec(cmd, **fields)
        assert result.exit_code == 0, result
        return result.stdout

    def start(self):
        answer = self.call("POST", "/start")
        assert answer.status_code == 204, describe(answer)

    def stop(self):
        answer = self.call("POST", "/stop")
        assert answer.status_code == 204, describe(answer)

    def delete(self):
        answer = self.call("DELETE")
        assert answer.status_code == 204, describe(answer)


class RunningExec:
    """An exec that is certainly running in the guest, on a thread of its own, until something ends it.

    The command says it runs through a FIFO that a second exec reads, so nobody has to sleep.
    """

    _count = 0

    def __init__(self, vm, before="", after="read -r line </workspace/never.fifo"):
        RunningExec._count += 1
        fifo = f"/workspace/running-{RunningExec._count}.fifo"
        vm.output(f"mkfifo {fifo}; test -p /workspace/never.fifo || mkfifo /workspace/never.fifo")
        command = f"{before}\necho up >{fifo}\n{after}"
        self.answer = None
        self.broken = None
        self._thread = threading.Thread(target=self._run, args=(vm, command), daemon=True)
        self._thread.start()
        assert vm.output(f"read -r line <{fifo}; echo $line") == "up\n"

    def _run(self, vm, command):
        try:
            self.answer = vm.exec_answer(command, timeoutMs=60_000)
        except requests.RequestException as error:
            self.broken = error

    def join(self):
        """Waits for the end: the answer, or None when the connection broke."""
        self._thread.join(REQUEST_SECONDS)
        assert not self._thread.is_alive(), "the exec call did not end"
        return self.answer

    def join_failed(self):
        """Waits for the end and checks that it was not told as a success."""
        answer = self.join()
        if answer is not None and answer.status_code == 200:
            assert answer.json()["exitCode"] != 0, answer.text
        return answer


def describe(answer):
    return f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:500]}"


def assert_error(answer, status, *words):
    """The answer is an error of `status` (one or several) whose message holds every word of `words`."""
    allowed = (status,) if isinstance(status, int) else status
    assert answer.status_code in allowed, describe(answer)
    body = answer.json()
    assert isinstance(body["message"], str) and body["message"], body
    assert isinstance(body.get("code"), str) and body["code"], body
    for word in words:
        assert word in body["message"], body
