"""What of a predicate SQLite can decide by itself.

A predicate cannot be decided on some rows (`code > "a"` where there is no code); such a row does not match. SQL says
so with NULL, which a WHERE clause takes as no. Inside `not` and `or` the two would drift apart, so there a fragment
that may be NULL is kept apart with CASE, in the order in which Python would evaluate.
"""

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from process_core.predicate.predicate import Predicate

_NUMERIC: Final = frozenset({"seq", "superstep", "cause"})
_NEVER_NULL: Final = frozenset({"type", "path", "seq", "superstep"})
_INT64: Final = range(-(2**63), 2**63)
_ORDERINGS: Final[Mapping[type[ast.cmpop], str]] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_LAST_CHAR: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)


class SqlPrefilter(NamedTuple):
    """A predicate split between SQL and Python.

    Attributes:
        sql: A condition that every matching row fulfils; `1` where SQL can decide nothing.
        params: The values of its `?`.
        residual: What remains to be asked of each row that SQL gives; None where SQL decided it all.
    """

    sql: str
    params: list[Any]
    residual: "Predicate | None"


class _Sql(NamedTuple):
    """A condition in SQL; `nullable` says that NULL stands for the rows on which Python would raise."""

    text: str
    params: tuple[Any, ...] = ()
    nullable: bool = False


class _Column(NamedTuple):
    sql: str
    numeric: bool
    nullable: bool


class _Literal(NamedTuple):
    value: Any


_Side = _Column | _Literal


def split(tree: ast.expr, columns: Mapping[str, str]) -> tuple[str, list[Any], ast.expr | None]:
    """Return a condition implied by the predicate, its parameters, and what to evaluate on the rows that fulfil it."""
    translator = _Translator(columns)
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    conditions: list[_Sql] = []
    left: list[ast.expr] = []
    for part in parts:
        whole = translator.condition(part, exact=False)
        if whole is None:
            left.append(part)
            whole = translator.implied(part)
        if whole is not None:
            conditions.append(whole)
    condition = _joined(" AND ", conditions) if conditions else _Sql("1")
    if not left:
        rest = None
    elif len(left) == len(parts):
        rest = tree
    else:
        rest = left[0] if len(left) == 1 else ast.copy_location(ast.BoolOp(ast.And(), left), left[0])
    return condition.text, list(condition.params), rest


class _Translator:
    def __init__(self, columns: Mapping[str, str]) -> None:
        self._columns = columns

    def implied(self, node: ast.expr) -> _Sql | None:
        """Return a condition that holds wherever the part does; it may hold elsewhere too."""
        if isinstance(node, ast.BoolOp):
            parts = [self.condition(value, exact=False) or self.implied(value) for value in node.values]
            decided = [part for part in parts if part is not None]
            if isinstance(node.op, ast.And):
                return _joined(" AND ", decided) if decided else None
            # NULL stands for "raises" and never lets an alternative through that Python would take, so OR is sound.
            return _joined(" OR ", decided) if len(decided) == len(parts) else None
        return self.condition(node, exact=False)

    def condition(self, node: ast.expr, *, exact: bool) -> _Sql | None:
        """Translate a part of which the truth matters."""
        match node:
            case ast.BoolOp(op=ast.And()):
                return self._chain(node, exact=exact, stops_at="0")
            case ast.BoolOp():
                return self._chain(node, exact=exact, stops_at="1")
            case ast.UnaryOp(op=ast.Not()):
                inner = self.condition(node.operand, exact=True)
                return inner and _Sql(f"NOT {inner.text}", inner.params, inner.nullable)
            case ast.Compare():
                return self._compare(node, exact=exact)
            case ast.Call(func=ast.Name(id="startswith"), args=[text, prefix]):
                return self._starts_with(text, prefix)
            case ast.Call(func=ast.Attribute(attr="startswith", value=text), args=[prefix]):
                return self._starts_with(text, prefix)
        return self._truth(node)

    def _chain(self, node: ast.BoolOp, *, exact: bool, stops_at: str) -> _Sql | None:
        # In `a or b`, b counts only where a is false, not where a raises.
        inner_exact = exact or stops_at == "1"
        parts = [self.condition(value, exact=inner_exact) for value in node.values[:-1]]
        parts.append(self.condition(node.values[-1], exact=exact))
        if any(part is None for part in parts):
            return None
        decided = [part for part in parts if part is not None]
        return _in_order(decided, stops_at) if inner_exact else _joined(" AND ", decided)

    def _compare(self, node: ast.Compare, *, exact: bool) -> _Sql | None:
        tests: list[_Sql] = []
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            test = self._one_comparison(left, op, right)
            if test is None:
                return None
            tests.append(test)
            left = right
        return _in_order(tests, "0") if exact else _joined(" AND ", tests)

    def _one_comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> _Sql | None:
        if isinstance(op, (ast.In, ast.NotIn)):
            test = self._membership(left, right)
            return test and (_Sql(f"NOT {test.text}", *test[1:]) if isinstance(op, ast.NotIn) else test)
        first, second = self._side(left), self._side(right)
        if first is None or second is None or (isinstance(first, _Literal) and isinstance(second, _Literal)):
            return None
        symbol = _ORDERINGS.get(type(op))
        if symbol is not None:
            return _ordered(first, symbol, second)
        by_identity = isinstance(op, (ast.Is, ast.IsNot))
        test = _same(first, second) if by_identity else _equal(first, second)
        return test and (_Sql(f"NOT {test.text}", test.params) if isinstance(op, (ast.NotEq, ast.IsNot)) else test)

    def _membership(self, left: ast.expr, right: ast.expr) -> _Sql | None:
        item, box = self._side(left), self._side(right)
        if isinstance(item, _Column) and isinstance(right, (ast.List, ast.Tuple, ast.Set)):
            choices = [self._side(element) for element in right.elts]
            tests = [_equal(item, choice) if isinstance(choice, _Literal) else None for choice in choices]
            if any(test is None for test in tests):
                return None
            return _joined(" OR ", [test for test in tests if test is not None]) if tests else _Sql("0")
        if isinstance(item, _Literal) and isinstance(item.value, str) and isinstance(box, _Column) and not box.numeric:
            return _Sql(f"(instr({box.sql}, ?) > 0)", (item.value,), box.nullable)
        return None

    def _starts_with(self, text: ast.expr, prefix: ast.expr) -> _Sql | None:
        column, start = self._side(text), self._side(prefix)
        if not isinstance(column, _Column) or column.numeric or not isinstance(start, _Literal):
            return None
        if not isinstance(start.value, str) or not start.value:
            return None
        after = _after(start.value)
        if after is None:
            return _Sql(f"({column.sql} >= ?)", (start.value,), column.nullable)
        return _Sql(f"({column.sql} >= ? AND {column.sql} < ?)", (start.value, after), column.nullable)

    def _truth(self, node: ast.expr) -> _Sql | None:
        side = self._side(node)
        if isinstance(side, _Literal):
            return _Sql("1" if side.value else "0")
        if isinstance(side, _Column):
            empty = "0" if side.numeric else "''"
            return _Sql(f"({side.sql} IS NOT NULL AND {side.sql} <> {empty})")
        return None

    def _side(self, node: ast.expr) -> _Side | None:
        if isinstance(node, ast.Name) and node.id in self._columns:
            return _Column(self._columns[node.id], node.id in _NUMERIC, node.id not in _NEVER_NULL)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = self._side(node.operand)
            if isinstance(inner, _Literal) and type(inner.value) in (int, float) and -inner.value in _INT64:
                return _Literal(-inner.value)
            return None
        if isinstance(node, ast.Constant) and _bindable(node.value):
            return _Literal(node.value)
        return None


