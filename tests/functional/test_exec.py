"""exec as guest.md 4 has it: commands, environment, folders, input, output and outcomes. One VM for all."""

import pytest

from client import RunningExec, assert_error
from concurrency import at_once

OUTPUT_LIMIT = 1_000_000


@pytest.fixture(scope="module")
def run(shared_vm):
    """Runs a command in the module's VM."""
    return shared_vm.exec


@pytest.mark.parametrize("command, code", [
    ("true", 0), ("false", 1), ("exit 3", 3), ("echo '#!/bin/sh' >plain; ./plain", 126), ("no-such-command", 127),
    ("exit 255", 255), ("exit 137", 137),
])
def test_exit_codes(run, command, code):
    result = run(command)
    assert (result.exit_code, result.signal, result.timed_out) == (code, None, False), result
    assert not result.oom_killed and not result.pids_limited


@pytest.mark.parametrize("name, number", [("KILL", 9), ("TERM", 15), ("SEGV", 11), ("ABRT", 6), ("USR1", 10)])
def test_signals(run, name, number):
    result = run(f"kill -{name} $$")
    assert (result.exit_code, result.signal) == (128 + number, f"SIG{name}"), result


def test_a_signal_of_a_child_is_not_the_commands(run):
    result = run("sh -c 'kill -9 $$'; exit 3")
    assert (result.exit_code, result.signal) == (3, None)


def test_stdout_and_stderr_are_apart(run):
    result = run("echo out; echo err >&2; exit 4")
    assert (result.stdout, result.stderr, result.exit_code) == ("out\n", "err\n", 4)


def test_duration_is_told(run):
    assert run("true").duration_ms >= 0


def test_the_shell_is_bash(run):
    assert run("[[ a == a ]] && echo ${BASH_VERSION:+bash}").stdout == "bash\n"


# --- environment

def test_the_environment_of_a_login(run):
    result = run('printf "%s\\n" "$HOME" "$USER" "$LANG" "$PATH" "$PWD"')
    home, user, language, path, folder = result.stdout.splitlines()
    assert (home, user, folder) == ("/workspace", "user", "/workspace")
    assert "UTF-8" in language
    assert {"/usr/local/bin", "/usr/bin", "/bin"} <= set(path.split(":"))


def test_nothing_of_the_managers_environment_is_there(run, manager):
    environment = run("env; cat /proc/*/environ").stdout
    assert manager.key not in environment and "HUTCH_" not in environment


@pytest.mark.parametrize("value", [
    "plain", "", "two words", "line\nbreak", "$(id)", "`id`", "'\"\\", "--version", "é€😀", "x" * 100_000,
])
def test_environment_values_arrive_as_they_are(run, value):
    result = run('printf %s "$GIVEN"', env={"GIVEN": value})
    assert (result.exit_code, result.stdout) == (0, value)


def test_a_request_may_replace_a_variable_of_the_login(run):
    assert run("echo $LANG", env={"LANG": "C"}).stdout == "C\n"


@pytest.mark.parametrize("name", ["", "A=B", "NUL\0"])
def test_names_that_no_environment_can_hold(shared_vm, name):
    assert_error(shared_vm.exec_answer("true", env={name: "x"}), 400, "env")


# --- working directory

@pytest.mark.parametrize("cwd, where", [
    ("/workspace", "/workspace"), ("/workspace/deep/er", "/workspace/deep/er"), ("deep", "/workspace/deep"),
    ("deep/er", "/workspace/deep/er"), (".", "/workspace"), ("deep/../deep", "/workspace/deep"),
    ("with space", "/workspace/with space"),
])
def test_cwd(run, cwd, where):
    run("mkdir -p deep/er 'with space'")
    assert run("pwd", cwd=cwd).stdout == where + "\n"


@pytest.mark.parametrize("cwd", [
    "/", "/etc", "/home/user", "/workspace/../etc", "..", "../../etc", "/tmp", "/proc/self/root", "to-etc/../../etc", "missing",
    "to-nothing", "/workspace/missing", "file", "/workspacex", "nul\0", "x" * 5000,
])
def test_cwd_outside_or_missing(shared_vm, cwd):
    shared_vm.output("ln -sfn /etc to-etc; ln -sfn nothing to-nothing; touch file")
    assert_error(shared_vm.exec_answer("true", cwd=cwd), 400, "cwd")


def test_cwd_through_a_link_is_what_the_command_could_enter_itself(shared_vm):
    """A link that user code made leads the command no further than its own `cd` would: the agent enters it inside the jail."""
    shared_vm.output("mkdir -p real; ln -sfn real link; ln -sfn /root closed")
    assert shared_vm.output("pwd -P", cwd="link") == "/workspace/real\n"
    assert shared_vm.exec("cd closed").exit_code != 0
    assert_error(shared_vm.exec_answer("ls", cwd="closed"), 400, "cwd")


