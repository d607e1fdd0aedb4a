"""How a recorded run stands, and how to go on from there, in words."""

import shlex
import time
from pathlib import Path
from typing import Final

from process_core.events import RunState
from process_core.runfile import RUNS_FOLDER, RunInfo
from process_core.runfile.schema import SUFFIX
from process_core.session.protocol.envelope import Failure
from tui.text.safe_text import safe, safe_lines

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_DAYS: Final = 60
"""Days up to which a time is counted in them."""
_WORDS: Final = {
    RunState.IN_PROGRESS: "running",
    RunState.IDLE: "idle",
    RunState.IDLE_WITH_PENDING_REQUESTS: "waiting",
}


def state_words(info: RunInfo, *, briefly: bool = False) -> str:
    """Return how a run stands: `LIVE, running`, `INTERRUPTED while waiting`, or the state it ended in.

    Args:
        info: The run.
        briefly: In one word, without what it was doing.
    """
    doing = _WORDS.get(info.state, info.state.value)
    if info.is_live:
        return "LIVE" if briefly else f"LIVE, {doing}"
    if info.is_interrupted and not info.state.is_ended:
        return "INTERRUPTED" if briefly else f"INTERRUPTED while {doing}"
    return "WAITING" if info.state is RunState.IDLE_WITH_PENDING_REQUESTS else info.state.value


def end_words(info: RunInfo) -> str:
    """Return how a run stands at its end, with `ended` before a state."""
    words = state_words(info)
    return words if info.is_live or " " in words else f"ended {words}"


def ago(moment: float, now: float) -> str:
    """Return `just now`, `5 min ago`, `3 h ago`, `2 d ago`; the date where it is long past, or to come.

    Args:
        moment: When, in seconds since the epoch.
        now: The current time.
    """
    passed = now - moment
    if -_MINUTE < passed < 1:
        return "just now"
    for size, unit in ((_MINUTE, "s"), (_HOUR, "min"), (_DAY, "h"), (_DAYS * _DAY, "d")):
        if 0 <= passed < size:
            each = {"s": 1, "min": _MINUTE, "h": _HOUR, "d": _DAY}[unit]
            return f"{int(passed // each)} {unit} ago"
    try:
        return time.strftime("%Y-%m-%d", time.localtime(moment))
    except (OverflowError, ValueError, OSError):  # a damaged file may name any moment
        return "?"


def size_words(size: int) -> str:
    """Return a number of bytes as `812 B`, `1.2 kB`, `10.0 MB`."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.95:  # noqa: PLR2004 - would be written as 1000.0
            break
        value, unit = value / 1000, larger
    return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"


def command(verb: str, path: Path, *options: str) -> str:
    """Return a command line that can be typed, as a safe text."""
    return safe(" ".join(["stepscope", verb, shlex.quote(_short(path)), *options]), 300)


def how_on(info: RunInfo, superstep: int | None = None) -> str:
    """Return how to go on with a recorded run: what to type, and what it does, as a safe text.

    Args:
        info: The run.
        superstep: The superstep that is looked at, to fork after.
    """
    number = superstep if superstep is not None else "N"
    if info.is_live:
        return f"another process runs it; once that has ended, `{command('resume', info.path)}` resumes it"
    if info.state is RunState.STOPPED:
        return f"it was STOPPED; `{command('resume', info.path, f'--superstep {number}')}` forks a new run"
    return f"`{command('resume', info.path)}` resumes it, with `--superstep {number}` forks it"


def _short(path: Path) -> str:
    """Return a path the shortest way that the commands understand."""
    try:
        near = path.resolve().relative_to(Path.cwd())
    except (OSError, ValueError):
        return str(path)
    return near.stem if near.parent == RUNS_FOLDER and near.suffix == SUFFIX else str(near)


def mismatch_lines(failure: Failure, lines: int, width: int) -> list[tuple[str, str]]:
    """Return what of a recorded run does not fit the code, as safe lines, each with its tone: `bad` or `quiet`.

    Args:
        failure: Why it cannot be resumed.
        lines: The most of each state.
        width: The most characters of a line.
    """
    shown = []
    for path, report in failure.unfit.items():
        shown += [(f"the state of {safe(path, 80)}:", "bad")]
        shown += [(f"  {line}", "quiet") for line in safe_lines(report, lines, width)]
    shown += [(f"{number}: {safe(report, width)}", "bad") for number, report in failure.lost.items()]
    return shown


def mismatch_choices(failure: Failure) -> list[str]:
    """Return what can be done about it, a line each: on the command line of the screen, and on that of the shell."""
    choices = []
    if failure.unfit:
        choices.append("--reset begins such steps with a new state; on the screen :resume reset [STEP]")
    if failure.lost:
        choices.append("--drop [NUMBER] goes on without such values; on the screen :resume drop [NUMBER]")
        choices.append("--replace NUMBER=JSON goes on with another value; on the screen :resume replace NUMBER JSON")
    return choices
