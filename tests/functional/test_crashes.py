"""A process of a VM dies by `kill -9`: the VM is in ERROR, nothing pretends, and a start brings it back."""

import os
import signal

import pytest

from client import RunningExec, assert_error
from concurrency import at_once
import processes


@pytest.fixture
def victim(manager, api):
    """A VM, its VMM's and its vsock device's pid."""
    before = {process.pid for process in processes.descendants(manager.pid)}
    vm = api.create_vm()
    vm.output("echo kept >/workspace/file; sync")
    vmm = manager.vm_processes(vm)[0].pid
    new = [process for process in processes.descendants(manager.pid) if process.pid not in before]
    devices = [process.pid for process in new if process.name.startswith("hutch-vsock")]
    assert len(devices) == 1, new
    pids = {"vmm": vmm, "device": devices[0]}
    yield vm, pids, {process.pid for process in new}
    vm.delete()


@pytest.mark.parametrize("which", ["vmm", "device"])
def test_a_killed_process_is_an_error_and_a_start_brings_it_back(victim, manager, which):
    vm, pids, everything = victim
    os.kill(pids[which], signal.SIGKILL)
    vm.wait_for_state("ERROR")
    view = vm.view()
    assert "signal 9" in view["error"] and {"vmm": "kernel", "device": "vsock"}[which] in view["error"], view["error"]
    answer = vm.exec_answer("echo lie")
    assert_error(answer, (409, 502))
    assert not everything & {process.pid for process in processes.descendants(manager.pid)}, "its other processes ended too"
    assert_error(vm.call("POST", "/stop"), 409)
    vm.start()
    view = vm.view()
    assert view["state"] == "RUNNING" and not view.get("error"), view
    assert vm.output("cat /workspace/file") == "kept\n"


@pytest.mark.parametrize("which", ["vmm", "device"])
def test_a_running_exec_of_a_killed_guest_is_an_error(victim, which):
    vm, pids, _ = victim
    runs = [RunningExec(vm) for _ in range(3)]
    os.kill(pids[which], signal.SIGKILL)
    for run in runs:
        assert_error(run.join(), (409, 502))
    vm.wait_for_state("ERROR")


def test_calls_right_after_the_kill_never_succeed_falsely(victim):
    """Before the manager has noticed: each exec is an error, whatever state the VM is thought to be in."""
    vm, pids, _ = victim
    os.kill(pids["vmm"], signal.SIGKILL)
    for answer in at_once(4, lambda _: vm.exec_answer("echo lie")):
        assert_error(answer, (409, 502))
    vm.wait_for_state("ERROR")


def test_delete_of_a_vm_in_error(manager, api):
    vm = api.create_vm()
    os.kill(manager.vm_processes(vm)[0].pid, signal.SIGKILL)
    vm.wait_for_state("ERROR")
    vm.delete()
    assert_error(vm.call("GET"), 404)
    assert not manager.vm_folder(vm).exists()


def test_other_vms_do_not_notice(victim, vm):
    dying, pids, _ = victim
    run = RunningExec(vm)
    os.kill(pids["vmm"], signal.SIGKILL)
    dying.wait_for_state("ERROR")
    vm.output("echo >/workspace/never.fifo")
    assert run.join().json()["exitCode"] == 0