# --- input

def test_stdin(run):
    assert run("cat", stdin="a line\nand é€😀").stdout == "a line\nand é€😀"


def test_without_stdin_there_is_an_end_of_file(run):
    assert run("cat; echo end").stdout == "end\n"


def test_large_stdin(run):
    assert run("wc -c", stdin="x" * 500_000).stdout.strip() == "500000"


def test_stdin_that_nobody_reads(run):
    result = run("exec <&-; true", stdin="x" * 500_000)
    assert (result.exit_code, result.signal) == (0, None)


def test_large_command(run):
    result = run("x='" + "a" * 500_000 + "'; echo ${#x}")
    assert (result.exit_code, result.stdout) == (0, "500000\n")


@pytest.mark.parametrize("command", ["--help", "-c true", "#", "\n\n", "\techo x", "echo 'unclosed", "exit 0 #\\"])
def test_commands_that_look_odd(run, command):
    """They are the shell's to judge: an outcome, not an error of ours."""
    assert run(command).exit_code in (0, 1, 2, 127)


def test_a_command_in_many_lines(run):
    assert run("cat <<END\nfirst\nEND\nfor i in 1 2; do\n  echo $i\ndone").stdout == "first\n1\n2\n"


# --- output

def test_output_that_is_not_utf8(run):
    result = run(r"printf 'a\377b\0c\303\251\303'; printf '\200' >&2")
    assert (result.stdout, result.stderr) == ("a\ufffdb\0cé\ufffd", "\ufffd")


def test_control_characters_and_markup_arrive(run):
    assert run(r"printf '\033[31m<b>\"\\\r\n\t\007'").stdout == '\033[31m<b>"\\\r\n\t\007'


def test_100_megabytes_of_output_are_cut_and_flagged(run):
    result = run("head -c 100000000 /dev/zero | tr '\\0' x; echo err >&2; exit 5")
    assert result.exit_code == 5, "the program was not blocked and ended by itself"
    assert result.stdout == "x" * OUTPUT_LIMIT
    assert result.stdout_truncated and not result.stderr_truncated
    assert result.stderr == "err\n"


def test_too_much_stderr_is_cut_and_flagged(run):
    result = run("head -c 3000000 /dev/zero | tr '\\0' e >&2; echo out")
    assert result.stderr == "e" * OUTPUT_LIMIT
    assert result.stderr_truncated and not result.stdout_truncated
    assert result.stdout == "out\n"


def test_output_of_just_the_limit_is_not_flagged(run):
    result = run(f"head -c {OUTPUT_LIMIT} /dev/zero | tr '\\0' x")
    assert len(result.stdout) == OUTPUT_LIMIT and not result.stdout_truncated


def test_a_cut_within_a_character(run):
    result = run("printf x; python3 -c 'print(\"€\" * 400000, end=\"\")'")
    assert result.stdout_truncated
    assert set(result.stdout.rstrip("\ufffd")) == {"x", "€"}
    assert len(result.stdout.rstrip("\ufffd").encode()) <= OUTPUT_LIMIT


def test_output_in_single_bytes(run):
    result = run("python3 -c 'import os\nfor _ in range(5000): os.write(1, b\"x\")'")
    assert result.stdout == "x" * 5000


def test_a_closed_output(run):
    result = run("exec >&- 2>&-; exit 6")
    assert (result.exit_code, result.stdout, result.stderr) == (6, "", "")


# --- what execs share

def test_execs_share_files_and_loopback(shared_vm):
    shared_vm.output("echo shared >/tmp/between; echo page >/workspace/index.html")
    assert shared_vm.output("cat /tmp/between") == "shared\n"
    server = RunningExec(
        shared_vm,
        before="coproc python3 -u -m http.server --bind 127.0.0.1 7000\nread -r line <&${COPROC[0]}",
        after="mkfifo /workspace/stop.fifo 2>/dev/null; read -r line </workspace/stop.fifo; exit 0",
    )
    assert shared_vm.output("curl -s http://127.0.0.1:7000/index.html") == "page\n"
    shared_vm.output("test -p /workspace/stop.fifo || mkfifo /workspace/stop.fifo; echo >/workspace/stop.fifo")
    assert server.join().json()["exitCode"] == 0


def test_32_execs_at_once(shared_vm):
    results = at_once(32, lambda index: shared_vm.exec(f"echo {index}; exit {index}"))
    assert [(result.stdout, result.exit_code) for result in results] == [(f"{n}\n", n) for n in range(32)]
