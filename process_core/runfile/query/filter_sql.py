"""What a filter becomes in SQL: tables of matching names and payloads that follow the file, and bounds on payloads."""

import ast
import re
from collections.abc import Callable, Iterator
from itertools import count
from json.encoder import encode_basestring
from typing import Any, Final, NamedTuple

from process_core.runfile.read.connection import Connection

_numbers = count(1)
_INT64: Final = range(-(2**63), 2**63)
_SLACK: Final = 1e-12
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
_SYMBOLS: Final[dict[type[ast.cmpop], str]] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
}


class MatchingNames:
    """The numbers of the shapes that pass a test, in a temporary table that follows the file.

    Args:
        connection: Where to read and to keep the table.
        test: Says of a row of `shapes` whether it passes.
        sql: A condition over `shapes s` that it must fulfil too, and the values for its question marks.
    """

    def __init__(
        self,
        connection: Connection,
        test: Callable[[tuple[Any, ...]], bool] | None,
        sql: tuple[str, tuple[Any, ...]] = ("1", ()),
    ) -> None:
        self._connection = connection
        self._test = test
        self._query = f"SELECT * FROM shapes s WHERE s.id > ? AND ({sql[0]}) ORDER BY s.id"  # noqa: S608 - the predicate compiler's own words
        self._values = sql[1]
        self._table = f"temp.shapes_{next(_numbers)}"
        self._seen = 0
        connection.rows(f"CREATE TABLE {self._table} (id INTEGER PRIMARY KEY)")

    def condition(self) -> str:
        """Look at the names that are new, and return SQL that is true of the events `e` of the matching ones."""
        newest = self._connection.one("SELECT coalesce(max(id), 0) FROM shapes")[0]
        if newest > self._seen:
            rows = self._connection.rows(self._query, (self._seen, *self._values))
            hits = [(shape[0],) for shape in rows if self._test is None or self._test(shape)]
            self._connection.many(f"INSERT INTO {self._table} VALUES (?)", hits)  # noqa: S608 - our own name
            # Shapes may have come in between the two statements; they are looked at the next time, and no event that
            # this piece looks at can have one of them.
            self._seen = max(newest, rows[-1][0] if rows else 0)
        return f"e.shape IN {self._table}"

    def drop(self) -> None:
        """Free the table."""
        self._connection.rows(f"DROP TABLE IF EXISTS {self._table}")


class TextSearch:
    """Where a text occurs: in names, in payloads within events, in stored payloads.

    Args:
        connection: Where to read.
        text: What to look for; upper and lower case of the letters A to Z are the same.
    """

    def __init__(self, connection: Connection, text: str) -> None:
        lowered = text.lower()
        self._connection = connection
        self._shapes = MatchingNames(
            connection, lambda shape: any(lowered in name.lower() for name in shape[1:-1] if isinstance(name, str))
        )
        # In JSON the text may stand as it is or, if a person typed what the screen shows, escaped.
        needles = sorted({text, encode_basestring(text)[1:-1]})
        self._patterns = [f"%{_escaped(needle)}%" for needle in needles]
        self._bytes = [needle.encode("utf-8", "surrogatepass").lower() for needle in needles]
        self._table = f"temp.payloads_{next(_numbers)}"
        self._seen = 0
        connection.rows(f"CREATE TABLE {self._table} (id INTEGER PRIMARY KEY)")

    def condition(self, first: int, last: int) -> tuple[str, list[Any]]:
        """Return SQL, and its values, that is true of the events `e` between two in which the text occurs."""
        self._follow_payloads(first, last)
        inline = " OR ".join(["{column} LIKE ? ESCAPE '\\'"] * len(self._patterns))
        case = f"CASE typeof({{column}}) WHEN 'text' THEN {inline}"
        case += f" WHEN 'integer' THEN {{column}} IN {self._table} ELSE 0 END"
        parts = [self._shapes.condition(), case.format(column="e.data"), case.format(column="e.details")]
        return f"({' OR '.join(parts)})", self._patterns * 2

    def drop(self) -> None:
        """Free the tables."""
        self._shapes.drop()
        self._connection.rows(f"DROP TABLE IF EXISTS {self._table}")

    def _follow_payloads(self, first: int, last: int) -> None:
        """Search the stored payloads that events of this piece are the first to name."""
        if self._connection.one("SELECT coalesce(max(id), 0) FROM payloads")[0] <= self._seen:
            return
        newest = self._connection.one(
            "SELECT max(CASE typeof(data) WHEN 'integer' THEN data END),"
            " max(CASE typeof(details) WHEN 'integer' THEN details END) FROM events WHERE seq BETWEEN ? AND ?",
            (first, last),
        )
        until = max((number for number in newest if number is not None), default=0)
        if until <= self._seen:
            return
        hits = []
        for number, body in self._connection.bodies(self._seen, until):
            lowered = body.lower()
            if any(needle in lowered for needle in self._bytes):
                hits.append((number,))
        self._connection.many(f"INSERT INTO {self._table} VALUES (?)", hits)  # noqa: S608 - our own name
        self._seen = until


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


