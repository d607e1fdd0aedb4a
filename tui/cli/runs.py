"""`stepscope runs`: lists the recorded runs, removes old ones, and exports one."""

import argparse
import io
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TextIO

from rich.cells import cell_len

from process_core import safe_files
from process_core.runfile import (
    RUNS_FOLDER,
    RunFileError,
    RunInfo,
    UnreadableRun,
    export_jsonl,
    list_runs,
    prune_runs,
    remove_run,
)
from tui.cli.output import Shown, write
from tui.errors import UsageError
from tui.recorded.describe import ago, size_words, state_words
from tui.recorded.run_lookup import find_run
from tui.text.safe_text import clip, safe

_PIPED: Final = 1000
"""Columns where nobody says how many there are: nothing is cut for a program that reads along."""
_LEAST: Final = 12
_GAP: Final = 2
_TITLES: Final = ("RUN", "PROCESS", "STATE", "STARTED", "EVENTS", "SIZE")
_NUMBERS: Final = frozenset({4, 5})


def do(arguments: argparse.Namespace) -> int:
    """List, prune or export; return the exit code.

    Raises:
        UsageError: It cannot be done.
    """
    try:
        return _do(arguments)
    except RunFileError as error:
        raise UsageError(safe(str(error), 500)) from None


def _do(arguments: argparse.Namespace) -> int:
    folder = RUNS_FOLDER if arguments.folder is None else arguments.folder
    pruning = (arguments.older_than, arguments.larger_than, arguments.keep)
    if not arguments.prune and (arguments.dry_run or any(option is not None for option in pruning)):
        raise UsageError("--older-than, --larger-than, --keep and --dry-run belong to --prune")
    if arguments.export is None and (arguments.jsonl or arguments.any_size or arguments.output is not None):
        raise UsageError("--jsonl, --any-size and --output belong to --export RUN")
    if arguments.export is not None:
        if arguments.prune:
            raise UsageError("--prune and --export cannot be done at once")
        return export(arguments.export, folder, arguments.output, sys.stdout, any_size=arguments.any_size)
    if arguments.folder is not None and not folder.is_dir():
        raise UsageError(f"there is no folder {safe(str(folder), 300)}")
    if arguments.prune:
        if all(option is None for option in pruning):
            raise UsageError("--prune needs --older-than, --larger-than or --keep, to know what to remove")
        age, size, keep = pruning
        return prune(folder, max_age=age, max_bytes=size, keep=keep, dry_run=arguments.dry_run)
    width = shutil.get_terminal_size((_PIPED, 24)).columns if sys.stdout.isatty() else _PIPED
    write("\n".join(listing(list_runs(folder), folder, now=time.time(), width=width)))
    return 0


def listing(runs: list[RunInfo | UnreadableRun], folder: Path, *, now: float, width: int) -> list[str]:
    """Return the list of a folder's runs as safe lines of `width` columns; `now` is in seconds since the epoch."""
    if not runs:
        return [f"no runs in {safe(str(folder), 300)} yet; `stepscope run TARGET` records one"]
    good = [run for run in runs if isinstance(run, RunInfo)]
    names = {run.run_id: run.path.stem for run in good}
    lines = _table([_TITLES, *(_cells(run, now, names) for run in good)], width) if good else []
    bad = [run for run in runs if isinstance(run, UnreadableRun)]
    for run in bad:
        lines.append(f"{safe(run.path.name, 100)}  cannot be read: {safe(run.error.reason, 400)}")
    total = size_words(sum(run.size for run in runs))
    words = [_many(len(runs), "run"), total]
    words += [f"{len(bad)} unreadable"] if bad else []
    lines += ["", f"{', '.join(words)} in {safe(str(folder), 300)}"]
    cut_off = [run for run in good if run.is_interrupted and not run.state.is_ended]
    if cut_off:
        lines.append(f"{_many(len(cut_off), 'run')} interrupted; `stepscope resume RUN` resumes one")
    return lines


