"""The engine beside other engines, each in an environment of its own under `.bench/`; `make bench-peers`.

A peer that cannot be installed or fails gets a line that says so; the others go on. Engines differ in what they do for
a hop, so the ratios say what a user waits for, not how well a piece of code was written.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import positive
from report import heading
from rounds import ONE_SUBJECT, PATIENCE, MeasurementError, figure_of

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / ".bench"
WORKLOADS = ("loop", "chain", "fan")
ENGINE_SIZES = {"loop": 1_000, "chain": 3, "fan": 3}
INSTALL_PATIENCE = 900
"""Seconds after which an installation is given up."""


@dataclass(frozen=True)
class Peer:
    """Another engine.

    Attributes:
        module: Its part of the name of a module in `peers`.
        requirement: What to install.
        slower: How many times its figure must be ours at least.
    """

    module: str
    requirement: str
    slower: float


PEERS = {
    "semantic-kernel": Peer("semantic_kernel", "semantic-kernel", 15),
    "agent-framework-core": Peer("agent_framework", "agent-framework-core", 15),
    "langgraph": Peer("langgraph", "langgraph", 5),
    "pydantic-graph": Peer("pydantic_graph", "pydantic-graph", 5),
    "burr": Peer("burr", "burr[tracking]", 5),
}


def main():
    arguments = parse()
    names = [name for name in PEERS if not arguments.only or name in arguments.only]
    pythons, versions = {}, {}
    for name in names:
        print(f"setting up {name}", file=sys.stderr)
        try:
            pythons[name] = environment(name, PEERS[name])
            versions[name] = version(pythons[name], name)
        except (MeasurementError, subprocess.TimeoutExpired, OSError) as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    figures = measure_all(pythons, arguments.rounds)
    print(heading(arguments.rounds), end="\n\n")
    print(*table(figures, versions), sep="\n", end="\n\n")
    print(*bars(figures), sep="\n")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=5, help="rounds of fresh processes (5)")
    parser.add_argument("--only", action="append", choices=PEERS, metavar="PEER", help=", ".join(PEERS))
    return parser.parse_args()


def environment(name, peer):
    """Make the peer's environment where there is none yet; gives its interpreter."""
    folder = FOLDER / f"{name}-{sys.version_info.major}.{sys.version_info.minor}"
    python, done = folder / "bin" / "python", folder / "installed"
    if not done.exists():
        run([sys.executable, "-m", "venv", "--clear", str(folder)])
        run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", peer.requirement])
        done.touch()
    return python


def run(command):
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=INSTALL_PATIENCE)
    if done.returncode:
        raise MeasurementError((done.stderr.strip().splitlines() or ["no reason given"])[-1])


def version(python, name):
    command = [str(python), "-c", f"import importlib.metadata as m; print(m.version({name!r}))"]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE).stdout.strip()


def measure_all(pythons, rounds):
    """Return workload -> engine -> figures; a peer that fails a workload once is left out of it."""
    figures = {workload: {} for workload in WORKLOADS}
    broken = set()
    for number in range(1, rounds + 1):
        for workload in WORKLOADS:
            commands = {
                subject: [sys.executable, str(ONE_SUBJECT), workload, subject, str(ENGINE_SIZES[workload])]
                for subject in ("router", "engine")
            }
            for name, python in pythons.items():
                commands[name] = [str(python), str(HERE / "one_peer.py"), PEERS[name].module, workload]
            for name, command in commands.items():
                if (workload, name) in broken:
                    continue
                print(f"round {number} of {rounds}: {workload}, {name}", file=sys.stderr)
                try:
                    figures[workload].setdefault(name, []).append(figure_of(command)["value"])
                except (MeasurementError, json.JSONDecodeError) as error:
                    broken.add((workload, name))
                    figures[workload].pop(name, None)
                    print(f"{name} is left out of {workload}: {error}", file=sys.stderr)
    return figures


def table(figures, versions):
    """Return microseconds per hop, and how many times ours."""
    lines = ["| µs per hop (times ours) | " + " | ".join(WORKLOADS) + " |", "|---" + "|---:" * len(WORKLOADS) + "|"]
    for name in ("router", "engine", *versions):
        cells = []
        for workload in WORKLOADS:
            found, ours = figures[workload].get(name), figures[workload].get("engine")
            if not found:
                cells.append("")
            else:
                ratio = f" ({short(times(found, ours))}x)" if ours and name != "engine" else ""
                cells.append(short(median(found)) + ratio)
        label = {"engine": "**stepscope**", "router": "hand-written router"}.get(name, f"{name} {versions.get(name)}")
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return lines


def short(number):
    return f"{number:,.0f}" if number >= 100 else f"{number:.2g}"


def times(theirs, ours):
    return median(one / other for one, other in zip(theirs, ours, strict=True))


def bars(figures):
    """Return the bars of the loop workload: peers must cost so many times ours."""
    loop = figures["loop"]
    lines = ["| bar | measured | |", "|---|---:|---|"]
    peers = {name: times(found, loop["engine"]) for name, found in loop.items() if name in PEERS and "engine" in loop}
    if peers:
        fastest = min(peers, key=peers.get)
        rows = [(f"loop: ≥ 5x the fastest peer ({fastest})", peers[fastest], 5)]
        rows += [
            (f"loop: ≥ {PEERS[name].slower}x {name}", found, PEERS[name].slower)
            for name, found in peers.items()
            if PEERS[name].slower > 5
        ]
        lines += [
            f"| {text} | {found:.1f}x | {'met' if found >= bar else '**not met**'} |" for text, found, bar in rows
        ]
    return lines


if __name__ == "__main__":
    sys.exit(main())
