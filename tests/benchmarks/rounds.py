"""Rounds of fresh processes, with the subjects of a workload next to each other in time."""

import importlib
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ONE_SUBJECT = Path(__file__).with_name("one_subject.py")
PATIENCE = 300
"""Seconds after which a subject is given up."""


@dataclass
class Results:
    """What the rounds gave.

    Attributes:
        figures: Workload -> subject -> its figure in each round.
        units: Workload -> subject -> unit.
        failures: What went wrong, a line each.
    """

    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    units: dict[str, dict[str, str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def run_rounds(names, rounds, *, quick, cpu=False):
    """Measure workloads; a subject that fails once is left out of the rounds that follow."""
    results = Results()
    modules = {name: importlib.import_module(f"workloads.{name}") for name in names}
    broken = set()
    for number in range(1, rounds + 1):
        for name, module in modules.items():
            print(f"round {number} of {rounds}: {name}", file=sys.stderr)
            for subject in module.SUBJECTS:
                if (name, subject) in broken:
                    continue
                try:
                    found = measure(name, subject, module.QUICK if quick else module.SIZE, cpu=cpu)
                except MeasurementError as error:
                    broken.add((name, subject))
                    results.failures.append(f"{name}, {subject}: {error}")
                    results.figures.get(name, {}).pop(subject, None)
                    continue
                results.figures.setdefault(name, {}).setdefault(subject, []).append(found["value"])
                results.units.setdefault(name, {})[subject] = found["unit"]
    return results


class MeasurementError(Exception):
    """A subject gave no figure."""


def measure(name, subject, size, *, cpu=False):
    """Measure one subject in a fresh process."""
    return figure_of([sys.executable, str(ONE_SUBJECT), name, subject, str(size), *(["cpu"] if cpu else [])])


def figure_of(command):
    """Return what a fresh process printed last: `value` and `unit`."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise MeasurementError(f"gave no figure in {PATIENCE} s") from None
    if done.returncode:
        raise MeasurementError((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    return json.loads(done.stdout.splitlines()[-1])
