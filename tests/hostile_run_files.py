"""Run files as somebody with bad intent would prepare them, made from a sound one: the same ones every time."""

import asyncio
import contextlib
import json
import random
import shutil
import sqlite3
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from process_core.events import WorkflowEvent
from process_core.runfile import RunFileWriter
from process_core.runfile.schema import APPLICATION_ID

TARGET = """
from pydantic import BaseModel

from process_core import ProcessBuilder, Step, StepContext, function


class Memory(BaseModel):
    messages: list[str] = []


class Split(Step):
    @function
    async def split(self, text: str, context: StepContext) -> None:
        await context.emit_event("Left", text)
        await context.emit_event("Right", {"text": text * 100})


class Join(Step):
    @function
    async def join(self, left: str, right: dict, context: StepContext) -> str:
        return left


class Fail(Step):
    @function
    async def fail(self, text: str) -> None:
        raise ValueError(text)


class Ask(Step[Memory]):
    @function
    async def ask(self, context: StepContext) -> None:
        text = await context.request_info("You", response_type=str)
        self.state.messages.append(text)
        await context.yield_output(text)
        await context.emit_event("Exit" if text == "exit" else "Said", text)


def build():
    inner = ProcessBuilder("Inner")
    fail = inner.add_step(Fail)
    inner.on_input_event("Try").send_event_to(fail)
    process = ProcessBuilder("Chat")
    split, join, ask = process.add_step(Split), process.add_step(Join), process.add_step(Ask)
    nested = process.add_process(inner)
    process.on_input_event("Go").send_event_to(split)
    split.on_event("Left").send_event_to(join, parameter="left")
    split.on_event("Right").send_event_to(join, parameter="right")
    join.on_function_result().send_event_to(nested, function="Try")
    nested.on_function_error().send_event_to(ask)
    ask.on_event("Said").send_event_to(ask)
    ask.on_event("Exit").stop_process()
    return process.build()
"""
ESCAPES = "\x1b[2J\x9b31m\x1b]52;c;aGk=\x07\u202e[/x]"
VALUES: tuple[Any, ...] = (
    "x", "", None, -1, 0, 7, 2**62, -(2**63), 1.5, 9e999, b"", b"\xff\xfe\x1b[2J", ESCAPES, "a\0b", "[1,", "[[1]]",
    "{}", '{"$":"model"}', '{"$":"enum","type":5,"name":[],"v":{}}', '{"$":"repr","type":{},"v":"\\u009d"}',
    "x" * 300_000, "[" * 50_000, "[" * 300 + "]" * 300, '{"root":{"pending":[{"route":5}]}}', "9" * 5000,
)  # fmt: skip
MIB = 1024 * 1024

Make = Callable[[Path, sqlite3.Connection], None]


