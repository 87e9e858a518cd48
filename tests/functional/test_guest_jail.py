"""The guest jail (guest.md 3): jailed code has no rights, reaches nothing but its own, and ends alone when it is greedy."""

import re

import pytest

# Arguments: numbers, `text:…` for a pointer to a string, `file:…` for a descriptor of an opened file,
# `pidfd:…` for one of a process.
SYSTEM_CALL = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def value(argument):
    kind, _, rest = argument.partition(":")
    if kind == "pidfd":
        return ctypes.c_long(os.pidfd_open(int(rest)))
    if kind == "text":
        return ctypes.c_char_p(rest.encode())
    return ctypes.c_long(os.open(rest, os.O_RDONLY) if kind == "file" else int(argument))
result = libc.syscall(*[value(argument) for argument in sys.argv[1:]])
print(result if result >= 0 else os.strerror(ctypes.get_errno()))
sys.exit(0 if result >= 0 else 3)
"""

# x86-64 system calls with arguments that a process with rights would get something from.
DENIED_CALLS = {
    "mount": "165 text:none text:/tmp text:tmpfs 0 0",
    "mount(remount)": "165 text:none text:/ 0 32 0",
    "umount2": "166 text:/tmp 0",
    "pivot_root": "155 text:/tmp text:/tmp",
    "chroot": "161 text:/tmp",
    "fsopen": "430 text:tmpfs 0",
    "open_tree(CLONE)": "428 -100 text:/ 1",
    "unshare(NEWUSER)": "272 268435456",
    "unshare(NEWNS)": "272 131072",
    "unshare(NEWNET)": "272 1073741824",
    "setns": "308 file:/proc/self/ns/mnt 0",
    "bpf": "321 0 0 0",
    "io_uring_setup": "425 1 text:00000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    "userfaultfd": "323 1",
    "perf_event_open": "298 0 0 -1 -1 0",
    "init_module": "175 0 0 text:",
    "finit_module": "313 0 text: 0",
    "delete_module": "176 text:overlay 0",
    "kexec_load": "246 0 0 0 0",
    "reboot": "169 -18751827 672274793 0",
    "swapon": "167 text:/tmp/call.py 0",
    "keyctl": "250 0 -3 0",
    "add_key": "248 text:user text:x text:y 1 -3",
    "iopl": "172 3",
    "ioperm": "173 0 1 1",
    "sethostname": "170 text:x 1",
    "settimeofday": "164 0 0",
    "clock_settime": "227 0 text:0000000000000000",
    "acct": "163 0",
    "mknod(block device)": "133 text:/tmp/disk 25008 25088",
    "mknod(character device)": "133 text:/tmp/memory 8624 257",
    "setuid(0)": "105 0",
    "setgid(0)": "106 0",
    "socket(AF_VSOCK)": "41 40 1 0",
    "socket(AF_PACKET)": "41 17 3 768",
    "socket(AF_INET, SOCK_RAW)": "41 2 3 1",
    # PID 1 of an exec's pid namespace is not user code
    "ptrace(ATTACH pid 1)": "101 16 1 0 0",
    "ptrace(SEIZE pid 1)": "101 16902 1 0 0",
    "kill(pid 1)": "62 1 9",
    "pidfd_getfd(pid 1)": "438 pidfd:1 0 0",
    "kcmp(pid 1)": "312 1 1 0 0 0",
    "prlimit(pid 1)": "302 1 7 text:0000000000000000 0",
}


@pytest.fixture(scope="module")
def vm(shared_vm):
    shared_vm.output("cat >/tmp/call.py", stdin=SYSTEM_CALL)
    return shared_vm


def test_an_allowed_call_succeeds(vm):
    """The probe itself works: getpid."""
    assert vm.exec("python3 /tmp/call.py 39").exit_code == 0


@pytest.mark.parametrize("name", DENIED_CALLS)
def test_system_calls_are_denied(vm, name):
    result = vm.exec(f"python3 /tmp/call.py {DENIED_CALLS[name]}")
    assert result.exit_code == 3, result
    refused = ("Operation not permitted", "Permission denied", "Function not implemented", "Address family not supported by protocol")
    assert result.stdout.strip() in refused, result


def test_nobody_has_any_privilege(vm):
    status = dict(line.split(":", 1) for line in vm.output("cat /proc/self/status").splitlines())
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name], 16) == 0, name
    assert status["NoNewPrivs"].strip() == "1"
    assert status["Seccomp"].strip() == "2"
    assert set(status["Uid"].split()) == {"1000"} and set(status["Gid"].split()) == {"1000"}
    assert set(status.get("Groups", "").split()) <= {"1000"}


def test_a_setuid_program_gains_nothing(vm):
    """The image has some (su, mount, …): they run with the caller's uid."""
    assert vm.output("test -u /usr/bin/su && echo setuid") == "setuid\n"
    assert vm.exec("su -c id root </dev/null").exit_code != 0
    started = "python3 -c 'import subprocess\np = subprocess.Popen([\"/usr/bin/su\"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)\n" \
              "print([l for l in open(f\"/proc/{p.pid}/status\") if l.startswith(\"Uid\")][0].split()[1:])'"
    assert vm.output(started) == "['1000', '1000', '1000', '1000']\n"


