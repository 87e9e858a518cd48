"""CPU-bound code: the same binary natively on one pinned CPU, in the guest, and in the peers, in turn. Wall clock of the host."""

import base64
import os

from hutch import BenchError
from peers import timed_run

PYTHON_LOOP = "x = 0\nfor i in range({rounds}): x = (x * 31 + i) & 0xffffffff\nprint(x)"


def pinned_cpu(run, vm):
    """The CPU the guest is pinned to where it can be seen, else the first one we may use: the native run gets the same."""
    import processes
    if run.hutch.process:
        for pid in processes.descendants([run.hutch.process.pid]):
            cpus = os.sched_getaffinity(pid)
            if processes.vm_of(pid) == vm.id and len(cpus) == 1:
                return next(iter(cpus))
    return min(os.sched_getaffinity(0))


def upload(vm, file, path):
    text = base64.b64encode(file.read_bytes()).decode()
    vm.exec(f"base64 -d >{path} <<'END'\n{text}\nEND\nchmod 755 {path}")


def native_in_image(run, *arguments):
    """A command with the image's own files on the host's kernel: same program, same libraries."""
    if os.geteuid() == 0:
        return ["chroot", run.image_folder, *arguments]
    return ["unshare", "--user", "--map-root-user", f"--root={run.image_folder}", *arguments]


def measure(run):
    counts = run.counts
    loop = str(counts.cpu_loop_rounds)
    python = PYTHON_LOOP.format(rounds=counts.python_rounds)
    peers = [(peer, peer.create()[0]) for peer in run.peers]
    compiled = {name: [] for name in ["native", "hutch", *(peer.name for peer, _ in peers)]}
    interpreted = {name: [] for name in compiled if name != "qemu-tcg"}
    with run.hutch.client() as client:
        vm = run.hutch.create_vm(client)
        try:
            upload(vm, run.programs_folder / "cpu_loop", "/workspace/cpu_loop")
            upload_python(vm, python)
            cpu = pinned_cpu(run, vm)
            expected = vm.exec(f"/workspace/cpu_loop {loop}")[0]["stdout"]
            for number in range(counts.cpu_rounds):
                compiled["native"].append(timed_run([run.programs_folder / "cpu_loop", loop], cpu=cpu))
                result, milliseconds = vm.exec(f"/workspace/cpu_loop {loop}", timeout_ms=300_000)
                if result["stdout"] != expected:
                    raise BenchError(f"cpu_loop answered {result['stdout']!r} after {expected!r}")
                compiled["hutch"].append(milliseconds)
                interpreted["native"].append(timed_run(native_in_image(run, "/usr/bin/python3", "-c", python), cpu=cpu))
                interpreted["hutch"].append(vm.exec("python3 /workspace/loop.py", timeout_ms=300_000)[1])
                for peer, sandbox in peers:
                    if peer.name == "qemu-tcg" and number > 0:
                        continue  # many times slower: once says it
                    compiled[peer.name].append(sandbox.exec(["/mnt/cpu_loop", loop]))
                    if peer.name in interpreted:
                        interpreted[peer.name].append(sandbox.exec(["/usr/bin/python3", "-c", python]))
        finally:
            vm.delete()
            for _, sandbox in peers:
                sandbox.delete()
    for name, values in compiled.items():
        run.results.add("CPU-bound C program", name, "ms", values)
    for name, values in interpreted.items():
        run.results.add("CPU-bound Python program", name, "ms", values)


def upload_python(vm, text):
    encoded = base64.b64encode(text.encode()).decode()
    vm.exec(f"echo {encoded} | base64 -d >/workspace/loop.py")
