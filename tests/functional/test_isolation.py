"""VMs and their image: what one writes, no other sees, and the image never changes."""

import hashlib
from pathlib import Path

import pytest

from client import RunningExec
from manager import guest_folder

# A new file in every folder, a byte more in every file, and every trick to make more of them writable. Prints what should not
# have worked, and last how much did.
WRITE_EVERYWHERE = r"""
import os, subprocess

written = 0
for folder, names, files in os.walk("/"):
    names[:] = [name for name in names if os.path.join(folder, name) not in ("/proc", "/sys")]
    for path in [os.path.join(folder, "written-by-the-test")] + [os.path.join(folder, name) for name in files]:
        if path.startswith("/dev/") and not path.startswith("/dev/shm/"):
            continue
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK))
        except OSError:
            continue
        with open(path, "ab") as file:
            file.write(os.urandom(64))
        written += 1
        if not path.startswith(("/workspace/", "/tmp/", "/var/tmp/", "/dev/shm/", "/var/cache/hutch/", "/home/user/")):
            print("wrote to", path)
for path in ("/etc/passwd", "/usr/bin/bash", "/usr/bin/git", "/usr/lib/os-release"):
    for attempt in (lambda: os.truncate(path, 0), lambda: os.unlink(path), lambda: os.chmod(path, 0o777), lambda: os.utime(path)):
        try:
            attempt()
            print("changed", path)
        except OSError:
            pass
if subprocess.run(["mount", "-o", "remount,rw", "/"], capture_output=True).returncode == 0:
    print("remounted the root")
for name in ("ubda", "ubdb", "vda", "vdb", "mem", "kmem", "port"):
    try:
        os.close(os.open("/dev/" + name, os.O_WRONLY))
        print("opened", name)
    except OSError:
        pass
print(written)
"""


def digests(folder):
    """SHA-256 of every file below a folder by its resolved path."""
    found = {}
    for path in Path(folder).rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                found[str(path.resolve())] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def test_the_image_does_not_change_whatever_guests_write(api, manager):
    before = {**digests(guest_folder()), **digests(manager.data_folder / "images")}
    vms = [api.create_vm(memMb=256) for _ in range(2)]
    for vm in vms:
        lines = vm.output("python3 -", stdin=WRITE_EVERYWHERE, timeoutMs=120_000).splitlines()
        assert int(lines[-1]) >= 4, "the test wrote where it may"
        assert lines[:-1] == []
    vms[0].stop()
    vms[0].start()
    vms[0].output("cat /usr/bin/git >/dev/null")
    for vm in vms:
        vm.delete()
    assert {**digests(guest_folder()), **digests(manager.data_folder / "images")} == before
    default = next(image for image in api.call("GET", "/v1/images").json() if image["isDefault"])
    assert any(default["digest"].endswith(digest) for digest in before.values()), "the digest told is the file's"


def test_two_vms_do_not_see_each_others_files(api):
    first, second = api.create_vm(), api.create_vm()
    for name, vm in (("first", first), ("second", second)):
        vm.output(f"echo {name} >/workspace/shared; echo {name} >/tmp/shared; echo {name} >/workspace/only-{name}")
    assert first.output("cat /workspace/shared /tmp/shared; ls /workspace") == "first\nfirst\nonly-first\nshared\n"
    assert second.output("cat /workspace/shared /tmp/shared; ls /workspace") == "second\nsecond\nonly-second\nshared\n"
    first.delete()
    assert second.output("cat /workspace/shared") == "second\n"
    second.delete()


def test_a_new_vm_starts_clean(api):
    vm = api.create_vm()
    vm.output("echo left >/workspace/left; echo left >/tmp/left")
    vm.delete()
    fresh = api.create_vm()
    assert fresh.output("ls -A /workspace /tmp | grep left; true") == ""
    fresh.delete()


def test_execs_of_one_vm_do_not_see_each_others_processes(vm):
    running = RunningExec(vm, before="export MARK=marked-process\nsleep 1000 &")
    listing = vm.output("ls -d /proc/[0-9]*; tr '\\0' ' ' </proc/1/cmdline; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'")
    assert "marked-process" not in listing and "never.fifo" not in listing
    for signal in ("TERM", "KILL"):
        vm.exec(f"kill -{signal} -1; true")
    vm.output("echo >/workspace/never.fifo")
    assert running.join().json()["exitCode"] == 0, "another exec's signals did not reach it"


PROBE = """
import socket, sys
connection = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
connection.settimeout(2)
try:
    connection.connect((sys.argv[1], int(sys.argv[2])))
except OSError as error:
    print("refused:", error)
    sys.exit(3)
print("connected")
"""


@pytest.mark.parametrize("address, port", [
    ("1.1.1.1", 80), ("8.8.8.8", 53), ("169.254.169.254", 80), ("127.0.0.1", None), ("10.0.2.2", None), ("172.16.0.1", None),
    ("192.168.0.1", 80), ("::1", None), ("2606:4700:4700::1111", 80), ("other", 7000),
])
def test_no_network_is_reached(shared_vm, manager, vm, address, port):
    """Without a port: the manager's own. `other` is another guest's address, where a server listens."""
    server = None
    if address == "other":
        address = vm.created["guestIp"]
        server = RunningExec(
            vm, before="coproc python3 -u -m http.server --bind 0.0.0.0 7000\nread -r line <&${COPROC[0]}")
        assert vm.exec(f"python3 - {address} 7000", stdin=PROBE).stdout == "connected\n", "the server is there"
    result = shared_vm.exec(f"python3 - {address} {port or manager.port}", stdin=PROBE)
    assert result.exit_code == 3 and result.stdout.startswith("refused:"), result
    if server:
        vm.output("echo >/workspace/never.fifo")
        server.join()


def test_names_are_not_resolved(shared_vm):
    result = shared_vm.exec("getent hosts example.com || echo none; curl -sS --max-time 5 http://example.com/", timeoutMs=20_000)
    assert result.exit_code != 0 and result.stdout.startswith("none"), result
