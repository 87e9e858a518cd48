"""The targets, and whether a run met them."""

from dataclasses import dataclass
from typing import Callable, Optional

MIB = 1024 * 1024


def p50(series):
    return series.p50


def mean(series):
    return sum(series.values) / len(series.values)


def largest(series):
    return max(series.values)


@dataclass(frozen=True)
class Target:
    """`measure` of hutch, as a share of `beside` (a peer's same measure) where one is named, against a limit."""

    text: str
    measure: str
    limit: float
    statistic: Callable
    beside: Optional[str] = None
    aim: Optional[float] = None
    inverted: bool = False
    """The peer's time over hutch's, and at least the limit: speed instead of duration."""
    scale: float = 1
    unit: str = ""

    def judge(self, results):
        """One target as a dict for JSON and table; `verdict` is met, not met or not measured."""
        own = results.get(self.measure, "hutch")
        other = results.get(self.measure, self.beside) if self.beside else None
        line = {"target": self.text, "measure": self.measure, "limit": self.limit, "aim": self.aim, "atLeast": self.inverted,
                "unit": self.unit}
        if own is None or (self.beside and other is None):
            return {**line, "measured": None, "verdict": "not measured"}
        value = self.statistic(own) / self.scale
        if other is not None:
            value = self.statistic(other) / self.statistic(own) if self.inverted else self.statistic(own) / self.statistic(other)
        met = value >= self.limit if self.inverted else value <= self.limit
        aim_met = None if self.aim is None else value <= self.aim
        return {**line, "measured": value, "verdict": "met" if met else "not met", "aimMet": aim_met}


TARGETS = [
    Target("create + first exec, cold, share of runsc run + exec", "create + first exec", 0.5, p50, beside="runsc", aim=0.3),
    Target("exec /bin/true, share of runsc exec", "exec /bin/true", 0.5, p50, beside="runsc", aim=1 / 3),
    Target("idle VM of 128 MiB among 20, PSS", "idle VM's memory (PSS)", 14, mean, scale=1e6, unit="MB"),
    Target("disk of a fresh VM, largest of 20", "disk of a fresh VM, after its sync", 1, largest, scale=MIB, unit="MiB"),
    Target("hutchd with 20 VMs, PSS", "hutchd's memory (PSS)", 40, mean, scale=1e6, unit="MB"),
    Target("CPU-bound C, speed as share of native", "CPU-bound C program", 0.95, p50, beside="native", inverted=True),
    Target("CPU-bound Python, speed as share of native", "CPU-bound Python program", 0.95, p50, beside="native", inverted=True),
]
