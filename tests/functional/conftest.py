"""Fixtures of the functional suite, and the rule that a skipped test is an expected one."""

import os
from pathlib import Path

import pytest

import processes
from manager import ManagerProcess

EXPECTED_SKIPS = Path(__file__).resolve().parents[1] / "expected-skips.txt"
LOG_SHOWN = 3000  # characters of a manager's log shown with a failed test


def pytest_configure():
    processes.become_subreaper()


def pytest_make_parametrize_id(val):
    """Texts as short, printable parts of a test's name."""
    if isinstance(val, (str, bytes)):
        shown = val if isinstance(val, str) else val.decode("latin-1")
        return ascii(shown)[1:-1][:40]
    return None


@pytest.fixture(scope="session")
def manager(tmp_path_factory):
    """The manager that most tests share."""
    folder = tmp_path_factory.mktemp("shared")
    process = ManagerProcess(folder / "data", folder / "hutchd.log")
    try:
        yield process.start()
        process.stop()
    finally:
        process.kill()


@pytest.fixture(autouse=True)
def shared_manager_lives(request):
    """A shared manager that died fails the run at once, instead of every test after it."""
    yield
    if "manager" in request.fixturenames:
        manager = request.getfixturevalue("manager")
        if not manager.alive():
            pytest.exit(f"the shared manager ended with {manager.wait()} in {request.node.name}; its log:\n{manager.log()[-2000:]}", 3)


@pytest.fixture
def own_manager(tmp_path):
    """Makes managers for one test, not started: `own_manager()` or `own_manager(data_folder, …)`."""
    made = []

    def make(data_folder=None, **keywords):
        process = ManagerProcess(data_folder or tmp_path / "data", tmp_path / f"hutchd-{len(made)}.log", **keywords)
        made.append(process)
        return process

    yield make
    for process in made:
        process.kill()


@pytest.fixture(scope="session")
def api(manager):
    return manager.api


@pytest.fixture
def vm(api):
    """A VM of 128 MiB for one test."""
    made = api.create_vm()
    yield made
    made.delete()


@pytest.fixture(scope="module")
def shared_vm(api):
    """A VM for a module's tests that leave it as they found it."""
    made = api.create_vm(memMb=256)
    yield made
    made.delete()


def pytest_report_header():
    who = "root" if os.geteuid() == 0 else f"ordinary user (uid {os.geteuid()})"
    return f"hutch: running as {who}"


def expected_skips():
    lines = (line.split("#")[0].strip() for line in EXPECTED_SKIPS.read_text().splitlines())
    return {line for line in lines if line}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A skipped test that tests/expected-skips.txt does not list counts as failed; a failed one shows the manager's log."""
    outcome = yield
    report = outcome.get_result()
    name = f"{item.path.name}::{item.name}"
    if report.skipped and name not in expected_skips():
        report.outcome = "failed"
        report.longrepr = f"{name} was skipped and is not listed in tests/expected-skips.txt: {report.longrepr}"
    if report.failed:
        for log in manager_logs(item):
            report.sections.append((f"{log.parent.name}/{log.name}", log.read_text(errors="replace")[-LOG_SHOWN:]))


def manager_logs(item):
    """The logs of the managers that a test used."""
    used = getattr(item, "funcargs", {})
    logs = [used["manager"].log_path] if "manager" in used else []
    if "own_manager" in used:
        logs += sorted(used["tmp_path"].glob("hutchd-*.log"))
    return [log for log in logs if log.exists()]
