"""The arguments of every command; what carries it out is imported when it is asked for."""

import argparse
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from tui.typed_json import TypedJsonError, read_json

_SHOWN: Final = 80
"""Characters of a wrong argument that its error repeats."""
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_SIZES: Final = {
    "": 1, "B": 1, "K": 10**3, "KB": 10**3, "KIB": 2**10, "M": 10**6, "MB": 10**6, "MIB": 2**20,
    "G": 10**9, "GB": 10**9, "GIB": 2**30, "T": 10**12, "TB": 10**12, "TIB": 2**40,
}  # fmt: skip
_RUN_HELP: Final = "a run file; or its name among the recorded runs, or how that begins; or `last`"
TARGET_HELP: Final = (
    "path.py[:attribute] or package.module[:attribute]: a process, a builder, or a function that makes one"
)


def add_commands(commands: Any) -> None:
    """Add the commands to the parser; the parsed arguments have `do`, which carries them out."""
    _add_run(commands)
    _add_open(commands)
    _add_resume(commands)
    _add_runs(commands)
    _add_graph(commands)


def _add_python(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--python",
        metavar="PATH",
        help="the Python, or the virtual environment, that runs the target; it needs pydantic only"
        " (default: $VIRTUAL_ENV, the .venv beside the target or above it, stepscope's own)",
    )