@pytest.mark.parametrize("path", ["/", "/etc", "/usr", "/usr/bin", "/root", "/home", "/var", "/opt", "/proc", "/sys", "/dev", "/run"])
def test_the_root_is_read_only(vm, path):
    result = vm.exec(f"touch {path}/made-by-the-test")
    assert result.exit_code != 0, path


@pytest.mark.parametrize("path", ["/workspace", "/tmp", "/var/tmp", "/dev/shm"])
def test_these_are_writable(vm, path):
    assert vm.output(f"echo x >{path}/made-by-the-test && cat {path}/made-by-the-test && rm {path}/made-by-the-test") == "x\n"


def test_temporary_files_may_be_executed(vm):
    assert vm.output("for d in /tmp /workspace; do printf '#!/bin/sh\\necho ran\\n' >$d/program; chmod +x $d/program; $d/program; done") \
        == "ran\nran\n"


def test_the_devices_are_the_harmless_ones(vm):
    names = set(vm.output("ls /dev").split())
    allowed = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "fd", "stdin", "stdout", "stderr"}
    assert {"null", "zero", "urandom", "tty", "ptmx", "pts", "shm"} <= names <= allowed, names
    assert vm.output("find / -type b 2>/dev/null; true") == "", "a block device"


def test_device_nodes_are_of_no_use(vm):
    assert vm.exec("mknod /tmp/disk b 98 0; dd if=/tmp/disk of=/dev/null count=1").exit_code != 0


@pytest.mark.parametrize("path", [
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger",
    "/proc/sys/vm/overcommit_memory", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/vsock/child_ns_mode",
    "/sys/kernel/uevent_helper", "/sys/fs/cgroup/release_agent", "/sys/fs/cgroup/cgroup.procs", "/sys/power/state",
    "/dev/mem", "/dev/kmsg", "/proc/kcore", "/proc/kmsg",
])
def test_kernel_knobs_are_not_writable(vm, path):
    assert vm.exec(f"(echo 1 >{path}) 2>/dev/null").exit_code != 0


def test_sysctls_are_not_writable(vm):
    assert vm.output("find /proc/sys /sys -type f -writable 2>/dev/null; true") == ""


def test_the_out_of_memory_score_cannot_be_lowered(vm):
    assert vm.exec("(echo -1000 >/proc/self/oom_score_adj) 2>/dev/null").exit_code != 0


@pytest.mark.parametrize("cid", [0, 1, 2, 3, 4294967295])
def test_no_vsock(vm, cid):
    """Neither the agent (port 8080 of the guest's own address or loopback) nor any port of the host."""
    for port in (8080, 1024):
        result = vm.exec(f"python3 -c 'import socket\ns = socket.socket(socket.AF_VSOCK)\ns.settimeout(5)\ns.connect(({cid}, {port}))'")
        assert result.exit_code == 1 and "Error" in result.stderr, result


