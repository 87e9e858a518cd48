"""Measures hutch beside its peers. See README.md; started by run.sh."""

import argparse
import json
import os
import signal
import sys
from datetime import datetime, timezone
from pathlib import Path

import artefacts
import machine
import measure_cold
import measure_cpu
import measure_crowd
import measure_exec
import report
from bubblewrap import Bubblewrap
from hutch import BenchError, Hutch, StartedHutch
from peers import Unavailable
from qemu_tcg import QemuTcg
from run_context import FULL, QUICK, Run
from runsc import Runsc
from targets import TARGETS

MEASUREMENTS = {"cold": measure_cold, "exec": measure_exec, "crowd": measure_crowd, "cpu": measure_cpu}
PEERS = ("runsc", "qemu-tcg", "bwrap")
ROOT = Path(__file__).resolve().parents[1]


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./hutch bench", description="Measures hutch beside its peers; prints a table and writes JSON.")
    parser.add_argument("--quick", action="store_true", help="fewer samples")
    parser.add_argument("--only", action="append", choices=list(MEASUREMENTS), help="only this measurement; may be repeated")
    parser.add_argument("--peers", default=",".join(PEERS), help="which peers, separated by commas; none: '' (default: %(default)s)")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release", help="folder of the build to measure")
    parser.add_argument("--json", type=Path, help="where the JSON goes (default: build/bench/<time>.json)")
    parser.add_argument("--wait-quiet", type=int, default=0, metavar="SECONDS",
                        help=f"wait at most so long for a load average below {machine.QUIET_LOAD:g}")
    arguments = parser.parse_args()
    arguments.peers = [name for name in arguments.peers.split(",") if name]
    unknown = set(arguments.peers) - set(PEERS)
    if unknown:
        parser.error(f"there is no peer {', '.join(sorted(unknown))}; there are: {', '.join(PEERS)}")
    return arguments


def open_hutch(arguments):
    url, key = os.environ.get("HUTCH_URL"), os.environ.get("HUTCH_API_KEY")
    if url:
        if not key:
            raise BenchError("HUTCH_URL is set and HUTCH_API_KEY is not; set both, or neither to start a manager here")
        return Hutch(url, key)
    return StartedHutch(arguments.build.resolve())


def open_peers(names, image_folder, programs_folder, absent):
    makers = {
        "runsc": lambda: Runsc(image_folder, programs_folder),
        "qemu-tcg": lambda: QemuTcg(programs_folder),
        "bwrap": lambda: Bubblewrap(image_folder, programs_folder),
    }
    peers = []
    for name in names:
        try:
            peers.append(makers[name]())
        except (Unavailable, BenchError) as reason:
            absent[name] = str(reason)
            print(f"bench: peer {name} is left out: {reason}", file=sys.stderr)
    return peers


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(content, indent=1) + "\n")
    temporary.replace(path)


def run_all(arguments):
    """Measures and prints; the number of measurements that ended with an error."""
    started = datetime.now(timezone.utc)
    guest_folder = Path(os.environ.get("HUTCH_GUEST_DIR", arguments.build / "guest"))
    image_folder = artefacts.image_folder(guest_folder)
    programs_folder = artefacts.programs_folder()
    absent = {}
    peers = open_peers(arguments.peers, image_folder, programs_folder, absent)
    run = Run(None, peers, QUICK if arguments.quick else FULL, image_folder, programs_folder)
    loads, errors = {}, {}
    try:
        quiet = machine.wait_until_quiet(arguments.wait_quiet, run.say)
        loads["start"] = machine.load_average()
        if not quiet:
            run.say(f"the machine is busy (load average {loads['start'][0]:g}): times will be worse than they are")
        run.hutch = open_hutch(arguments)
        try:
            for name in arguments.only or MEASUREMENTS:
                run.say(f"measuring: {name}")
                loads[f"before {name}"] = machine.load_average()
                try:
                    MEASUREMENTS[name].measure(run)
                except (BenchError, OSError) as error:
                    errors[name] = str(error)
                    run.say(f"{name} failed: {error}")
            loads["end"] = machine.load_average()
            described = {"hutch": run.hutch.describe(), **{peer.name: peer.describe() for peer in peers}}
        finally:
            run.hutch.close()
    finally:
        for peer in peers:
            peer.close()
    about = machine.describe(ROOT)
    content = {
        "startedAt": started.isoformat(timespec="seconds"),
        "machine": about,
        "quietAtStart": quiet,
        "loadAverage": loads,
        "subjects": described,
        "absentPeers": absent,
        "counts": vars(run.counts),
        "targets": [target.judge(run.results) for target in TARGETS],
        "boots": run.timelines,
        "errors": errors,
        "series": run.results.as_json(),
    }
    path = arguments.json or ROOT / "build" / "bench" / (started.strftime("%Y%m%dT%H%M%SZ") + ".json")
    write_json(path, content)
    print(f"{about['cpu']}, {about['usableCores']} cores, Linux {about['kernel']}, {about['distribution']}; "
          f"load average {loads['start'][0]:g} at the start ({'quiet' if quiet else 'busy'})")
    for name, subject in described.items():
        if name != "hutch":
            print(f"{name} {subject['version']}: {subject['commandLine']}")
    for name, reason in absent.items():
        print(f"{name}: left out: {reason}")
    report.print_report(run.results, run.timelines)
    for name, error in errors.items():
        print(f"ERROR in {name}: {error}")
    print(f"\nraw samples: {path}")
    return len(errors)


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended on the way out
    try:
        sys.exit(1 if run_all(arguments) else 0)
    except BenchError as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