def make_sound(folder: Path) -> Path:
    """Record a run that waits for an answer, as a killed process leaves it, in one file; the target is beside."""
    (folder / "chat.py").write_text(TARGET)
    namespace: dict[str, Any] = {"__name__": "chat"}
    exec(compile(TARGET, "chat.py", "exec"), namespace)
    asyncio.run(_record(namespace["build"](), folder / "whole.run", folder / "sound.run"))
    with contextlib.closing(sqlite3.connect(folder / "sound.run", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        metadata = json.dumps({"cwd": str(folder)})
        connection.execute("UPDATE run SET metadata = ?, pid = NULL", (metadata,))
    return folder / "sound.run"


async def _record(process: Any, path: Path, cut_off: Path) -> None:
    run = process.start("Go", "hello there", run_file=path, target="chat.py:build")
    async with run:
        await run.idle()
        for answer in ("one", "two " * 500):
            await run.respond(run.pending_requests[0].request_id, answer)
            await run.idle()
        while run.written < run.events[-1].seq:
            await asyncio.sleep(0.01)
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{cut_off}{suffix}")


def cases(seed: int = 0) -> dict[str, Make]:
    """Return what makes each file out of a copy of the sound one, by name."""
    found: dict[str, Make] = {}
    for part in (_cells(seed), _bytes(seed), _schemas(), _payloads(), _graphs(), _rows(), _pages()):
        for name, make in part:
            assert name not in found, name
            found[name] = make
    return found


def make(sound: Path, path: Path, case: Make) -> Path:
    """Make a hostile file."""
    shutil.copy(sound, path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        case(path, connection)
    return path


def _sql(*statements: str | tuple[str, tuple[Any, ...]], is_schema: bool = False) -> Make:
    def do(_: Path, connection: sqlite3.Connection) -> None:
        if is_schema:
            connection.execute("PRAGMA writable_schema = ON")
        for statement in statements:
            connection.execute(*((statement, ()) if isinstance(statement, str) else statement))
        if is_schema:
            version = connection.execute("PRAGMA schema_version").fetchone()[0]
            connection.execute(f"PRAGMA schema_version = {version + 1}")

    return do


# --- values of the wrong type in any column --------------------------------------------------------------------------

COLUMNS = {
    "run": "run_id process target started ended state parent_run parent_superstep parent_seq pid host metadata",
    "graphs": "generation seq nodes edges metadata",
    "shapes": "type path step function event_id route state response_type code generation",
    "tallies": "number last",
    "events": "shape ts superstep cause request_id data details",
    "causes": "cause",
    "payloads": "digest codec size preview body",
    "checkpoints": "superstep extra",
    "steps": "path",
    "states": "version state",
}


def _cells(seed: int) -> Iterator[tuple[str, Make]]:
    for table, columns in COLUMNS.items():
        for column in columns.split():
            chooser = random.Random(f"{seed}-{table}-{column}")
            for number in chooser.sample(range(len(VALUES)), 3):
                yield f"{table}.{column}={number}", _cell(table, column, VALUES[number])


def _cell(table: str, column: str, value: Any) -> Make:
    def do(_: Path, connection: sqlite3.Connection) -> None:
        with contextlib.suppress(sqlite3.IntegrityError):  # NOT NULL or UNIQUE: then the file stays sound
            connection.execute(f"UPDATE {table} SET {column} = ?", (value,))

    return do


# --- bytes -----------------------------------------------------------------------------------------------------------


def _bytes(seed: int) -> Iterator[tuple[str, Make]]:
    for number in range(24):
        yield f"bytes-{number}", _broken_bytes(random.Random(f"{seed}-{number}"))
    for part in (0.0, 0.001, 0.02, 0.5, 0.98):
        yield f"cut-{part}", _cut(part)
    yield "text", lambda path, _: _write(path, b"\x1b[2J hello")
    yield (
        "log-of-noise",
        lambda path, _: _write(path.with_name(path.name + "-wal"), random.Random(1).randbytes(100_000)),
    )
    yield "long-tail", _long_tail


def _broken_bytes(chooser: random.Random) -> Make:
    def do(path: Path, _: sqlite3.Connection) -> None:
        whole = bytearray(path.read_bytes())
        for _number in range(chooser.choice([1, 3, 20, 200])):
            at = chooser.randrange(100, len(whole))
            broken = chooser.randbytes(chooser.choice([1, 2, 8, 100]))
            whole[at : at + len(broken)] = broken
        path.write_bytes(whole)

    return do


def _cut(part: float) -> Make:
    return lambda path, _: _write(path, path.read_bytes()[: int(path.stat().st_size * part)])


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _long_tail(path: Path, _: sqlite3.Connection) -> None:
    with path.open("r+b") as file:
        file.truncate(100 * MIB)


# --- the schema ------------------------------------------------------------------------------------------------------

_ENDLESS = "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT n FROM x"
_INSERT = "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) VALUES (?, ?, ?, 0, ?)"


def _schemas() -> Iterator[tuple[str, Make]]:
    yield "view", _sql(f"CREATE VIEW v AS {_ENDLESS}")
    yield "trigger", _sql("CREATE TRIGGER t AFTER UPDATE ON run BEGIN DELETE FROM events; END")
    yield (
        "trigger-as-index",
        _sql(
            (_INSERT, ("index", "t", "run", "CREATE TRIGGER t AFTER UPDATE ON run BEGIN DELETE FROM events; END")),
            is_schema=True,
        ),
    )
    for table in ("run", "events", "payloads", "shapes"):
        text = f"CREATE VIEW {table} AS SELECT * FROM old_{table} WHERE (SELECT count(*) FROM ({_ENDLESS})) > 0"
        yield (
            f"view-as-{table}",
            _sql(
                f"ALTER TABLE {table} RENAME TO old_{table}", (_INSERT, ("table", table, table, text)), is_schema=True
            ),
        )
    yield "virtual-fts5", _sql("CREATE VIRTUAL TABLE z USING fts5(a)")
    yield "virtual-rtree", _sql("CREATE VIRTUAL TABLE z USING rtree(a, b, c)")
    yield "virtual-dbstat", _sql((_INSERT, ("table", "z", "z", "CREATE VIRTUAL TABLE z USING dbstat")), is_schema=True)
    yield (
        "virtual-run",
        _sql(
            "ALTER TABLE run RENAME TO old_run",
            "CREATE VIRTUAL TABLE run USING fts5(run_id, process, target, started, ended, state, parent_run,"
            " parent_superstep, parent_seq, pid, host, metadata)",
        ),
    )
    yield "generated-process", _changed("run", "process TEXT NOT NULL", "process TEXT AS (hex(zeroblob(1000)))")
    yield "generated-data", _changed("events", "data,", "data AS (printf('%.*c', 1000, 'x')),")
    yield (
        "generated-path",
        _changed("shapes", "path TEXT NOT NULL", "path TEXT AS (replace(hex(zeroblob(9)), '0', 'x'))"),
    )
    yield "check", _changed("run", "CHECK (id = 1)", f"CHECK (id = 1 AND (SELECT 1 FROM ({_ENDLESS})))")
    yield "default", _changed("run", "host TEXT", "host TEXT DEFAULT (hex(zeroblob(1000)))")
    yield "collation", _changed("steps", "path TEXT NOT NULL UNIQUE", "path TEXT COLLATE NOCASE NOT NULL UNIQUE")
    yield "column-more", _sql("ALTER TABLE events ADD COLUMN more")
    yield "column-less", _sql("ALTER TABLE events DROP COLUMN details")
    yield "column-renamed", _sql("ALTER TABLE events RENAME COLUMN details TO more")
    yield "index-expression", _sql("CREATE INDEX i ON events (json_extract(data, '$.x'))")
    yield "index-partial", _sql("CREATE INDEX i ON events (ts) WHERE ts > 5")
    yield "index-gone", _sql("DROP INDEX effects")
    yield "index-of-another-table", _sql("DROP INDEX effects", "CREATE INDEX effects ON events (cause)")
    yield "table-more", _sql("CREATE TABLE more (a)")
    yield "tables-many", _sql("BEGIN", *(f"CREATE TABLE t{number} (a)" for number in range(1500)), "COMMIT")
    yield "statistics", _sql("ANALYZE")
    yield (
        "shared-root",
        _sql(
            "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name = 'events')"
            " WHERE name = 'checkpoints'",
            is_schema=True,
        ),
    )
    yield "schema-no-sql", _sql(("UPDATE sqlite_master SET sql = ? WHERE name = 'events'", (ESCAPES,)), is_schema=True)
    for table in COLUMNS:
        yield f"table-{table}-gone", _sql(f"DROP TABLE {table}")
    yield "utf-16", _in_utf_16
    yield "of-another-program", _sql("PRAGMA application_id = 1")
    for version in (0, -5, 1, 99):
        yield f"format-{version}", _sql(f"PRAGMA user_version = {version}")


def _changed(table: str, old: str, new: str) -> Make:
    """Make a table again from words that have been changed, and leave in it what still fits."""

    def do(_: Path, connection: sqlite3.Connection) -> None:
        text = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
        assert old in text
        if new.startswith("CHECK"):
            _sql(("UPDATE sqlite_master SET sql = ? WHERE name = ?", (text.replace(old, new), table)), is_schema=True)(
                _, connection
            )
            return
        connection.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
        connection.execute(text.replace(old, new))
        columns = [row[1] for row in connection.execute(f"PRAGMA table_xinfo({table})") if row[6] == 0]
        names = ", ".join(columns)
        connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM old_{table}")
        connection.execute(f"DROP TABLE old_{table}")

    return do


def _in_utf_16(path: Path, connection: sqlite3.Connection) -> None:
    other = path.with_suffix(".utf16")
    with contextlib.closing(sqlite3.connect(other, isolation_level=None)) as made:
        made.execute("PRAGMA encoding = 'UTF-16'")
        made.executescript(";".join(sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master") if sql))
        for table in COLUMNS:
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()
            marks = ",".join("?" * len(rows[0])) if rows else ""
            made.executemany(f"INSERT INTO {table} VALUES ({marks})", rows) if rows else None
        made.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        made.execute("PRAGMA user_version = 2")
    other.replace(path)


# --- payloads --------------------------------------------------------------------------------------------------------


def _shared(number: int, inside: list[int]) -> str:
    parts = ",".join(f'{{"$":"ref","n":{each}}}' for each in inside)
    return f'{{"$":"shared","n":{number},"v":[{parts}]}}'


HUGE_HEX = "0x" + "f" * 20_000
SMALL_BODIES: dict[str, str] = {
    "number-as-type": '{"$":"enum","type":5,"name":[],"v":{}}',
    "object-as-type": '{"$":"repr","type":{},"v":5}',
    "escapes-as-text": json.dumps({"$": "repr", "type": 5, "v": ESCAPES}),
    "escapes-as-type": json.dumps({"$": f"m{ESCAPES}:K{ESCAPES}", ESCAPES: ESCAPES}),
    "huge-key": json.dumps({"$": "dict", "v": [[{"$": "int", "v": HUGE_HEX}, 1]]}),
    "huge-integers": json.dumps([{"$": "int", "v": HUGE_HEX}] * 50),
    "digits": json.dumps("@").replace('"@"', "[" + ",".join(["9" * 99_999] * 30) + "]"),
    "range": json.dumps({"$": "range", "v": [0, 10**18, 1]}),
    "range-huge": json.dumps({"$": "range", "v": [0, 10**30, 1]}),
    "range-as-key": json.dumps({"$": "dict", "v": [[{"$": "range", "v": [0, 10**30, 1]}, 1]]}),
    "decimal": json.dumps({"$": "decimal", "v": "1e999999999999999999"}),
    "signalling-nan": json.dumps({"a": {"$": "decimal", "v": "sNaN"}}),
    "no-numbers": "[NaN,Infinity,-Infinity,1e999]",
    "tags-nested": '{"$":"tuple","v":[' * 400 + "]}" * 400,
    "json-in-json": json.dumps({"$": "json", "type": "a:b", "v": "[" * 100_000}),
    "lists-900": "[" * 900 + "]" * 900,
    "lists-150": "[" * 150 + "]" * 150,
    "lists-open": "[" * 100_000,
    "objects-300": '{"$":"a:b","x":' * 300 + "1" + "}" * 300,
    "shared-chain": "[" + ",".join(_shared(n, [n - 1]) for n in range(1, 3000)) + "]",
    "shared-doubling": "[" + ",".join(_shared(n, [n - 1, n - 1]) for n in range(1, 100)) + "]",
    "not-json": ESCAPES + " no json",
    "empty": "",
    "surrogates": '"\\ud800 \\udc00\\ud800"',
    "keys-long": json.dumps({"k" * 100_000: 1, ESCAPES * 1000: 2}),
    "unknown-tag": '[{"$":"zzz","v":1},{"$":[1]},{"$":"deque","v":5},{"$":"bytes","v":"!"},{"$":"cut","v":[1]}]',
    "traceback": json.dumps({"traceback": f"{ESCAPES}\n" * 5000, "message": ESCAPES * 1000, "type": "E"}),
    "details-odd": json.dumps({"message": {"a": []}, "type": [], "code": 5, "queues": 5, "resumes": {}}),
    "queues-odd": json.dumps({"queues": [{"path": 5, "batch": 1}], "state": True, "reset": [[]], "text": 5}),
    "frozen-set-of-dicts": json.dumps({"$": "frozenset", "v": [{}, []]}),
    "datetime-odd": json.dumps({"$": "datetime", "v": "0001-01-01T00:00:00+23:59", "zone": "../../etc/passwd"}),
}  # fmt: skip


def _payloads() -> Iterator[tuple[str, Make]]:
    for name, body in SMALL_BODIES.items():
        yield f"payload-{name}", payload_everywhere(body.encode("utf-8", "surrogatepass"))
    bombs = {
        "text": lambda: b'"' + b"a" * (160 * MIB) + b'"',
        "text-over": lambda: b'"' + b"a" * (300 * MIB) + b'"',
        "dicts": lambda: b"[" + b"{}," * (20 * MIB) + b"{}]",
        "numbers": lambda: b"[" + b"1," * (60 * MIB) + b"1]",
        "nested": lambda: b"[" * (60 * MIB) + b"]" * (60 * MIB),
        "details": lambda: b'{"message":"' + b"a" * (100 * MIB) + b'","traceback":"' + b"\\n" * (50 * MIB) + b'"}',
    }
    for name, body in bombs.items():
        yield f"bomb-{name}", payload_everywhere(body)
    yield "bomb-says-it-is-small", payload_everywhere(bombs["dicts"], size=10)
    yield "bomb-says-it-is-negative", payload_everywhere(b'"a"', size=-10)
    yield "bomb-says-it-is-huge", payload_everywhere(lambda: b'"a"', size=2**62)
    yield "bombs-in-states", payload_everywhere(lambda: b'"' + b"a" * (60 * MIB) + b'"', copies=10)
    yield "packed-noise", payload_everywhere(b"", raw=random.Random(2).randbytes(5000))
    yield "packed-cut", payload_everywhere(b"", raw=zlib.compress(b'"abc"' * 1000)[:10])
    yield (
        "payload-missing",
        _sql("UPDATE events SET data = 424242, details = 424242", "UPDATE states SET state = 424242"),
    )
    yield "payload-negative", _sql("UPDATE events SET data = -1, details = -9223372036854775808")


def payload_everywhere(
    body: bytes | Callable[[], bytes], *, size: int | None = None, raw: bytes = b"", copies: int = 1
) -> Make:
    """Put one payload, packed, in the place of all others."""

    def do(_: Path, connection: sqlite3.Connection) -> None:
        text = body() if callable(body) else body
        packed = raw or zlib.compress(text, 1)
        connection.execute("DELETE FROM payloads")
        for number in range(1, copies + 1):
            values = (number, None, 1, len(text) if size is None else size, "preview", packed)
            connection.execute("INSERT INTO payloads VALUES (?,?,?,?,?,?)", values)
        connection.execute("UPDATE events SET data = 1 + seq % ? WHERE data IS NOT NULL", (copies,))
        connection.execute("UPDATE events SET details = 1 + seq % ? WHERE details IS NOT NULL", (copies,))
        connection.execute("UPDATE states SET state = 1 + seq % ?", (copies,))

    return do


# --- graphs ----------------------------------------------------------------------------------------------------------


def _graphs() -> Iterator[tuple[str, Make]]:
    def node(path: str, **more: Any) -> dict[str, Any]:
        name = path.rpartition("/")[2]
        return {"path": path, "name": name, "kind": "step", "functions": ["f"], "parameters": {}, **more}

    def edge(number: int, source: str, target: str, **more: Any) -> dict[str, Any]:
        return {
            "id": f"e{number}", "scope": "", "kind": "event", "source": source, "event_id": f"E{number}",
            "target": target, "function": "f", "parameter": None, "condition": None, "joined": False, **more,
        }  # fmt: skip

    def chain(count: int) -> list[Any]:
        return [edge(n, f"N{n}", f"N{n + 1}") for n in range(count - 1)]

    def nodes(count: int) -> list[Any]:
        return [node(f"N{n}") for n in range(count)]

    def dense(count: int) -> list[Any]:
        return [edge(a * count + b, f"N{a}", f"N{b}") for a in range(count) for b in range(count)]

    made: dict[str, Callable[[], tuple[Any, Any]]] = {
        "empty": lambda: ([], []),
        "no-lists": lambda: ({"a": 1}, 5),
        "lists-of-numbers": lambda: ([1, 2], [3]),
        "dense": lambda: (nodes(60), dense(60)),
        "dense-200": lambda: (nodes(200), dense(200)),
        "nodes-300": lambda: (nodes(300), chain(300)),
        "nodes-10000": lambda: (nodes(10_000), chain(10_000)),
        "fan": lambda: (nodes(2000), [edge(n, "N0", f"N{n}") for n in range(1, 2000)]),
        "edges-between-two": lambda: (nodes(2), [edge(n, "N0", "N1") for n in range(5000)]),
        "same-node": lambda: ([node("A")] * 50, [edge(1, "A", "A")] * 50),
        "names-odd": lambda: ([node("A/A/A"), node("A", name="A/A"), node(""), node("/"), node("A//B")], []),
        "deep": lambda: ([node("/".join(["p"] * n), kind="process") for n in range(1, 500)], []),
        "long-names": lambda: (
            [node("x" * 1_000_000), node("y", functions=["z" * 1_000_000])],
            [edge(1, "x", "y" * 10**6)],
        ),
        "edges-to-nowhere": lambda: (nodes(2), [edge(1, "nowhere", "nix"), edge(2, "N0", "N1", scope="nowhere")]),
        "escapes": lambda: (
            [node(ESCAPES, functions=[ESCAPES], parameters={ESCAPES: [ESCAPES]})],
            [edge(1, ESCAPES, ESCAPES, event_id=ESCAPES, condition=ESCAPES, function=ESCAPES, parameter=ESCAPES)],
        ),
        "wrong-types": lambda: (
            [node("A", functions=5), node("B", kind="zebra"), node("C", parameters=[])],
            [edge(1, "A", "B", joined="x", kind=7)],
        ),
        "kinds": lambda: (
            [node("A", kind="map"), node("B", kind="process")],
            [edge(1, "A", "B", kind="result", joined=[[]])],
        ),
        "functions-many": lambda: ([node("A", functions=[f"f{n}" for n in range(20_000)])], []),
        "edges-odd": lambda: (nodes(2), [{"id": "x"}, edge(1, "N0", "N1", more="x")]),
    }
    for name, graph in made.items():
        yield f"graph-{name}", _lazy_graph(graph)
    yield "graph-lists-open", _graph("[" * 100_000, "[]")
    yield "graph-not-json", _graph(ESCAPES, "{")
    yield "graph-numbers", _graph("[" + "1," * (4 * MIB) + "1]", "[]")
    yield "graph-gone", _sql("DELETE FROM graphs")
    yield (
        "graphs-many",
        _sql(
            "INSERT INTO graphs WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 3000)"
            " SELECT n, n, (SELECT nodes FROM graphs), (SELECT edges FROM graphs), '{}' FROM x"
        ),
    )


def _lazy_graph(graph: Callable[[], tuple[Any, Any]]) -> Make:
    def do(path: Path, connection: sqlite3.Connection) -> None:
        nodes, edges = map(json.dumps, graph())
        _graph(nodes, edges)(path, connection)

    return do


def _graph(nodes: str, edges: str) -> Make:
    return _sql(("UPDATE graphs SET nodes = ?, edges = ?", (nodes, edges)))


# --- rows that point nowhere, in circles or far away -----------------------------------------------------------------


def _rows() -> Iterator[tuple[str, Make]]:
    many = "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < {}) SELECT"
    yield "seq-negative", _sql("UPDATE events SET seq = -seq")
    yield "seq-far", _sql("UPDATE events SET seq = seq + 9223372036854775000")
    yield "seq-gaps", _sql("UPDATE events SET seq = seq * 1000000000000")
    yield "seq-gaps-small", _sql("UPDATE events SET seq = seq * 3 + 1000000", "UPDATE events SET seq = seq - 1000000")
    yield (
        "seq-last",
        _sql(
            "INSERT INTO events SELECT 9223372036854775807, shape, ts, superstep, cause, request_id, data, details"
            " FROM events WHERE seq = 1"
        ),
    )
    yield "cause-itself", _sql("UPDATE events SET cause = seq")
    yield "cause-circle", _sql("UPDATE events SET cause = (SELECT max(seq) FROM events) + 1 - seq")
    yield "cause-later", _sql("UPDATE events SET cause = seq + 1")
    yield "cause-far", _sql("UPDATE events SET cause = -9223372036854775808")
    yield "causes-all", _sql("INSERT OR IGNORE INTO causes SELECT a.seq, b.seq, b.seq FROM events a, events b")
    yield "causes-many", _sql(f"INSERT INTO causes {many.format(300_000)} 5, n, n FROM x")
    yield "causes-many-back", _sql(f"INSERT INTO causes {many.format(100_000)} 20, n, 20 - n FROM x")
    yield (
        "events-many",
        _sql(
            f"INSERT INTO events {many.format(50_000)} n + (SELECT max(seq) FROM events),"
            " 1, 0, 0, 1, NULL, NULL, NULL FROM x"
        ),
    )
    yield (
        "shapes-many",
        _sql(
            f"INSERT INTO shapes {many.format(50_000)} n + 1000, 'started', '',"
            " NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0 FROM x"
        ),
    )
    yield "shapes-gone", _sql("DELETE FROM shapes")
    yield (
        "shapes-far",
        _sql("INSERT INTO shapes SELECT 9223372036854775807, 'x', '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0"),
    )
    yield "tallies-negative", _sql("UPDATE tallies SET number = -5, last = 'x'")
    yield "tallies-huge", _sql("UPDATE tallies SET number = 9223372036854775807, last = 9223372036854775807")
    yield "tallies-gone", _sql("DELETE FROM tallies")
    yield "steps-gone", _sql("DELETE FROM steps")
    yield "steps-others", _sql("UPDATE steps SET path = 'Nobody' || id")
    yield "steps-numbers", _sql("UPDATE steps SET path = id")
    yield "states-far", _sql("UPDATE states SET seq = 9223372036854775807 - seq")
    yield (
        "states-many",
        _sql(
            f"INSERT OR IGNORE INTO states {many.format(50_000)} 1, n, NULL, '5' FROM x",
        ),
    )
    yield "checkpoints-gone", _sql("DELETE FROM checkpoints")
    yield (
        "checkpoints-far",
        _sql("UPDATE checkpoints SET seq = 9223372036854775807 - seq, superstep = 9223372036854775807"),
    )
    yield "checkpoints-many", _sql(f"INSERT OR IGNORE INTO checkpoints {many.format(50_000)} n + 1000, n, NULL FROM x")
    yield "checkpoints-in-all-events", _sql("UPDATE events SET data = x'5b305d'")
    for name, extra in {
        "list": "[0,[],{},{},[[99999999,1,1],[-1,1,1]]]",
        "list-of-another": "[5,[],{},{},[]]",
        "number": "5",
        "root-number": '{"root":5}',
        "root-odd": '{"root":{"pending":[5],"nested":[],"parked":{},"waiting":[{}]},"inputs":[[]]}',
        "message-odd": '{"root":{"pending":[{"route":[],"seq":"x","event":{}}],"superstep":"x"},"inputs":5}',
        "parked-odd": '{"root":{"superstep":1,"pending":[],"parked":[{"step":5,"questions":[[1]]}],"states":[]}}',
        "outputs-odd": '{"root":{"superstep":1,"pending":[]},"inputs":[],"asked":0,"yielded":[],"yielded_before":"x"}',
        "outputs-circle": '{"root":{"superstep":1,"pending":[]},"inputs":[],"asked":0,"yielded_before":1e300}',
        "deep": '{"root":' * 90 + '{"nested":' * 90 + "5" + "}" * 180,
    }.items():
        yield (
            f"checkpoint-{name}",
            _sql(
                ("UPDATE checkpoints SET extra = ?", (extra,)),
                ("UPDATE events SET data = CAST(? AS BLOB) WHERE typeof(data) = 'blob'", (extra,)),
            ),
        )
    yield "run-gone", _sql("DELETE FROM run")
    yield "run-long", _sql("UPDATE run SET process = hex(zeroblob(5000000)), run_id = hex(zeroblob(5000000))")
    yield "metadata-deep", _sql(("UPDATE run SET metadata = ?", ("[" * 200_000,)))
    yield "metadata-list", _sql("UPDATE run SET metadata = '[1]'")
    yield "metadata-folder", _sql("UPDATE run SET metadata = '{\"cwd\": [5]}'")
    yield "parent-itself", _sql("UPDATE run SET parent_run = run_id, parent_superstep = -1, parent_seq = 99999999")
    yield "everything-deleted", _sql(*(f"DELETE FROM {table}" for table in COLUMNS if table != "run"))
    for number, (kind, code) in enumerate(
        (("resumed", "resumed_from_checkpoint"), ("operator", None), ("response", None))
    ):
        yield f"types-all-{number}", _sql(("UPDATE shapes SET type = ?, code = ?", (kind, code)))


# --- pages of the database that point in circles ---------------------------------------------------------------------


def _pages() -> Iterator[tuple[str, Make]]:
    for table in ("events", "payloads", "shapes", "checkpoints", "graphs", "run"):
        yield f"pages-doubling-{table}", _doubling(table)
    for table in ("events", "checkpoints"):
        yield f"pages-circle-{table}", _circle(table)
    yield "pages-free-circle", _free_circle


def _root(connection: sqlite3.Connection, table: str) -> tuple[int, int, int]:
    root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    return root, size, connection.execute("PRAGMA page_count").fetchone()[0]


def _interior(size: int, children: list[int]) -> bytes:
    """Return an interior page of a table whose children are some pages, each key as high as any."""
    cells = [struct.pack(">I", child) + _varint(2**40 + number) for number, child in enumerate(children[:-1])]
    page, end = bytearray(size), size
    for number, cell in enumerate(cells):
        end -= len(cell)
        page[end : end + len(cell)] = cell
        struct.pack_into(">H", page, 12 + 2 * number, end)
    struct.pack_into(">BHHHBI", page, 0, 5, 0, len(cells), end, 0, children[-1])
    return bytes(page)


def _varint(number: int) -> bytes:
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(number & 0x7F | 0x80)
    return bytes(reversed(parts))


def _doubling(table: str) -> Make:
    """Put twelve levels of pages above a table, each of which has the one below a hundred times."""

    def do(path: Path, connection: sqlite3.Connection) -> None:
        root, size, count = _root(connection, table)
        connection.close()
        whole = bytearray(path.read_bytes())
        leaf = bytes(whole[(root - 1) * size : root * size])
        pages = [leaf, *(_interior(size, [count + 1 + level] * 100) for level in range(11))]
        whole += b"".join(pages)
        whole[(root - 1) * size : root * size] = _interior(size, [count + len(pages)] * 100)
        struct.pack_into(">I", whole, 28, count + len(pages))
        path.write_bytes(whole)

    return do


def _circle(table: str) -> Make:
    def do(path: Path, connection: sqlite3.Connection) -> None:
        root, size, _ = _root(connection, table)
        connection.close()
        whole = bytearray(path.read_bytes())
        whole[(root - 1) * size : root * size] = _interior(size, [root] * 100)
        path.write_bytes(whole)

    return do


def _free_circle(path: Path, connection: sqlite3.Connection) -> None:
    """Let the list of free pages, which writing takes pages from, point to itself."""
    root, size, _ = _root(connection, "causes")
    connection.close()
    whole = bytearray(path.read_bytes())
    struct.pack_into(">II", whole, 32, root, 1000)
    struct.pack_into(">II", whole, (root - 1) * size, root, 900)
    path.write_bytes(whole)


def many_events(path: Path, count: int) -> Path:
    """Record a sound run of many events, which the bounds must let through."""
    out = RunFileWriter(path, process="Loop", run_id="r", started=0.0)
    for seq in range(1, count + 1):
        out.append(WorkflowEvent("log", {"x": seq}, seq=seq, run_id="r", timestamp=1.0, causes=(seq - 1,)))
    out.close("IDLE")
    return path
