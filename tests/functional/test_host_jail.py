"""The host jail (architecture.md, two walls): what the VMM and the vsock device could do if a guest took them over."""

import os

import pytest

import processes
from processes import NAMESPACES

# What may be seen in a jail's root: the VM's own files and a few devices. Names only, so that a surprise shows.
HOST_FOLDERS = {"bin", "boot", "etc", "home", "lib", "lib64", "mnt", "opt", "root", "run", "sbin", "srv", "sys", "usr", "var", "work"}


@pytest.fixture
def machine(own_manager):
    """A manager with one VM of one's own, and all processes below it."""

    class Machine:
        manager = own_manager().start()
        vm = manager.api.create_vm()
        everything = processes.descendants(manager.pid)
        vmm = manager.vm_processes(vm)
        devices = [process for process in everything if process.name.startswith("hutch-vsock")]

    assert len(Machine.devices) == 1, Machine.everything
    yield Machine
    Machine.vm.delete()
    Machine.manager.stop()


def test_each_process_of_a_vm_is_jailed(machine):
    """All of them at once: the VMM, the processes of the guest that it traces, the vsock device, and no other."""
    ours = {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in NAMESPACES}
    assert len(machine.everything) >= 2
    for process in machine.everything:
        who = f"{process.name} ({process.pid})"
        status = process.status()
        assert status["NoNewPrivs"] == "1", who
        assert status["Seccomp"] == "2", who
        for capabilities in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[capabilities], 16) == 0, (who, capabilities)
        for kind in NAMESPACES:
            assert process.namespace(kind) != ours[kind], (who, kind)
        if os.geteuid() == 0:
            assert 0 not in process.uids(), who
            assert set(status["Groups"].split()) <= {str(uid) for uid in process.uids()}, who
        else:
            assert process.uids() == {os.geteuid()}, who


def test_the_vmm_and_the_device_share_no_namespace(machine):
    for kind in ("mnt", "pid", "net"):
        assert machine.vmm[0].namespace(kind) != machine.devices[0].namespace(kind), kind


def test_two_vms_share_no_namespace_and_no_uid(machine):
    other = machine.manager.api.create_vm()
    first, second = machine.vmm[0], machine.manager.vm_processes(other)[0]
    for kind in NAMESPACES:
        assert first.namespace(kind) != second.namespace(kind), kind
    if os.geteuid() == 0:
        assert not first.uids() & second.uids(), "one uid per VM when root"
    other.delete()


def test_the_root_holds_only_the_vms_own(machine):
    other = machine.manager.api.create_vm()
    for process in (machine.vmm[0], machine.devices[0]):
        entries = process.root_entries()
        assert len(entries) <= 40, entries
        assert not HOST_FOLDERS & {entry.split("/")[0] for entry in entries}, entries
        assert not any("hutch.db" in entry or other.id in entry or "config" in entry for entry in entries), entries
    other.delete()


def test_nothing_but_the_overlay_is_writable(machine):
    writable = [(target, kind) for target, options, kind in machine.vmm[0].mounts() if "rw" in options]
    files = [target for target, kind in writable if kind not in ("tmpfs", "proc", "devtmpfs")]
    assert len(files) == 1 and "overlay" in files[0], writable
    assert not [target for target, options, kind in machine.devices[0].mounts() if "rw" in options and kind not in ("tmpfs", "proc")]


def test_no_mount_lets_a_setuid_program_or_a_device_node_work(machine):
    for target, options, kind in machine.vmm[0].mounts() + machine.devices[0].mounts():
        assert "nosuid" in options, (target, options)
        assert "nodev" in options or target.startswith("/dev/"), (target, options)


def test_no_descriptor_leads_to_the_managers_files(machine):
    for process in machine.everything:
        for number, target in process.open_files().items():
            assert "hutch.db" not in target and "hutchd" not in target, (process.name, number, target)


def test_jailed_processes_are_the_managers_children(machine):
    """Its death is seen, and nobody else's: the VMM and the device are children of hutchd."""
    for process in (machine.vmm[0], machine.devices[0]):
        assert process.parent == machine.manager.pid


def test_no_network_in_the_jail(machine):
    for process in (machine.vmm[0], machine.devices[0]):
        lines = open(f"/proc/{process.pid}/net/dev").read().splitlines()[2:]
        assert [line.split(":")[0].strip() for line in lines] == ["lo"]
        assert len(open(f"/proc/{process.pid}/net/route").read().splitlines()) <= 1
