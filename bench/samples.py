"""Raw samples and what is said of them."""

import math
from dataclasses import dataclass, field


def percentile(values, share):
    """The nearest-rank percentile: a value that was really measured. `share` from 0 to 1."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass
class Series:
    """What one subject (hutch, a peer, the host itself) gave for one measure."""

    measure: str
    subject: str
    unit: str
    values: list
    notes: dict = field(default_factory=dict)

    @property
    def p50(self):
        return percentile(self.values, 0.50)

    def as_json(self):
        return {
            "measure": self.measure,
            "subject": self.subject,
            "unit": self.unit,
            "count": len(self.values),
            "min": min(self.values),
            "p50": self.p50,
            "p95": percentile(self.values, 0.95),
            "p99": percentile(self.values, 0.99),
            "max": max(self.values),
            "mean": sum(self.values) / len(self.values),
            **({"notes": self.notes} if self.notes else {}),
            "samples": [round(value, 6) for value in self.values],
        }


class Results:
    """All series of one run, in the order they were measured."""

    def __init__(self):
        self._series = {}

    def add(self, measure, subject, unit, values, **notes):
        if not values:
            raise ValueError(f"no samples of {measure} of {subject}")
        self._series[measure, subject] = Series(measure, subject, unit, list(values), notes)

    def get(self, measure, subject):
        """The series, or None when it was not measured."""
        return self._series.get((measure, subject))

    def measures(self):
        return list(dict.fromkeys(measure for measure, _ in self._series))

    def of(self, measure):
        return [series for (name, _), series in self._series.items() if name == measure]

    def as_json(self):
        return [series.as_json() for series in self._series.values()]