def test_only_the_execs_own_processes_are_there(vm):
    """PID 1, the shell, and what it started; the agent and the guest's init have no number here."""
    pids = vm.output("echo /proc/[0-9]*; true").split()
    assert len(pids) <= 3 and "/proc/1" in pids, pids
    assert vm.exec("tr '\\0' '\\n' </proc/1/cmdline; cat /proc/*/comm | grep hutch-init").stdout.count("hutch-init") == 0


@pytest.mark.parametrize("name", ["mem", "environ", "maps", "fd/0", "fd/3", "root/etc/passwd", "cwd/.", "exe", "auxv", "stack", "syscall"])
def test_pid_1_cannot_be_looked_into(vm, name):
    assert vm.exec(f"cat /proc/1/{name} || ls /proc/1/{name}/").exit_code != 0


def test_no_descriptor_of_the_agent_is_inherited(vm):
    links = vm.output("for fd in /proc/$$/fd/*; do readlink $fd; done; true").split("\n")
    for link in filter(None, links):
        assert not re.match(r"socket:|anon_inode:|/proc/|/sys/|/dev/ubd", link), links


def test_overwriting_the_own_executable_reaches_nothing(vm):
    vm.exec("for pid in self 1 $$; do (echo x >/proc/$pid/exe) 2>/dev/null && echo wrote; done")
    assert vm.output("bash -c 'echo whole'") == "whole\n"


def test_limits_are_set(vm):
    assert vm.output("ulimit -c").strip() == "0"
    assert int(vm.output("ulimit -n")) <= 1_048_576


def test_a_terminal_can_be_opened(vm):
    assert vm.output("python3 -c 'import pty, os; m, s = pty.openpty(); os.write(s, b\"x\"); print(os.read(m, 1))'") == "b'x'\n"


# --- greed (each in a VM of its own, which must answer on)

def test_a_fork_bomb_ends_alone(vm):
    result = vm.exec("bomb() { bomb | bomb & read -r -t 100 line <>/tmp/never.fifo; }; mkfifo /tmp/never.fifo; bomb", timeoutMs=10_000)
    assert result.pids_limited and result.exit_code != 0, (result.exit_code, result.stderr[:200])
    assert vm.output("echo on") == "on\n"


def test_a_program_that_may_not_fork_sees_why(vm):
    result = vm.exec("python3 -c 'import os, signal\nwhile True:\n  if os.fork() == 0: signal.pause()'")
    assert result.pids_limited and result.exit_code == 1, result
    assert "Resource temporarily unavailable" in result.stderr


def test_a_thread_bomb_ends_alone(vm):
    result = vm.exec(
        "python3 -c 'import threading\nevent = threading.Event()\n"
        "while True: threading.Thread(target=event.wait, daemon=True).start()'", timeoutMs=30_000)
    assert result.exit_code != 0 and result.pids_limited, result
    assert vm.output("echo on") == "on\n"


@pytest.mark.parametrize("memory", [128, 256])
def test_a_memory_hog_ends_alone(api, memory):
    vm = api.create_vm(memMb=memory)
    result = vm.exec("python3 -c 'hog = []\nwhile True: hog.append(bytearray(1 << 20))'", timeoutMs=60_000)
    assert result.oom_killed and result.exit_code != 0 and not result.timed_out, result
    assert vm.output("echo on; cat /proc/sys/kernel/random/boot_id") != ""
    assert vm.state() == "RUNNING"
    vm.delete()


def test_memory_in_files_of_a_memory_filesystem_ends_alone(api):
    vm = api.create_vm()
    result = vm.exec("head -c 1000000000 /dev/zero >/dev/shm/hog", timeoutMs=60_000)
    assert result.exit_code != 0 and not result.timed_out, result
    assert vm.output("rm -f /dev/shm/hog; echo on") == "on\n"
    vm.delete()


def test_open_files_run_out_alone(vm):
    result = vm.exec("python3 -c 'import os\nwhile True: os.dup(0)'")
    assert result.exit_code == 1 and "Too many open files" in result.stderr
    assert vm.output("echo on") == "on\n"
