"""What a guest is, seen from inside: its kernel, user, tools, identity and disk."""

import os
import re

import pytest

from concurrency import at_once


def test_the_kernel_is_a_guests_own(shared_vm):
    release = shared_vm.output("uname -r").strip()
    assert release and release != os.uname().release
    assert shared_vm.output("cat /proc/sys/kernel/random/boot_id") != open("/proc/sys/kernel/random/boot_id").read()


def test_the_user(shared_vm):
    assert shared_vm.output("whoami; id -u; id -g; pwd; echo ~") == "user\n1000\n1000\n/workspace\n/workspace\n"


@pytest.mark.parametrize("command, shown", [
    ("bash --version", "GNU bash"), ("sh -c 'echo ok'", "ok"), ("busybox echo ok", "ok"), ("git --version", "git version"),
    ("node -e 'console.log(6 * 7, process.version)'", "42 v"), ("npm --version", "."), ("python3 -c 'print(6 * 7)'", "42"),
    ("deno eval 'console.log(6 * 7)'", "42"), ("curl --version", "curl"), ("tar --version", "tar"), ("gzip --version", "gzip"),
    ("openssl version || test -d /etc/ssl/certs && echo certificates", "certificates"),
])
def test_the_tools_are_there_and_run(shared_vm, command, shown):
    assert shown in shared_vm.output(command, timeoutMs=60_000)


def test_git_works_in_the_workspace(shared_vm):
    script = """
git init -q repository && cd repository && echo text >file && git add file &&
git -c user.name=a -c user.email=a@b commit -q -m first && git log --format=%s && git status --short && cd .. && rm -rf repository
"""
    assert shared_vm.output(script, timeoutMs=60_000) == "first\n"


def test_caches_are_outside_the_workspace(shared_vm):
    folders = shared_vm.output('printf "%s\\n" "$XDG_CACHE_HOME" "$DENO_DIR" "$npm_config_cache"').splitlines()
    for folder in folders:
        assert folder.startswith("/") and not folder.startswith("/workspace"), folders
        assert shared_vm.exec(f"mkdir -p {folder} && touch {folder}/probe && rm {folder}/probe").exit_code == 0


def test_identity_differs_between_vms(api):
    vms = at_once(2, lambda _: api.create_vm())
    seen = [vm.output("hostname; cat /proc/sys/kernel/random/boot_id; head -c 16 /dev/urandom | od -An -tx1").splitlines()
            for vm in vms]
    for first, second in zip(*seen):
        assert first != second
    for vm in vms:
        vm.delete()


def test_the_address_is_on_the_guests_interface(shared_vm):
    addresses = shared_vm.output("cat /proc/net/fib_trie; cat /proc/net/dev")
    assert shared_vm.created["guestIp"] in addresses and "eth0" in addresses and "lo" in addresses


def test_the_clock_is_the_hosts(api):
    """Between one reading of the host's clock and a later one, a second either way for rounding."""
    import time

    vm = api.create_vm()
    before = int(time.time())
    inside = int(vm.output("date +%s"))
    assert before - 2 <= inside <= int(time.time()) + 2
    vm.delete()


# --- disk

def test_the_disk_has_its_default_size(api):
    vm = api.create_vm()
    size_mib = int(vm.output("df -Pm /workspace | awk 'NR == 2 { print $2 }'"))
    default = vm.view()["diskSizeMb"]
    assert default * 0.85 <= size_mib <= default, (size_mib, default)
    vm.delete()


def test_a_fresh_vm_takes_less_than_a_mebibyte_of_disk(api, manager):
    vm = api.create_vm()
    vm.output("true")
    blocks = sum(path.lstat().st_blocks for path in manager.vm_folder(vm).rglob("*"))
    assert blocks * 512 < 1 << 20, f"{blocks * 512} bytes"
    vm.delete()


def test_a_full_disk_is_what_the_program_sees(api):
    vm = api.create_vm(diskSizeMb=64)
    assert vm.view()["diskSizeMb"] == 64
    vm.output("echo precious >/workspace/earlier")
    result = vm.exec("head -c 200000000 /dev/zero >/workspace/filler", timeoutMs=60_000)
    assert result.exit_code != 0 and "No space left on device" in result.stderr, result
    for folder in ("/tmp", "/var/tmp"):
        result = vm.exec(f"head -c 200000000 /dev/zero >{folder}/filler", timeoutMs=60_000)
        assert result.exit_code != 0 and "No space left on device" in result.stderr, result
    assert vm.output("cat /workspace/earlier") == "precious\n"
    vm.output("rm -f /workspace/filler /tmp/filler /var/tmp/filler; echo again >/workspace/later; sync")
    vm.stop()
    vm.start()
    assert vm.output("cat /workspace/earlier /workspace/later") == "precious\nagain\n"
    vm.delete()


def test_memory_is_what_was_asked_for(api):
    vm = api.create_vm(memMb=512)
    total = int(re.search(r"MemTotal:\s+(\d+) kB", vm.output("cat /proc/meminfo")).group(1)) // 1024
    assert 400 <= total <= 512, total
    vm.delete()
