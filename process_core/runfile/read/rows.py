"""One recorded event as a row of a list, and how rows are read in pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from process_core.runfile.codec.preview import PREVIEW, one_line
from process_core.runfile.errors import RunFileError
from process_core.runfile.read.connection import Connection

PayloadRef = int | str
"""Where a payload is: the number of a stored one, or its JSON text itself when it is small."""

_SHOWN = 1000
SELECT_ROWS: Final = f"""
    SELECT e.seq, e.ts, e.superstep, e.request_id, e.cause, iif(typeof(e.data) = 'blob', NULL, e.data), e.details,
        CASE typeof(e.data) WHEN 'integer' THEN substr(coalesce(p.preview, p.body), 1, {_SHOWN})
            WHEN 'text' THEN e.data END,
        coalesce(p.size, 0), p.preview IS NOT NULL, e.shape
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
    try:
        joined = _joined(connection, records)
        names = connection.names({record[-1] for record in records})
        return [_row(record, connection, names[record[-1]], joined) for record in records]
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        raise RunFileError(connection.path, f"it is damaged: an event cannot be read: {error}") from error


def rows_of(connection: Connection, seqs: Iterable[int]) -> list[Row]:
    """Return the rows of a page of events, in order of seq; those that do not exist are left out."""
    wanted = list(seqs)
    if not wanted:
        return []
    return read_rows(connection, f"e.seq IN ({','.join('?' * len(wanted))})", wanted)


def _joined(connection: Connection, found: list[Any]) -> dict[int, list[int]]:
    """Read the causes of those rows that have several."""
    if not found:
        return {}
    joined: dict[int, list[int]] = {}
    if found[-1][0] - found[0][0] < 2 * len(found):
        where, values = "seq BETWEEN ? AND ?", [found[0][0], found[-1][0]]
    else:
        where, values = f"seq IN ({','.join('?' * len(found))})", [record[0] for record in found]
    for seq, cause in connection.rows(f"SELECT seq, cause FROM causes WHERE {where} ORDER BY seq, place", values):  # noqa: S608 - only question marks are put in
        if not isinstance(cause, int):
            raise TypeError(f"{cause!r:.80} stands where it cannot")
        joined.setdefault(seq, []).append(cause)
    return joined


def _row(record: Any, connection: Connection, names: tuple[Any, ...], joined: dict[int, list[int]]) -> Row:
    if not all(map(isinstance, record, _TYPES)):
        raise TypeError(_wrong(record, _TYPES))
    seq, ts, superstep, request_id, cause, data, details, text, size, is_preview, _ = record
    if text is None:
        preview = ""
    elif is_preview:
        preview = text
    else:
        preview = one_line(text)
        size = size or len(text.encode())
    several = joined.get(seq)
    causes = tuple(several) if several else (cause,) if cause is not None else ()
    path_to_state, response_to_generation = names[1:7], names[7:]
    return Row(  # type: ignore[call-arg]  # the names are nine of its fields
        seq, names[0], connection.time_of(ts), superstep, *path_to_state, request_id, *response_to_generation, cause,
        causes, data, details, size, preview[:PREVIEW],
    )  # fmt: skip


def _wrong(record: Any, types: Any) -> str:
    """Return what is of the wrong type: SQLite keeps whatever a file from elsewhere put into its columns."""
    wrong = next(value for value, kind in zip(record, types, strict=True) if not isinstance(value, kind))
    return f"{wrong!r:.80} stands where it cannot"


# Tuples and not unions: `isinstance` is several times faster on them, and this is asked for every column of every row.
_NUMBER = (int, type(None))
_DATA = (int, str, type(None))
_TYPES: Final[tuple[Any, ...]] = (
    int,
    int,
    int,
    (str, type(None)),
    _NUMBER,
    _DATA,
    _DATA,
    (str, type(None)),
    int,
    int,
    int,
)
