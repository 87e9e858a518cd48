"""Twenty at once: time of parallel creates, then memory of the idle VMs and their disks."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import processes
from processes import memory_of

SETTLE_SECONDS = 5
"""After the last exec, before memory is read: guests write back and go idle."""


def at_once(count, work):
    """Runs `work(number)` on `count` threads that start together; (answers, milliseconds of the whole)."""
    gate = threading.Barrier(count + 1)

    def wait_and_work(number):
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(wait_and_work, number) for number in range(count)]
        gate.wait()
        begin = time.perf_counter()
        answers = [future.result() for future in futures]
        return answers, (time.perf_counter() - begin) * 1000


def allocated_bytes(folder):
    """Bytes the host's filesystem allocated for everything in a folder."""
    total = os.lstat(folder).st_blocks * 512
    for parent, folders, files in os.walk(folder):
        total += sum(os.lstat(os.path.join(parent, name)).st_blocks * 512 for name in folders + files)
    return total


def memory_available():
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable:"))


def measure(run):
    measure_hutch(run)
    for peer in run.peers:
        if peer.name in run.counts.crowd_peers:
            measure_peer(run, peer)


def measure_hutch(run):
    count = run.counts.crowd
    manager = run.hutch.process
    own = processes.memory_of([manager.pid]) if manager else None
    available = memory_available()
    clients = [run.hutch.client() for _ in range(count)]
    vms = []

    def create_and_exec(number):
        vm = run.hutch.create_vm(clients[number])
        vms.append(vm)
        return vm.create_milliseconds, vm.exec("/bin/true")[1]

    try:
        answers, total = at_once(count, create_and_exec)
        results = run.results
        results.add(f"{count} at once: create", "hutch", "ms", [created for created, _ in answers])
        results.add(f"{count} at once: create + first exec", "hutch", "ms", [created + first for created, first in answers])
        results.add(f"{count} at once: until all answered", "hutch", "ms", [total])
        if manager is None:
            run.say("memory and disk are not measured: the manager was not started by this run")
            return
        time.sleep(SETTLE_SECONDS)
        measure_memory(run, vms, own, available)
        results.add("disk of a fresh VM", "hutch", "bytes", [allocated_bytes(run.hutch.vm_folder(vm)) for vm in vms])
        for vm in vms:
            vm.exec("sync")
        results.add("disk of a fresh VM, after its sync", "hutch", "bytes", [allocated_bytes(run.hutch.vm_folder(vm)) for vm in vms])
    finally:
        for vm in vms:
            vm.delete()
        for client in clients:
            client.close()


def measure_memory(run, vms, manager_before, available_before):
    manager = run.hutch.process.pid
    groups = {vm.id: [] for vm in vms}
    strangers = []
    for pid in processes.descendants([manager]):
        group = groups.get(processes.vm_of(pid))
        (strangers if group is None else group).append(pid)
    memories = [memory_of(pids) for pids in groups.values()]
    parts = {}
    for memory in memories:
        for name, pss in memory.parts.items():
            parts[name] = parts.get(name, 0) + pss / len(memories)
    results = run.results
    results.add("idle VM's memory (PSS)", "hutch", "bytes", [memory.pss for memory in memories], pssByProcessName=parts,
                processesPerVm=sum(len(pids) for pids in groups.values()) / len(groups),
                otherProcesses=[processes.name_of(pid) for pid in strangers])
    results.add("idle VM's memory (PSS, memory file whole)", "hutch", "bytes", [memory.held for memory in memories])
    results.add("idle VM's share of the host's free memory", "hutch", "bytes",
                [(available_before - memory_available()) / len(vms)])
    results.add("hutchd's memory (PSS)", "hutch", "bytes", [memory_of([manager, *strangers]).pss], withoutVms=manager_before.pss)


def measure_peer(run, peer):
    count = run.counts.crowd
    available = memory_available()

    sandboxes = []

    def create_and_exec(_):
        sandbox, created = peer.create()
        sandboxes.append(sandbox)
        return created, sandbox.exec(["/bin/true"])

    try:
        answers, total = at_once(count, create_and_exec)
        results = run.results
        results.add(f"{count} at once: create", peer.name, "ms", [created for created, _ in answers])
        results.add(f"{count} at once: create + first exec", peer.name, "ms", [created + first for created, first in answers])
        results.add(f"{count} at once: until all answered", peer.name, "ms", [total])
        time.sleep(SETTLE_SECONDS)
        memories = [memory_of(sandbox.pids()) for sandbox in sandboxes]
        results.add("idle VM's memory (PSS)", peer.name, "bytes", [memory.pss for memory in memories])
        results.add("idle VM's memory (PSS, memory file whole)", peer.name, "bytes", [memory.held for memory in memories])
        results.add("idle VM's share of the host's free memory", peer.name, "bytes", [(available - memory_available()) / count])
    finally:
        at_once(len(sandboxes), lambda number: sandboxes[number].delete())