def _add_running(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--paused", action="store_true", help="pause before the first message")
    parser.add_argument(
        "--break",
        metavar="PLACE",
        dest="breakpoints",
        action="append",
        default=[],
        help="set a breakpoint, as :break takes it: an event id, a step ... (may be given more than once)",
    )
    _add_python(parser)
    parser.add_argument(
        "--max-supersteps",
        metavar="N",
        type=_place,
        help="supersteps allowed since the last outside input (default: what the process says, else 1000)",
    )


def _later(module: str) -> Callable[[argparse.Namespace], int]:
    def do(arguments: argparse.Namespace) -> int:
        code: int = import_module(module).do(arguments)
        return code

    return do


def _add_run(commands: Any) -> None:
    parser = commands.add_parser(
        "run",
        help="run a process and debug it",
        description="Run a process and debug it. Without a terminal, print its events and read answers from stdin.",
    )
    parser.add_argument("target", metavar="TARGET", help=TARGET_HELP)
    parser.add_argument("--event", metavar="ID", help="the input event to start with (default: the first)")
    parser.add_argument("--data", metavar="JSON", type=_json, help="the data of the input event")
    _add_running(parser)
    parser.add_argument(
        "--no-reload",
        dest="reload",
        action="store_false",
        help="leave edits of the code alone until the run is started again (default: load them as they are saved)",
    )


def _add_open(commands: Any) -> None:
    parser = commands.add_parser(
        "open",
        help="look at a recorded run",
        description="Show a recorded run in the debug screen, read-only; none of its code is imported."
        " Without a terminal, print its events.",
    )
    parser.add_argument("run", metavar="RUN", help=_RUN_HELP)
    parser.add_argument("--at", metavar="SEQ", type=_place, help="the event to look at first (default: the last)")
    parser.add_argument(
        "--follow", action="store_true", help="without a terminal, keep printing while another process runs it"
    )
    _add_python(parser)
    parser.set_defaults(do=_later("tui.cli.open"))


def _add_resume(commands: Any) -> None:
    parser = commands.add_parser(
        "resume",
        help="resume a recorded run",
        description="Resume an interrupted, failed or cancelled run where it was recorded last, in the same file."
        " What had finished is not run again, and nobody is asked twice.",
    )
    parser.add_argument("run", metavar="RUN", help=_RUN_HELP)
    parser.add_argument(
        "--superstep", metavar="N", type=_count, help="resume after this superstep; an earlier one forks a new file"
    )
    parser.add_argument(
        "--reset",
        metavar="STEP",
        nargs="?",
        const=True,
        action="append",
        default=[],
        help="begin this step with a new state (may be given more than once); alone, every one whose recorded state"
        " does not fit the code any more",
    )
    parser.add_argument(
        "--drop",
        metavar="NUMBER",
        nargs="?",
        type=_count,
        const=True,
        action="append",
        default=[],
        help="go on without this value on its way (may be given more than once); alone, without all whose classes are"
        " gone or that cannot be made again for another reason; the error that names them has the numbers",
    )
    parser.add_argument(
        "--replace",
        metavar="NUMBER=JSON",
        type=_replacement,
        action="append",
        default=[],
        help="go on with another value in place of this one (may be given more than once)",
    )
    parser.add_argument("--target", metavar="TARGET", help=f"what to run (default: as recorded); {TARGET_HELP}")
    parser.add_argument(
        "--trust",
        action="store_true",
        help="run what the file names even where that lies outside of this project (default: ask, or without a terminal"
        " refuse); installed packages, and what --target names, are trusted anyway",
    )
    _add_running(parser)
    parser.set_defaults(do=_later("tui.cli.resume"))


def _add_runs(commands: Any) -> None:
    parser = commands.add_parser(
        "runs",
        help="list, prune or export recorded runs",
        description="List the recorded runs, the latest first; remove old ones; or write one out as JSON lines.",
        epilog="`stepscope open RUN` shows one, `stepscope resume RUN` resumes one.",
    )
    parser.add_argument("--folder", metavar="PATH", type=Path, help="where they are (default: .stepscope/runs)")
    pruning = parser.add_argument_group("removing old runs (never one that is being written, nor an unreadable file)")
    pruning.add_argument("--prune", action="store_true", help="remove the runs that the following options choose")
    pruning.add_argument("--older-than", metavar="AGE", type=_age, help="those that ended before: 30m, 12h, 7d, 2w")
    pruning.add_argument(
        "--larger-than", metavar="SIZE", type=_size, help="the oldest, until all together take no more: 500MB, 2GB"
    )
    pruning.add_argument("--keep", metavar="N", type=_count, help="never the N latest; alone: all but the N latest")
    pruning.add_argument("--dry-run", action="store_true", help="only list what would be removed")
    exporting = parser.add_argument_group("exporting")
    exporting.add_argument(
        "--export",
        metavar="RUN",
        help="write a run's events, with their payloads; on a terminal, what would act there is made visible,"
        " a file or a pipe gets all exactly as it is",
    )
    exporting.add_argument("--jsonl", action="store_true", help="as JSON, an event a line (the only format so far)")
    exporting.add_argument(
        "--any-size", action="store_true", help="also where that makes far more text than the run file has bytes"
    )
    exporting.add_argument("-o", "--output", metavar="PATH", type=Path, help="to a file (default: standard output)")
    parser.set_defaults(do=_later("tui.cli.runs"))


def _add_graph(commands: Any) -> None:
    parser = commands.add_parser(
        "graph",
        help="draw the step graph",
        description="Draw the step graph of a process, or of a recorded run, on standard output.",
    )
    parser.add_argument("target", metavar="TARGET", help=f"{TARGET_HELP}; or a run file")
    _add_python(parser)
    parser.add_argument(
        "--format", choices=("text", "mermaid", "dot", "svg"), default="text", help="what to write (default: text)"
    )
    parser.add_argument(
        "--zoom",
        choices=("fit", "chips", "boxes", "full"),
        default="fit",
        help="how much of each step (default: what fits the width)",
    )
    parser.add_argument(
        "--direction", choices=("fit", "down", "right"), default="fit", help="which way it flows (default: what fits)"
    )
    parser.add_argument("--width", metavar="COLUMNS", type=_place, help="columns there are (default: the terminal's)")
    parser.add_argument("--ascii", action="store_true", help="use nothing but ASCII")
    parser.set_defaults(do=_later("tui.cli.graph"))


def _replacement(text: str) -> tuple[int, Any]:
    number, equals, data = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NUMBER=JSON")
    return _count(number), read_json(_json(data))


def _json(text: str) -> str:
    try:
        read_json(text)
    except TypedJsonError as error:
        raise argparse.ArgumentTypeError(f"{text[:_SHOWN]!r} is {error}") from None
    return text


def _age(text: str) -> float:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([smhdw])", text.strip().lower())
    if match is None:
        raise argparse.ArgumentTypeError(f"invalid age {text[:_SHOWN]!r} (use 30m, 12h, 7d or 2w)")
    return float(match[1]) * _UNITS[match[2]]


def _size(text: str) -> int:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Z]*)", text.strip().upper())
    if match is None or match[2] not in _SIZES:
        raise argparse.ArgumentTypeError(f"invalid size {text[:_SHOWN]!r} (use 500MB or 2GB)")
    return int(float(match[1]) * _SIZES[match[2]])


def _count(text: str) -> int:
    if re.fullmatch("[0-9]{1,15}", text) is None:
        raise argparse.ArgumentTypeError(f"invalid number {text[:_SHOWN]!r}")
    return int(text)


def _place(text: str) -> int:
    if not _count(text):
        raise argparse.ArgumentTypeError("counted from 1")
    return int(text)
