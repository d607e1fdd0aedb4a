"""Where runs live: naming, listing, pruning and exporting them."""

import contextlib
import json
import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from process_core import safe_files
from process_core.runfile.errors import RunFileError
from process_core.runfile.query.filtered_rows import FilteredRows
from process_core.runfile.query.filters import Filter
from process_core.runfile.read.connection import Connection, size_on_disk
from process_core.runfile.read.info import RunInfo, read_info
from process_core.runfile.schema import SUFFIX
from process_core.runfile.write.lock import WriterLock

RUNS_FOLDER: Final = Path(safe_files.OWN_FOLDER) / "runs"
"""Where runs live, seen from the root of a project."""

_NAME_LIMIT = 40
_AT_ONCE = 1000
_LONG = 100_000
_ESCAPES = {"\x7f": "\\u007f"}
"""What `json.dumps` leaves as it is, since it is ASCII."""
_EXPORTED = (
    "seq", "type", "timestamp", "superstep", "path", "step", "function", "event_id", "route", "state", "request_id",
    "response_type", "code", "generation",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnreadableRun:
    """A file among the runs that cannot be read; it is shown, and never removed by itself.

    Attributes:
        path: The file.
        size: Bytes on disk.
        modified: When it was last written, in seconds since the epoch.
        error: Why it cannot be read.
    """

    path: Path
    size: int
    modified: float
    error: RunFileError


def runs_folder(root: str | Path | None = None) -> Path:
    """Return the folder where the runs of a project live, made if it is missing and kept out of version control.

    Args:
        root: Root of the project; the current folder if left out.

    Returns:
        The folder.

    Raises:
        RunFileError: It cannot be made.
    """
    folder = (Path.cwd() if root is None else Path(root)) / RUNS_FOLDER
    try:
        safe_files.make_folder(folder)
        safe_files.keep_out_of_version_control(folder)
    except OSError as error:
        raise RunFileError(folder, f"runs cannot be kept there: {error.strerror or error}") from error
    return folder


def new_run_path(process: str, folder: str | Path | None = None, *, now: float | None = None) -> Path:
    """Return a free path for a new run: `20250131-142501-chatbot-3f9a.run`.

    Args:
        process: Name of the process.
        folder: Where; the project's runs folder if left out.
        now: Seconds since the epoch; the current time if left out.

    Returns:
        A path where nothing is yet; paths sort by time.

    Raises:
        RunFileError: The runs folder cannot be made.
    """
    where = runs_folder() if folder is None else Path(folder)
    moment = time.strftime("%Y%m%d-%H%M%S", time.localtime(now))
    name = re.sub(r"[^a-z0-9]+", "-", process.lower()).strip("-")[:_NAME_LIMIT].strip("-") or "run"
    while True:
        path = where / f"{moment}-{name}-{secrets.token_hex(2)}{SUFFIX}"
        if not os.path.lexists(path):
            return path


def list_runs(folder: str | Path | None = None) -> list[RunInfo | UnreadableRun]:
    """List the runs in a folder.

    Args:
        folder: Which; the project's runs folder if left out.

    Returns:
        The run in each file, the latest first; those that cannot be read come with the reason.

    Raises:
        RunFileError: The folder is the project's, and leads elsewhere.
    """
    where = Path.cwd() / RUNS_FOLDER if folder is None else Path(folder)
    try:
        safe_files.check_folder(where)
    except OSError as error:
        raise RunFileError(where, f"runs cannot be looked for there: {error.strerror or error}") from error
    runs = [_look_at(path) for path in where.glob(f"*{SUFFIX}")]
    return sorted(runs, key=lambda run: (_last_used(run), run.path.name), reverse=True)


def prune_runs(
    folder: str | Path | None = None,
    *,
    max_age: float | None = None,
    max_bytes: int | None = None,
    keep: int | None = None,
    now: float | None = None,
    dry_run: bool = False,
) -> list[RunInfo]:
    """Remove old runs: those over an age, then the oldest until the rest fits a size.

    A run that is being written is never removed, nor a file that cannot be read.

    Args:
        folder: Which; the project's runs folder if left out.
        max_age: Seconds since a run's last event; None for any.
        max_bytes: Size of all runs together; None for any.
        keep: How many of the latest stay whatever their age and size; where neither is given, only they stay.
        now: Seconds since the epoch; the current time if left out.
        dry_run: Only return what would be removed.

    Returns:
        The runs removed, the latest first.

    Raises:
        RunFileError: The folder is the project's, and leads elsewhere.
    """
    moment = time.time() if now is None else now
    runs = list_runs(folder)
    total = sum(run.size for run in runs)
    kept = {run.path for run in [run for run in runs if isinstance(run, RunInfo)][: keep or 0]}
    only_kept = keep is not None and max_age is None and max_bytes is None
    removed: list[RunInfo] = []
    for run in reversed(runs):
        if isinstance(run, UnreadableRun) or run.is_live or run.path in kept:
            continue
        is_old = max_age is not None and moment - _last_used(run) > max_age
        is_too_much = max_bytes is not None and total > max_bytes
        if not (is_old or is_too_much or only_kept):
            continue
        if not dry_run:
            try:
                remove_run(run.path)
            except RunFileError:  # somebody began to write it just now
                continue
        total -= run.size
        removed.append(run)
    return removed[::-1]


def remove_run(path: str | Path) -> None:
    """Remove a run file and what lies beside it.

    Args:
        path: The file.

    Raises:
        RunFileError: It is missing, is being written, or cannot be removed.
    """
    path = Path(path)
    if not os.path.lexists(path):
        raise RunFileError(path, "there is no such file")
    lock = WriterLock(path)
    try:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    except OSError as error:
        raise RunFileError(path, f"it cannot be removed: {error.strerror or error}") from error
    finally:
        lock.release()


def export_jsonl(path: str | Path, out: TextIO, chosen: Filter | None = None, *, any_size: bool = False) -> int:
    """Write the events of a run as JSON, one a line, with the whole envelope and the payload.

    What JSON does not know is marked in the payload by objects with the key `$`. Characters that a terminal acts on, or
    that nobody can see, are written as JSON escapes: the values are the same, and `cat` shows them.

    Args:
        path: The run file; it may be being written, and then what is there now is exported.
        out: Where to write.
        chosen: Which events; None for all.
        any_size: Whether to go on where payloads that are recorded once and named often make far more text than the
            file has bytes.

    Returns:
        How many were written.

    Raises:
        RunFileError: The file cannot be read.
    """
    connection = Connection(Path(path))
    try:
        count = size = 0
        for where, values in _wanted(connection, chosen):
            for is_end, text in _json_lines(connection, where, values, any_size=any_size):
                size += len(text)
                if not any_size:
                    connection.check_output(size)
                out.write(_visible(text))
                count += is_end
        return count
    finally:
        connection.close()


def _visible(text: str) -> str:
    """Return JSON in which every character can be seen; those that cannot only ever stand in its texts."""
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(c if c.isprintable() or c == "\n" else _ESCAPES.get(c) or json.dumps(c)[1:-1] for c in text)


def _wanted(connection: Connection, chosen: Filter | None) -> Iterator[tuple[str, Sequence[int]]]:
    """Yield conditions in SQL, each with its values, that choose the events piece by piece."""
    last = connection.last_seq()
    if chosen is None or chosen.is_empty:
        for first in range(1, last + 1, _AT_ONCE):
            yield "BETWEEN ? AND ?", (first, min(last, first + _AT_ONCE - 1))
        return
    view = FilteredRows(connection, chosen)
    view.advance()
    for at in range(0, len(view), _AT_ONCE):
        seqs = view.seqs[at : at + _AT_ONCE]
        yield f"IN ({','.join('?' * len(seqs))})", seqs


def _json_lines(
    connection: Connection, where: str, values: Sequence[int], *, any_size: bool
) -> Iterator[tuple[bool, str]]:
    """Yield events as JSON, a line each, in pieces: whether it is the last of an event, and the text.

    A column of a file from elsewhere may hold anything.
    """
    causes: dict[int, list[Any]] = {}
    for seq, cause in connection.rows(f"SELECT seq, cause FROM causes WHERE seq {where} ORDER BY seq, place", values):  # noqa: S608 - our own words
        causes.setdefault(seq, []).append(cause)
    names = ",".join(_EXPORTED)
    sql = f"SELECT {names}, cause, data, details FROM rows WHERE seq {where} ORDER BY seq"  # noqa: S608 - our own words
    for row in connection.each(sql, values):
        *envelope, cause, data, details = row
        event = dict(zip(_EXPORTED, envelope, strict=True))
        event["causes"] = causes.get(event["seq"], [] if cause is None else [cause])
        try:
            head = json.dumps(event, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            reason = f"it is damaged: event {event['seq']} cannot be read: {error}"
            raise RunFileError(connection.path, reason) from error
        text = f'{head[:-1]}, "data": {_json(connection, data, any_size=any_size)}, "details": '
        if len(text) > _LONG:  # it is not to be in memory twice, nor with the other one
            yield False, text
            text = ""
        text += _json(connection, details, any_size=any_size)
        yield True, f"{text}}}\n"


def _json(connection: Connection, ref: Any, *, any_size: bool) -> str:
    return "null" if ref is None else connection.json_text(ref, any_size=any_size)


def _look_at(path: Path) -> RunInfo | UnreadableRun:
    try:
        connection = Connection(path)
        try:
            return read_info(connection)
        finally:
            connection.close()
    except RunFileError as error:
        modified = 0.0
        with contextlib.suppress(OSError):
            modified = path.lstat().st_mtime
        return UnreadableRun(path, size_on_disk(path), modified, error)


def _last_used(run: RunInfo | UnreadableRun) -> float:
    if isinstance(run, UnreadableRun):
        return run.modified
    return max(run.started, run.ended or 0.0, run.last_timestamp or 0.0)
