"""An exec ends completely (guest.md 3.9): whatever it started is dead when the answer arrives.

Proof without looking at processes: each survivor-to-be takes a lock before the exec goes on, and a lock is free only
when everything that inherited it is dead.
"""

import json
import socket

import pytest

from waiting import wait_until

# Each starts `sh hold.sh NAME`, which takes NAME.lock, says so on NAME.fifo and stays for ever.
SURVIVORS = {
    "background": "sh hold.sh background &",
    "detached": "nohup sh hold.sh detached </dev/null >/dev/null 2>&1 & disown",
    "session": "setsid sh hold.sh session </dev/null >/dev/null 2>&1 &",
    "double-fork": "setsid sh -c '(sh hold.sh double-fork &) &' &",
    "deaf": "sh -c 'trap \"\" TERM HUP INT QUIT; exec sh hold.sh deaf' &",
    "python-daemon": "python3 -c 'import os\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0:\n"
                     "    os.execvp(\"sh\", [\"sh\", \"hold.sh\", \"python-daemon\"])\n' &",
}
HOLD = """exec 9>>$1.lock; flock 9; echo held >$1.fifo; while :; do sleep 1000; done"""


def launch(names):
    """Shell lines that start the survivors and go on once each holds its lock."""
    lines = []
    for name in names:
        lines += [f"test -p {name}.fifo || mkfifo {name}.fifo", SURVIVORS[name], f"read -r line <{name}.fifo; echo $line"]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def vm(shared_vm):
    shared_vm.output("cat >hold.sh", stdin=HOLD)
    return shared_vm


def assert_all_dead(vm, names=tuple(SURVIVORS)):
    for name in names:
        assert vm.exec(f"flock -n {name}.lock true").exit_code == 0, f"the {name} process lives on"


def test_a_held_lock_is_seen(vm):
    """The proof itself works: within one exec the lock of a living process is taken."""
    result = vm.exec(launch(["session"]) + "flock -n session.lock true")
    assert (result.stdout, result.exit_code) == ("held\n", 1)


@pytest.mark.parametrize("name", SURVIVORS)
def test_nothing_survives_the_end_of_the_command(vm, name):
    result = vm.exec(launch([name]) + "exit 7")
    assert (result.stdout, result.exit_code) == ("held\n", 7)
    assert_all_dead(vm, [name])


def test_nothing_survives_the_death_of_the_command(vm):
    result = vm.exec(launch(SURVIVORS) + "kill -9 $$")
    assert (result.stdout, result.signal) == ("held\n" * len(SURVIVORS), "SIGKILL")
    assert_all_dead(vm)


def test_nothing_survives_the_timeout(vm):
    result = vm.exec(launch(SURVIVORS) + "echo partial; trap '' TERM\nwhile :; do sleep 1000; done", timeoutMs=5000)
    assert result.timed_out and result.exit_code == -1
    assert result.stdout == "held\n" * len(SURVIVORS) + "partial\n", "what was written before the end is there"
    assert result.stderr.rstrip().endswith("Timeout exceeded")
    assert_all_dead(vm)


def test_nothing_survives_a_client_that_goes_away(vm, manager):
    body = json.dumps({"cmd": launch(SURVIVORS) + "echo >ready.fifo; sleep 1000", "timeoutMs": 60_000}).encode()
    vm.output("test -p ready.fifo || mkfifo ready.fifo")
    with socket.create_connection(("127.0.0.1", manager.port)) as client:
        client.sendall(f"POST {vm.path}/exec HTTP/1.1\r\nHost: x\r\nX-API-Key: {manager.key}\r\n"
                       f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        vm.output("read -r line <ready.fifo")
        assert vm.exec("flock -n session.lock true").exit_code == 1, "it runs while the client is there"
    free = " && ".join(f"flock -n {name}.lock true" for name in SURVIVORS)
    wait_until(lambda: vm.exec(free).exit_code == 0, "what the lost client started is dead")


@pytest.mark.parametrize("command", [
    "while :; do :; done", "sleep 1000", "trap '' TERM INT HUP; while :; do :; done", "kill -STOP $$",
    "cat /dev/zero", "exec 2>&-; sleep 1000",
])
def test_timeouts(vm, command):
    result = vm.exec(command, timeoutMs=300)
    assert (result.exit_code, result.timed_out, result.oom_killed) == (-1, True, False)
    assert result.stderr.rstrip().endswith("Timeout exceeded")
    assert vm.output("echo on") == "on\n"


def test_the_end_of_the_command_does_not_wait_for_open_outputs(vm):
    result = vm.exec("sleep 1000 & echo done")
    assert (result.exit_code, result.stdout, result.timed_out) == (0, "done\n", False)


def test_kill_of_everything_ends_only_the_command(vm):
    result = vm.exec("kill -9 -1; kill -9 $$")
    assert result.signal == "SIGKILL"
    assert vm.output("echo on") == "on\n"
