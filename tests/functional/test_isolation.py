"""VMs and their image: what one writes, no other sees, and the image never changes."""

import hashlib
from pathlib import Path

import pytest

from client import RunningExec
from manager import guest_folder

# Every place that is writable, and every trick to make one: files that can be opened for writing, folders that take a
# new file, a remount, and the block devices.
WRITE_EVERYWHERE = r"""
count=0
while IFS= read -r -d '' folder; do
  if head -c 4096 /dev/urandom 2>/dev/null >"$folder/written-by-the-test"; then count=$((count + 1)); fi
done < <(find / -xdev -type d -print0 2>/dev/null; find /tmp /var/tmp /workspace /dev/shm /run -type d -print0 2>/dev/null)
while IFS= read -r -d '' file; do
  if echo changed 2>/dev/null >>"$file"; then count=$((count + 1)); fi
done < <(find / -xdev -type f -writable -print0 2>/dev/null)
for file in /etc/passwd /bin/sh /usr/bin/git /usr/lib/os-release; do
  (echo changed >>$file) 2>/dev/null && echo "wrote to $file"
  rm -f $file 2>/dev/null && echo "removed $file"
done
mount -o remount,rw / 2>/dev/null && echo "remounted the root"
for device in /dev/ubda /dev/ubdb /dev/vda /dev/vdb /dev/mem /dev/kmem /dev/port; do
  (echo changed >$device) 2>/dev/null && echo "wrote to $device"
done
echo "count $count"
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
        lines = vm.output(WRITE_EVERYWHERE, timeoutMs=60_000).splitlines()
        assert int(lines[-1].split()[1]) >= 3, "the test wrote where it may"
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