def _cells(run: RunInfo, now: float, names: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the list shows of a run; `names` has the names of the runs by their ids."""
    process = safe(run.process, 60)
    if run.parent_run is not None:
        at = f" @{run.parent_superstep}" if run.parent_superstep is not None else ""
        process += f", fork of {safe(names.get(run.parent_run, run.parent_run), 200)}{at}"
    return (
        safe(run.path.stem, 200),
        process,
        state_words(run, briefly=True),
        ago(run.started, now),
        f"{run.events:,}",
        size_words(run.size),
    )


def _table(rows: list[tuple[str, ...]], width: int) -> list[str]:
    """Line up the columns; where they are too wide, the name of the process gives way, at last the end of the run's."""
    wide = [max(cell_len(row[column]) for row in rows) for column in range(len(_TITLES))]
    for column, least in ((1, _LEAST), (1, 0), (0, 2 * _LEAST)):
        over = sum(wide) + _GAP * sum(map(bool, wide[1:])) - width
        if over > 0:
            wide[column] = max(least, wide[column] - over)
    lines = []
    for row in rows:
        cells = []
        for column, text in enumerate(row):
            shown = clip(text, wide[column])
            blank = " " * (wide[column] - cell_len(shown))
            if wide[column]:
                cells.append(blank + shown if column in _NUMBERS else shown + blank)
        lines.append((" " * _GAP).join(cells).rstrip())
    return lines


def prune(folder: Path, *, max_age: float | None, max_bytes: int | None, keep: int | None, dry_run: bool) -> int:
    """Remove old runs and print which; return the exit code, 1 where one could not be removed.

    Args:
        folder: Where they are.
        max_age: Seconds since a run's last event.
        max_bytes: Size of all runs together.
        keep: How many of the latest stay in any case.
        dry_run: Only print what would be removed.
    """
    now = time.time()
    chosen = prune_runs(folder, max_age=max_age, max_bytes=max_bytes, keep=keep, now=now, dry_run=True)
    lines, failed, freed, removed = [], 0, 0, 0
    for run in chosen:
        summary = f"{safe(run.path.name, 200)}  {ago(run.last_timestamp or run.started, now)}  {size_words(run.size)}"
        if not dry_run:
            try:
                remove_run(run.path)
            except RunFileError as error:
                failed += 1
                lines.append(f"kept     {summary}: {safe(error.reason, 300)}")
                continue
        removed += 1
        freed += run.size
        lines.append(f"{'would remove' if dry_run else 'removed'}  {summary}")
    verb = "would be removed" if dry_run else "removed"
    what = f"{_many(removed, 'run')} {verb}, {size_words(freed)}" if removed else f"nothing {verb}"
    gone = {run.path for run in chosen}
    left = [run for run in list_runs(folder) if not dry_run or run.path not in gone]
    lines.append(f"{what}; {_many(len(left), 'run')} left, {size_words(sum(run.size for run in left))}")
    write("\n".join(lines))
    return 1 if failed else 0


def export(word: str, folder: Path, output: Path | None, stdout: TextIO, *, any_size: bool = False) -> int:
    """Write a run as JSON lines, to a file or else to `stdout`; return the exit code.

    Raises:
        UsageError: The run cannot be read, or the file cannot be written.
    """
    path = find_run(word, folder)
    try:
        if output is None:
            _export_to_stream(path, stdout, any_size=any_size)
        else:
            count = _export_to(path, output, any_size=any_size)
            write(f"{_many(count, 'event')} written to {output}", sys.stderr)
    except RunFileError as error:
        raise UsageError(safe(str(error), 500)) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        where = safe(str(output or "standard output"), 300)
        raise UsageError(f"cannot write to {where}: {error.strerror or error}") from None
    return 0


def _export_to_stream(path: Path, stdout: TextIO, *, any_size: bool) -> None:
    """Write to a pipe or a redirected file exactly what a file gets, and to a terminal what does no harm there."""
    if stdout.isatty():
        export_jsonl(path, Shown(stdout), any_size=any_size)
        return
    if isinstance(stdout, io.TextIOWrapper):
        stdout.reconfigure(encoding="utf-8", errors="surrogatepass")
    export_jsonl(path, stdout, any_size=any_size)
    stdout.flush()


def _export_to(path: Path, output: Path, *, any_size: bool) -> int:
    """Write beside the file first: one that is there already stays whole until the new one is."""
    if output.exists() and output.samefile(path):
        raise UsageError(f"{safe(str(output), 300)} is the run itself; give another name")
    with safe_files.writing_where_asked(output) as stream:
        out = io.TextIOWrapper(stream, encoding="utf-8", errors="surrogatepass", write_through=True)
        try:
            return export_jsonl(path, out, any_size=any_size)
        finally:
            out.detach()


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
