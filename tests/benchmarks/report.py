"""Results as markdown tables."""

import datetime as dt
import os
import platform
from statistics import median

from catalogue import BARS, WORKLOADS


def heading(rounds, *, cpu=False):
    """Return when, on what and how it was measured."""
    load = f"{os.getloadavg()[0]:.1f}"
    return (
        f"{dt.datetime.now().astimezone().date()}, Python {platform.python_version()}, {os.cpu_count()} cores"
        f" ({platform.machine()}), load average {load}; medians of {rounds} interleaved rounds of fresh processes,"
        " ratios within a round"
    ) + ("; processor time" if cpu else "")


def figures_table(results):
    """Return every subject's median, and the range of its rounds."""
    lines = ["| workload | subject | median | range |", "|---|---|---:|---:|"]
    for name, subjects in results.figures.items():
        for subject, found in subjects.items():
            unit = results.units[name][subject]
            lines.append(
                f"| {WORKLOADS[name]} | {subject} | {median(found):.3g} {unit} | {min(found):.3g} to {max(found):.3g} |"
            )
    return lines


def bars_table(results):
    """Return every bar whose workload was measured, with what was measured and whether it is met."""
    lines = ["| bar | measured | range | |", "|---|---:|---:|---|"]
    for bar in BARS:
        figures = results.figures.get(bar.workload, {})
        if bar.subject not in figures or (bar.over is not None and bar.over not in figures):
            if bar.workload in results.figures:
                lines.append(f"| {bar.text} | none | | not measured |")
            continue
        measured = bar.measured(figures)
        unit = {"times": "x", "thousands per second": " k/s"}.get(bar.kind)
        if unit is None:
            unit = " " + results.units[bar.workload][bar.subject]
        verdict = "met" if bar.is_met(median(measured)) else "**not met**"
        lines.append(
            f"| {bar.text} | {median(measured):.2f}{unit} | {min(measured):.2f} to {max(measured):.2f} | {verdict} |"
        )
    return lines