def _bindable(value: object) -> bool:
    if isinstance(value, int):
        return value in _INT64
    if isinstance(value, str):
        return "\0" not in value and not any(ord(char) in _SURROGATES for char in value)
    return value is None or isinstance(value, float)


def _equal(left: _Side, right: _Side) -> _Sql | None:
    """Write `==` without NULL: SQLite's IS takes NULL for a value."""
    if isinstance(left, _Literal):
        left, right = right, left
    if not isinstance(left, _Column):
        return None
    if isinstance(right, _Column):
        return _Sql(f"({left.sql} IS {right.sql})") if left.numeric == right.numeric else _both_null(left, right)
    if right.value is None:
        return _Sql(f"({left.sql} IS NULL)")
    if isinstance(right.value, str) == left.numeric:
        return _Sql("0")  # a number is no text; SQLite would convert
    return _Sql(f"({left.sql} IS ?)", (right.value,))


def _same(left: _Side, right: _Side) -> _Sql | None:
    """Write `is`, whose one side is None, True or False; no column holds a bool."""
    literal = left if isinstance(left, _Literal) else right
    return _equal(left, right) if isinstance(literal, _Literal) and literal.value is None else _Sql("0")


def _both_null(left: _Column, right: _Column) -> _Sql:
    return _Sql(f"({left.sql} IS NULL AND {right.sql} IS NULL)")


def _ordered(left: _Side, symbol: str, right: _Side) -> _Sql | None:
    numeric = {side.numeric for side in (left, right) if isinstance(side, _Column)}
    for side in (left, right):
        if isinstance(side, _Literal):
            if side.value is None:
                return None
            numeric.add(not isinstance(side.value, str))
    if len(numeric) != 1:
        return None  # Python raises on every row; leave that to Python
    nullable = any(isinstance(side, _Column) and side.nullable for side in (left, right))
    params = tuple(side.value for side in (left, right) if isinstance(side, _Literal))
    first, second = (side.sql if isinstance(side, _Column) else "?" for side in (left, right))
    return _Sql(f"({first} {symbol} {second})", params, nullable)


def _in_order(parts: list[_Sql], stops_at: str) -> _Sql:
    """Join conditions so that the first one that settles it does, and NULL stays NULL, as evaluation in order would."""
    *firsts, result = parts
    for part in reversed(firsts):
        params = (*part.params, *result.params)
        if not part.nullable:
            word = "OR" if stops_at == "1" else "AND"
            text = f"({part.text} {word} {result.text})"
        elif stops_at == "1":
            text = f"(CASE {part.text} WHEN 1 THEN 1 WHEN 0 THEN {result.text} END)"
        else:
            text = f"(CASE {part.text} WHEN 0 THEN 0 WHEN 1 THEN {result.text} END)"
        result = _Sql(text, params, part.nullable or result.nullable)
    return result


def _joined(word: str, parts: list[_Sql]) -> _Sql:
    if len(parts) == 1:
        return parts[0]
    params = tuple(param for part in parts for param in part.params)
    return _Sql(f"({word.join(part.text for part in parts)})", params, any(part.nullable for part in parts))


def _after(prefix: str) -> str | None:
    """Return the first text after all that start with a prefix, in code point order, which is SQLite's."""
    head = prefix.rstrip(chr(_LAST_CHAR))
    if not head:
        return None
    following = ord(head[-1]) + 1
    return head[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)
