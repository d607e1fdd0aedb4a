"""What SQL can say beforehand about a predicate's questions to the payload."""

import ast
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

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


class _Question(NamedTuple):
    """`data.a.b <symbol> literal`; `path` is SQLite's."""

    path: str
    symbol: str
    literal: Any


def data_condition(text: str) -> tuple[str, tuple[Any, ...]] | None:
    """Give a condition that every event fulfils whose payload a predicate holds for.

    Looks only at comparisons of a part of the payload with a number or text that must all hold. The condition is true
    of more events than the predicate: of all whose payload does not stand in the event itself, or has marked parts.

    Args:
        text: A predicate; of any other text nothing is said.

    Returns:
        SQL over `events e` and the values for its question marks, or None where it can say nothing.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return None
    conditions: list[str] = []
    values: list[Any] = []
    for part in _conjuncts(tree):
        question = _question(part)
        if question is not None:
            condition, more = _sql(question)
            conditions.append(condition)
            values += more
    if not conditions:
        return None
    plain = f"CASE instr(e.data, '\"$\"') WHEN 0 THEN ({' AND '.join(conditions)}) ELSE 1 END"
    return f"CASE typeof(e.data) WHEN 'integer' THEN 1 WHEN 'text' THEN {plain} END", tuple(values)


def _conjuncts(tree: ast.expr) -> Iterator[ast.expr]:
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        for value in tree.values:
            yield from _conjuncts(value)
    else:
        yield tree


def _question(node: ast.expr) -> _Question | None:
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return None
    symbol = _SYMBOLS.get(type(node.ops[0]))
    if symbol is None:
        return None
    left, right = node.left, node.comparators[0]
    path = _path(left)
    if path is None:
        path, right, symbol = _path(right), left, _MIRRORED[symbol]
    literal = _literal(right)
    if path is None or literal is None or (isinstance(literal, str) and symbol != "=="):
        # Texts are not ordered here: SQLite ends a text at its first NUL, Python does not.
        return None
    return _Question(path, symbol, literal)


def _sql(question: _Question) -> tuple[str, list[Any]]:
    path, symbol, literal = question
    if isinstance(literal, str):
        return "json_extract(e.data, ?) = ?", [path, literal]
    # SQLite reads the last digit of a number less exactly than Python: the bounds have room for that.
    slack = abs(literal) * _SLACK
    if symbol == "==":
        return "json_extract(e.data, ?) BETWEEN ? AND ?", [path, literal - slack, literal + slack]
    if symbol in {"<", "<="}:
        return "json_extract(e.data, ?) <= ?", [path, literal + slack]
    return "json_extract(e.data, ?) >= ?", [path, literal - slack]


def _path(node: ast.expr) -> str | None:
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
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            return None
        keys.append(key)
    return "$" + "".join(f".{key}" for key in reversed(keys)) if node.id == "data" else None


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
