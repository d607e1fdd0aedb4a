"""A look at every row of a run file before it is written on: it is of the right types, and points backwards."""

from typing import Final

from process_core.runfile.errors import RunFileError
from process_core.runfile.read.connection import Connection

_MOST: Final = 2**53
_NUMBER, _TEXT, _REF = "'integer'", "'text'", "'integer', 'text', 'null'"
_TYPES: Final = {
    "graphs": {"seq": _NUMBER, "nodes": _TEXT, "edges": _TEXT, "metadata": _TEXT},
    "shapes": {
        "type": _TEXT,
        "path": _TEXT,
        **dict.fromkeys(("step", "function", "event_id", "route", "state", "response_type", "code"), "'text', 'null'"),
        "generation": _NUMBER,
    },
    "tallies": {"number": _NUMBER, "last": _NUMBER},
    "events": {
        **dict.fromkeys(("shape", "ts", "superstep"), _NUMBER),
        "cause": "'integer', 'null'",
        "request_id": "'text', 'null'",
        "data": f"{_REF}, 'blob'",
        "details": _REF,
    },
    "causes": {"seq": _NUMBER, "place": _NUMBER, "cause": _NUMBER},
    "payloads": {"codec": _NUMBER, "size": _NUMBER, "body": "'text', 'blob'"},
    "checkpoints": {"superstep": _NUMBER, "extra": _REF},
    "steps": {"path": _TEXT},
    "states": {"step": _NUMBER, "seq": _NUMBER, "version": "'text', 'null'", "state": _REF},
}
"""Per column, what SQLite may call the type of what stands there."""
_NONSENSE: Final = {
    "an event that is its own cause, or one of a later event": "SELECT 1 FROM events WHERE cause >= seq OR cause < 1",
    "a cause that comes after its effect": "SELECT 1 FROM causes WHERE cause >= seq OR cause < 1",
    "an event without names": "SELECT 1 FROM events WHERE shape NOT IN (SELECT id FROM shapes)",
    "numbers that no recording comes to": " UNION ALL ".join(
        f"SELECT 1 FROM {table} WHERE id < 0 OR id > {_MOST}"  # noqa: S608 - our own words
        for table in ("shapes", "payloads", "steps")
    ),
    "a checkpoint after the last event": "SELECT 1 FROM checkpoints WHERE seq > (SELECT max(seq) FROM events)",
    "a count of more events than there are": (
        "SELECT 1 FROM tallies WHERE number < 0 OR max(number, last) > (SELECT max(seq) FROM events)"
    ),
}


def check_all(connection: Connection) -> None:
    """Raise RunFileError unless each row is what a recording may have written; takes a second for a million events."""
    for table, columns in _TYPES.items():
        wrong = " OR ".join(f"typeof({column}) NOT IN ({types})" for column, types in columns.items())
        if connection.rows(f"SELECT 1 FROM {table} WHERE {wrong} LIMIT 1"):  # noqa: S608 - our own words
            raise RunFileError(connection.path, f"it is damaged: {table} hold what cannot stand there")
    for what, sql in _NONSENSE.items():
        if connection.rows(f"{sql} LIMIT 1"):
            raise RunFileError(connection.path, f"it is damaged: it holds {what}")
    first, last, number = connection.rows("SELECT min(seq), max(seq), count(*) FROM events")[0]
    if number and (first, last) != (1, number):
        raise RunFileError(connection.path, f"it is damaged: of events {first} to {last} only {number} are there")
