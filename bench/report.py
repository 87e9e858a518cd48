"""The table a person reads."""

from samples import percentile
from targets import TARGETS

DIVISORS = {"ms": (1, "ms"), "bytes": (1e6, "MB")}


def number(value):
    return f"{value:.3f}" if value < 10 else f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def table(rows, right):
    """Lines of aligned columns; those whose index is in `right` are aligned to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.rjust(width) if column in right else cell.ljust(width)
                        for column, (cell, width) in enumerate(zip(row, widths))).rstrip()


def measures_table(results):
    rows = [("measure", "subject", "n", "p50", "p95", "p99", "unit", "hutch / it")]
    for measure in results.measures():
        own = results.get(measure, "hutch")
        for position, series in enumerate(results.of(measure)):
            divisor, unit = DIVISORS[series.unit]
            ratio = number(own.p50 / series.p50) if own and series is not own and series.p50 > 0 else ""
            rows.append((measure if position == 0 else "", series.subject, str(len(series.values)),
                         *(number(percentile(series.values, share) / divisor) for share in (0.5, 0.95, 0.99)), unit, ratio))
    return table(rows, {2, 3, 4, 5, 7})


def timeline_lines(timelines):
    """The boot whose total is the median one, step by step, from the API call to the first exec's answer."""
    ordered = sorted(timelines, key=lambda one: one["createMs"] + one["firstExecMs"])
    chosen = ordered[(len(ordered) - 1) // 2]
    yield f"boot timeline of the median of {len(ordered)} cold rounds ({chosen['id']}, boot id {chosen['bootId']}, all boot ids differ)"
    steps = [(step["step"], step["atMs"]) for step in sorted(chosen["timeline"], key=lambda step: step["atMs"])]
    steps.append(("create answered", chosen["createMs"]))
    steps.append(("first exec answered", chosen["createMs"] + chosen["firstExecMs"]))
    before = 0.0
    for name, at in steps:
        yield f"  {at:9.2f} ms  (+{at - before:7.2f})  {name}"
        before = at


def target_text(line):
    sign = ">=" if line["atLeast"] else "<="
    wanted = f"{sign} {line['limit']:g}" + (f" {line['unit']}" if line.get("unit") else "")
    return wanted + (f" (aim {line['aim']:.2f})" if line["aim"] else "")


def targets_table(results):
    rows = [("target", "wanted", "measured", "verdict")]
    for target in TARGETS:
        line = target.judge(results)
        measured = "-" if line["measured"] is None else f"{line['measured']:.3f}"
        aim = {True: ", aim met", False: ", aim not met", None: ""}[line.get("aimMet")]
        rows.append((line["target"], target_text(line), measured, line["verdict"] + aim))
    return table(rows, {2})


def print_report(results, timelines):
    print()
    for line in measures_table(results):
        print(line)
    if timelines:
        print()
        for line in timeline_lines(timelines):
            print(line)
    notes = results.get("idle VM's memory (PSS)", "hutch")
    if notes:
        parts = ", ".join(f"{name} {pss / 1e6:.2f}" for name, pss in sorted(notes.notes["pssByProcessName"].items(), key=lambda item: -item[1]))
        print(f"\nan idle VM's PSS in MB by process name ({notes.notes['processesPerVm']:g} processes): {parts}")
    print()
    for line in targets_table(results):
        print(line)
