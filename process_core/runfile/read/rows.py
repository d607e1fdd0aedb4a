"""One recorded event as a row of a list, and how rows are read in pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from process_core.runfile.codec.decode import PREVIEW, one_line
from process_core.runfile.errors import RunFileError
from process_core.runfile.read.connection import Connection

PayloadRef = int | str
"""Where a payload is: the number of a stored one, or its JSON text itself when it is small."""

_SHOWN = 1000
_COLUMNS = f"""
    e.seq, s.type, e.ts, e.superstep, s.path, s.step, s.function, s.event_id, s.route, s.state, e.request_id,
    s.response_type, s.code, s.generation, e.cause, iif(typeof(e.data) = 'blob', NULL, e.data), e.details,
    CASE typeof(e.data) WHEN 'integer' THEN coalesce(p.preview, substr(p.body, 1, {_SHOWN}))
        WHEN 'text' THEN e.data END,
    coalesce(p.size, 0), p.preview IS NOT NULL
"""
SELECT_ROWS: Final = f"""
    SELECT {_COLUMNS}
    FROM events e
    JOIN shapes s ON s.id = e.shape
    LEFT JOIN payloads p ON p.id = CASE typeof(e.data) WHEN 'integer' THEN e.data END
"""  # noqa: S608 - our own words
"""Reads rows; the caller adds a WHERE that picks few of them by `e.seq`."""


@dataclass(slots=True)
class Row:
    """A recorded event, without its payload.

    Attributes:
        seq: Place in the run, from 1.
        type: As in `WorkflowEvent`, like all fields that are not explained here.
        timestamp: Seconds since the epoch, to the microsecond.
        superstep: Superstep of the process that the event is about.
        path: Path of the step or nested process.
        step: Name of the step.
        function: Name of the function.
        event_id: The process event concerned.
        route: Id of the route that the message travelled.
        state: State of the run, as text.
        request_id: Which request.
        response_type: The type asked for, as text.
        code: Code of a warning or failure.
        generation: Generation of the code that ran.
        cause: Seq of the last event that led to this one.
        causes: Seqs of all of them.
        data: Where the payload is, or None; give it to `RunFile.payload`.
        details: Where the details are, or None; give it to `RunFile.payload`.
        size: Bytes of the payload's JSON, 0 where there is none.
        preview: The start of the payload as a person reads it, on one line.
    """

    seq: int
    type: str
    timestamp: float
    superstep: int
    path: str
    step: str | None
    function: str | None
    event_id: str | None
    route: str | None
    state: str | None
    request_id: str | None
    response_type: str | None
    code: str | None
    generation: int
    cause: int | None
    causes: tuple[int, ...]
    data: PayloadRef | None
    details: PayloadRef | None
    size: int
    preview: str


def read_rows(connection: Connection, where: str, values: Sequence[Any] = ()) -> list[Row]:
    """Return the rows that a condition in SQL over `e.seq` chooses, in order of seq."""
    records = connection.rows(f"{SELECT_ROWS} WHERE {where} ORDER BY e.seq", values)
    joined = _joined(connection, records)
    try:
        return [_row(record, connection, joined) for record in records]
    except (TypeError, ValueError, AttributeError) as error:
        raise RunFileError(connection.path, f"it is damaged: an event cannot be read: {error}") from error


def rows_of(connection: Connection, seqs: Iterable[int]) -> list[Row]:
    """Return the rows of a page of events, in order of seq; those that do not exist are left out."""
    wanted = list(seqs)
    if not wanted:
        return []
    return read_rows(connection, f"e.seq IN ({','.join('?' * len(wanted))})", wanted)


def _joined(connection: Connection, found: list[Any]) -> dict[int, tuple[int, ...]]:
    """Read the causes of those rows that have several."""
    if not found:
        return {}
    joined: dict[int, tuple[int, ...]] = {}
    if found[-1][0] - found[0][0] < 2 * len(found):
        where, values = "seq BETWEEN ? AND ?", [found[0][0], found[-1][0]]
    else:
        where, values = f"seq IN ({','.join('?' * len(found))})", [record[0] for record in found]
    for seq, cause in connection.rows(f"SELECT seq, cause FROM causes WHERE {where} ORDER BY seq, place", values):  # noqa: S608 - only question marks are put in
        joined[seq] = (*joined.get(seq, ()), cause)
    return joined


def _row(record: Any, connection: Connection, joined: dict[int, tuple[int, ...]]) -> Row:
    seq, kind, ts, *names, cause, data, details, text, size, is_preview = record
    _check(record)
    if text is None:
        preview = ""
    elif is_preview:
        preview = text
    else:
        preview = one_line(text)
        size = size or len(text.encode())
    causes = joined.get(seq) or ((cause,) if cause is not None else ())
    return Row(seq, kind, connection.time_of(ts), *names, cause, causes, data, details, size, preview[:PREVIEW])  # type: ignore[call-arg]  # `names` are the twelve between


def _check(record: Any) -> None:
    """Raise TypeError for a column of the wrong type: SQLite keeps whatever a file from elsewhere put into it."""
    if not all(map(isinstance, record, _TYPES)):
        wrong = next(value for value, kind in zip(record, _TYPES, strict=True) if not isinstance(value, kind))
        raise TypeError(f"{wrong!r:.80} stands where it cannot")


# Tuples and not unions: `isinstance` is several times faster on them, and this is asked for every column of every row.
_WORD = (str, type(None))
_NUMBER = (int, type(None))
_DATA = (int, str, type(None))
_TYPES: Final[tuple[Any, ...]] = (
    int, str, int, int, str, _WORD, _WORD, _WORD, _WORD, _WORD, _WORD, _WORD, _WORD, int, _NUMBER,
    _DATA, _DATA, _WORD, int, int,
)  # fmt: skip