class _Question(NamedTuple):
    """`data.a.b <symbol> literal`; `path` is SQLite's."""

    path: str
    symbol: str
    literal: Any


def payload_condition(text: str, root: str, column: str) -> tuple[str, tuple[Any, ...]] | None:
    """Return SQL on a payload, with its values, that holds wherever a predicate does; None if there is none.

    Looks only at comparisons of a part of the payload with a number or text that must all hold. The condition is true
    of more events than the predicate: of all whose payload does not stand in the event itself, or has marked parts.

    Args:
        text: The predicate.
        root: What it calls the payload.
        column: SQL for where the payload is.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return None
    conditions: list[str] = []
    values: list[Any] = []
    for part in _conjuncts(tree):
        question = _question(part, root)
        if question is not None:
            condition, more = _sql(question, column)
            conditions.append(condition)
            values += more
    if not conditions:
        return None
    plain = f"CASE instr({column}, '\"$\"') WHEN 0 THEN ({' AND '.join(conditions)}) ELSE 1 END"
    return f"CASE typeof({column}) WHEN 'integer' THEN 1 WHEN 'text' THEN {plain} END", tuple(values)


def _conjuncts(tree: ast.expr) -> Iterator[ast.expr]:
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        for value in tree.values:
            yield from _conjuncts(value)
    else:
        yield tree


def _question(node: ast.expr, root: str) -> _Question | None:
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return None
    symbol = _SYMBOLS.get(type(node.ops[0]))
    if symbol is None:
        return None
    left, right = node.left, node.comparators[0]
    path = _path(left, root)
    if path is None:
        path, right, symbol = _path(right, root), left, _MIRRORED[symbol]
    literal = _literal(right)
    if path is None or literal is None or (isinstance(literal, str) and symbol != "=="):
        # Texts are not ordered here: SQLite ends a text at its first NUL, Python does not.
        return None
    return _Question(path, symbol, literal)


def _sql(question: _Question, column: str) -> tuple[str, list[Any]]:
    path, symbol, literal = question
    if isinstance(literal, str):
        return f"json_extract({column}, ?) = ?", [path, literal]
    # SQLite reads the last digit of a number less exactly than Python: the bounds have room for that.
    slack = abs(literal) * _SLACK
    if symbol == "==":
        return f"json_extract({column}, ?) BETWEEN ? AND ?", [path, literal - slack, literal + slack]
    if symbol in {"<", "<="}:
        return f"json_extract({column}, ?) <= ?", [path, literal + slack]
    return f"json_extract({column}, ?) >= ?", [path, literal - slack]


def _path(node: ast.expr, root: str) -> str | None:
    keys: list[str] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            key: Any = node.attr
            node = node.value
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            key = node.slice.value
            node = node.value
        else:
            return None
        if not isinstance(key, str) or not _KEY.fullmatch(key) or key == "value":  # that of an atom is the atom itself
            return None
        keys.append(key)
    return "$" + "".join(f".{key}" for key in reversed(keys)) if node.id == root else None


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _literal(node.operand)
        return -inner if type(inner) in (int, float) else None
    if not isinstance(node, ast.Constant):
        return None
    value = node.value
    if isinstance(value, str):
        return value if "\0" not in value and value.isprintable() else None
    if isinstance(value, int):
        return int(value) if value in _INT64 else None
    return value if isinstance(value, float) and abs(value) < 1e300 else None  # noqa: PLR2004 - far from overflow
