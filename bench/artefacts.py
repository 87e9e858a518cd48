"""What a run needs and keeps in the artefact cache: peers' packages, the image as a folder, compiled programs."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

from hutch import BenchError

BENCH_FOLDER = Path(__file__).resolve().parent
FETCH = BENCH_FOLDER.parent / "common" / "build" / "fetch-debian.sh"


def cache_folder():
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hutch"


@contextmanager
def _locked(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def cached(kind, key, make):
    """The folder <cache>/<kind>/<key>, filled by `make(folder)` when it is not there yet. It appears whole or not at all."""
    final = cache_folder() / kind / key
    if final.exists():
        return final
    with _locked(final.parent):
        if not final.exists():
            temporary = final.with_name(f"{key}.tmp.{os.getpid()}")
            temporary.mkdir()
            try:
                make(temporary)
                temporary.rename(final)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
    return final


def run(arguments, what, **keywords):
    """Runs a helper program; its output, or a BenchError that says what was tried."""
    try:
        done = subprocess.run([str(argument) for argument in arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", **keywords)
    except OSError as error:
        raise BenchError(f"{what}: {error}") from error
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise BenchError(f"{what}: {arguments[0]} ended with {done.returncode}: {' / '.join(lines[-3:])}")
    return done.stdout


def key_of(*parts):
    return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()[:20]


def debian_package(suites, package):
    """A folder with the unpacked content of a Debian package that is not installed; fetched once, kept until the cache is cleaned."""
    def make(folder):
        deb = run([FETCH, "binary", suites, package, folder / "deb"], f"fetch {package} from {suites}").strip()
        run(["dpkg-deb", "-x", deb, folder / "root"], f"unpack {package}")
        (folder / "depends").write_text(run(["dpkg-deb", "-f", deb, "Depends"], f"read {package}"))
        (folder / "version").write_text(run(["dpkg-deb", "-f", deb, "Version"], f"read {package}").strip())
        shutil.rmtree(folder / "deb")
    return cached("bench-package", f"{package}-{key_of(suites, package)}", make)


def image_folder(guest_folder):
    """The files of the default image as a folder, for peers that need one. Owners are right only when root."""
    rootfs = Path(guest_folder) / "rootfs.ext4"
    if not rootfs.exists():
        raise BenchError(f"there is no {rootfs}; run ./hutch build first, or set HUTCH_GUEST_DIR")
    content = json.loads((Path(guest_folder) / "manifest.json").read_text())["rootfs"]["contentSha256"]

    def make(folder):
        tool = shutil.which("debugfs", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if not tool:
            raise BenchError("debugfs is missing; install the package e2fsprogs")
        (folder / "root").mkdir()
        run([tool, "-R", f"rdump / {folder / 'root'}", rootfs.resolve()], "extract the image")
        shutil.rmtree(folder / "root" / "lost+found", ignore_errors=True)
        if not (folder / "root" / "usr").is_dir():
            raise BenchError(f"extract the image: debugfs made no files from {rootfs}")
    return cached("bench-image", f"{content[:20]}-{os.geteuid()}", make) / "root"


def programs_folder():
    """The static programs of bench/programs."""
    sources = sorted((BENCH_FOLDER / "programs").glob("*.c"))
    command = ["gcc", "-O2", "-static"]

    def make(folder):
        for source in sources:
            run([*command, "-o", folder / source.stem, source], f"compile {source.name}")
    return cached("bench-programs", key_of(*command, *(source.read_text() for source in sources)), make)
