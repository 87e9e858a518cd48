"""What every measurement gets: the manager, the peers, how many samples, where results go."""

import sys
import time
from dataclasses import dataclass, field

from samples import Results


@dataclass(frozen=True)
class Counts:
    """How many samples a run takes."""

    cold_rounds: int
    execs: int
    peer_execs: int
    slow_execs: int
    crowd: int
    crowd_peers: tuple
    cpu_rounds: int
    cpu_loop_rounds: int
    python_rounds: int


FULL = Counts(cold_rounds=20, execs=400, peer_execs=100, slow_execs=20, crowd=20, crowd_peers=("runsc", "qemu-tcg"),
              cpu_rounds=5, cpu_loop_rounds=2_000_000, python_rounds=20_000_000)
QUICK = Counts(cold_rounds=5, execs=200, peer_execs=20, slow_execs=5, crowd=20, crowd_peers=("runsc",),
               cpu_rounds=2, cpu_loop_rounds=1_000_000, python_rounds=5_000_000)


@dataclass
class Run:
    hutch: object
    peers: list
    counts: Counts
    image_folder: object
    programs_folder: object
    results: Results = field(default_factory=Results)
    timelines: list = field(default_factory=list)
    begin: float = field(default_factory=time.monotonic)

    def say(self, text):
        """Progress, on stderr."""
        print(f"[bench {time.monotonic() - self.begin:4.0f}s] {text}", file=sys.stderr, flush=True)

    def peer(self, name):
        """The peer of that name, or None where it can't be measured."""
        return next((peer for peer in self.peers if peer.name == name), None)
