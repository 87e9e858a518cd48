"""The manager's own life: starting, stopping with SIGTERM, starting again, and refusing what it cannot do."""

import os
import signal
import subprocess

import pytest

import processes
from client import RunningExec
from concurrency import at_once
from manager import build_folder
from waiting import wait_until


def test_sigterm_stops_guests_cleanly_and_leaves_nothing(own_manager):
    """A file written without sync is there after the next start: the guests were shut down, not killed."""
    first = own_manager().start()
    vms = [first.api.create_vm(name=f"vm {index}") for index in range(3)]
    for index, vm in enumerate(vms):
        vm.output(f"echo {index} >/workspace/unsynced; echo {index} >/tmp/unsynced")
    vms[2].stop()
    first.stop()

    second = own_manager(first.data_folder, key=first.key).start()
    assert {view["id"]: view["state"] for view in second.api.list_vms()} == {vm.id: "STOPPED" for vm in vms}
    for index, vm in enumerate(vms):
        again = second.api.vm(vm.id)
        again.start()
        assert again.output("cat /workspace/unsynced /tmp/unsynced") == f"{index}\n{index}\n"
        for field in ("guestIp", "memMb", "imageId", "createdAt", "name", "diskSizeMb"):
            assert again.created[field] == vm.created[field]
        again.delete()
    second.stop()


def test_sigterm_during_an_exec_and_a_create(own_manager):
    manager = own_manager().start()
    vm = manager.api.create_vm()
    run = RunningExec(vm, before="trap '' TERM")
    manager.stop()
    run.join_failed()


def test_sigint_is_the_same(own_manager):
    manager = own_manager().start()
    manager.api.create_vm()
    os.kill(manager.pid, signal.SIGINT)
    assert manager.wait() == 0
    manager.assert_nothing_left()


def test_a_second_sigterm_during_the_stop_does_no_harm(own_manager):
    manager = own_manager().start()
    manager.api.create_vm()
    os.kill(manager.pid, signal.SIGTERM)
    manager.stop()


def test_after_kill_9_nothing_is_lost_and_nothing_runs_twice(own_manager):
    """The next manager ends what the dead one left, and has the VMs stopped with their disks."""
    first = own_manager().start()
    vm = first.api.create_vm()
    vm.output("echo kept >/workspace/file; sync")
    left = {process.pid for process in processes.descendants(first.pid)}
    os.kill(first.pid, signal.SIGKILL)
    first.wait()

    second = own_manager(first.data_folder, key=first.key).start()
    wait_until(lambda: not left & {p.pid for p in processes.all_processes() if p.state not in "ZX"}, "the old guest ended")
    again = second.api.vm(vm.id)
    assert again.created["state"] in ("STOPPED", "ERROR")
    again.start()
    assert again.output("cat /workspace/file") == "kept\n"
    second.stop()


def test_deleted_vms_stay_deleted(own_manager):
    first = own_manager().start()
    kept, deleted = first.api.create_vm(), first.api.create_vm()
    deleted.delete()
    first.stop()
    second = own_manager(first.data_folder, key=first.key).start()
    assert [view["id"] for view in second.api.list_vms()] == [kept.id]
    assert [path.name for path in (second.data_folder / "vms").iterdir()] == [kept.id]
    second.stop()


def test_a_data_folder_with_a_long_path(own_manager, tmp_path):
    """Longer than a socket address can be."""
    folder = tmp_path / ("x" * 200) / ("y" * 100) / "data"
    folder.parent.mkdir(parents=True)
    manager = own_manager(folder).start()
    vms = at_once(2, lambda _: manager.api.create_vm())
    for vm in vms:
        assert vm.output("echo long") == "long\n"
        vm.stop()
        vm.start()
    manager.stop()


def test_a_data_folder_with_odd_characters(own_manager, tmp_path):
    manager = own_manager(tmp_path / "with space, comma=é\"").start()
    vm = manager.api.create_vm()
    assert vm.output("echo odd") == "odd\n"
    manager.stop()


def test_the_data_folder_is_private(own_manager):
    manager = own_manager().start()
    for path in [manager.data_folder, *manager.data_folder.glob("hutch.db*")]:
        assert path.stat().st_mode & 0o006 == 0, path
    manager.stop()


def assert_refuses(manager, *words):
    """The manager ends by itself with an error that says each word."""
    manager.spawn()
    assert manager.wait() not in (0, -signal.SIGSEGV, -signal.SIGABRT)
    for word in words:
        assert word in manager.log(), manager.log()


def test_a_second_manager_on_the_same_port(own_manager, tmp_path):
    first = own_manager().start()
    assert_refuses(own_manager(tmp_path / "other", port=first.port), str(first.port))
    assert first.api.create_vm().output("echo on") == "on\n"
    first.stop()


def test_a_second_manager_on_the_same_data_folder(own_manager):
    first = own_manager().start()
    vm = first.api.create_vm()
    assert_refuses(own_manager(first.data_folder), str(first.data_folder))
    assert vm.output("echo on") == "on\n"
    first.stop()


@pytest.mark.parametrize("name, value", [
    ("HUTCH_LISTEN", "nonsense"), ("HUTCH_LISTEN", "127.0.0.1:99999"), ("HUTCH_DRIVER", "magic"), ("HUTCH_NO_SUCH_SETTING", "1"),
    ("HUTCH_MAX_VMS", "many"), ("HUTCH_MAX_VMS", "-1"), ("HUTCH_GUEST_DIR", "/nonexistent"), ("HUTCH_DATA_DIR", "/proc/nowhere"),
    ("HUTCH_UML_MODE", "fast"),
])
def test_settings_that_make_no_sense(own_manager, name, value):
    words = (name,) if name not in ("HUTCH_GUEST_DIR", "HUTCH_DATA_DIR") else (value,)
    assert_refuses(own_manager(settings={name: value}), *words)


def test_help_lists_the_settings():
    shown = subprocess.run([build_folder() / "manager" / "hutchd", "--help"], capture_output=True, text=True, check=True).stdout
    for name in ("HUTCH_LISTEN", "HUTCH_DATA_DIR", "HUTCH_API_KEY", "HUTCH_ADMIN_EMAIL", "HUTCH_ADMIN_PASSWORD", "HUTCH_DRIVER",
                 "HUTCH_MAX_VMS", "HUTCH_GUEST_DIR"):
        assert name in shown


def test_an_unknown_argument_is_refused():
    shown = subprocess.run([build_folder() / "manager" / "hutchd", "--no-such-option"], capture_output=True, text=True)
    assert shown.returncode != 0 and "--no-such-option" in shown.stderr


def test_the_limit_of_vms(own_manager):
    manager = own_manager(settings={"HUTCH_MAX_VMS": "2"}).start()
    vms = [manager.api.create_vm() for _ in range(2)]
    body = {"cpu": 1, "memMb": 128, "allowIps": []}
    answer = manager.api.call("POST", "/v1/vms", json=body)
    assert answer.status_code in (429, 503) and answer.json()["message"], answer.text
    vms[0].delete()
    assert manager.api.create_vm().output("echo room") == "room\n"
    manager.stop()
