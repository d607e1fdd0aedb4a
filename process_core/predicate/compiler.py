"""From a checked syntax tree to a Python function whose every operation is one of ours."""

import ast
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final

from process_core.predicate import access, operations, work
from process_core.predicate.access import a
from process_core.predicate.errors import Fault, PredicateError
from process_core.predicate.functions import FUNCTIONS, PATTERN_FUNCTIONS
from process_core.predicate.patterns import MAX_TEXT, Matcher, PatternError, compile_pattern
from process_core.predicate.syntax import DATA, ENVELOPE, Source, called

_UNITS_PER_MATCH: Final = 10
_PARTS_PER_UNIT: Final = 128  # characters times size of the pattern: what a match takes at worst
_COMPARISONS: Final[Mapping[type[ast.cmpop], Callable[..., Any]]] = {
    ast.Eq: operations.equal,
    ast.NotEq: operations.unequal,
    ast.Lt: operations.less,
    ast.LtE: operations.less_or_equal,
    ast.Gt: operations.greater,
    ast.GtE: operations.greater_or_equal,
    ast.In: operations.contains,
    ast.NotIn: operations.lacks,
    ast.Is: operations.same,
    ast.IsNot: operations.other,
}
_ARITHMETIC: Final[Mapping[type[ast.operator], Callable[..., Any]]] = {
    ast.Add: operations.add,
    ast.Sub: operations.subtract,
    ast.Mult: operations.multiply,
    ast.Div: operations.divide,
    ast.FloorDiv: operations.floor_divide,
    ast.Mod: operations.modulo,
    ast.Pow: operations.power,
}
_SIGNS: Final[Mapping[type[ast.unaryop], Callable[..., Any]]] = {
    ast.USub: operations.negative,
    ast.UAdd: operations.positive,
}


def compile_tree(tree: ast.expr, source: Source) -> tuple[Callable[..., Any], tuple[str, ...], bool]:
    """Compile a checked tree.

    Returns:
        A function of the data and then the values of the envelope names; those names; whether it uses the data.
    """
    return _Compiler(source).function(tree)


class _Compiler:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: dict[str, Any] = {"__builtins__": {}}
        self._by_value: dict[int, str] = {}
        self._names: set[str] = set()
        self._kept = 0

    def function(self, tree: ast.expr) -> tuple[Callable[..., Any], tuple[str, ...], bool]:
        body, _ = self._any(tree)
        names = tuple(name for name in ENVELOPE if name in self._names)
        parameters = [ast.arg(name) for name in (DATA, *names)]
        arguments = ast.arguments(posonlyargs=parameters, args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
        module = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, body)))
        # The tree holds no name but its parameters, its own variables and our operations: nothing else can run.
        function = eval(compile(module, "<predicate>", "eval"), self._known)  # noqa: S307 - see the line above
        return function, names, DATA in self._names

    def _any(self, node: ast.expr) -> tuple[ast.expr, bool]:
        """Translate a part; also return whether it is always a bool."""
        match node:
            case ast.Constant():
                return ast.Constant(node.value), isinstance(node.value, bool)
            case ast.Name():
                return self._name(node), False
            case ast.Compare():
                return self._compare(node), True
            case ast.BoolOp():
                return self._bool_op(node)
            case ast.UnaryOp(op=ast.Not()):
                return self._not(node), True
            case ast.UnaryOp():
                return self._sign(node), False
            case ast.BinOp():
                operation = _ARITHMETIC[type(node.op)]
                return self._call(operation, node, self._value(node.left), self._value(node.right)), False
            case ast.IfExp():
                body, is_bool = self._any(node.body)
                orelse, is_other_bool = self._any(node.orelse)
                return ast.IfExp(self._test(node.test), body, orelse), is_bool and is_other_bool
            case ast.Attribute():
                return self._attribute(node), False
            case ast.Subscript():
                return self._call(access.index, node, self._value(node.value), self._key(node.slice)), False
            case ast.Call():
                return self._function_call(node)
        return self._display(node), False

    def _value(self, node: ast.expr) -> ast.expr:
        return self._any(node)[0]

    def _test(self, node: ast.expr) -> ast.expr:
        """Translate a part of which only the truth matters."""
        expression, is_bool = self._any(node)
        return expression if is_bool else self._call(operations.truth, node, expression)

    def _name(self, node: ast.Name) -> ast.expr:
        self._names.add(node.id)
        name = ast.Name(node.id, ast.Load())
        # `state` is an enumeration's member in an event and a text in a recording
        return ast.Call(self._global(access.plain), [name], []) if node.id == "state" else name

    def _compare(self, node: ast.Compare) -> ast.expr:
        left = self._value(node.left)
        tests: list[ast.expr] = []
        last = len(node.ops) - 1
        for position, (op, comparator) in enumerate(zip(node.ops, node.comparators, strict=True)):
            right = self._value(comparator)
            following = right
            if position < last and not isinstance(right, ast.Constant):
                kept = self._keep()
                right, following = ast.NamedExpr(ast.Name(kept, ast.Store()), right), ast.Name(kept, ast.Load())
            tests.append(self._call(_COMPARISONS[type(op)], comparator, left, right))
            left = following
        return tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)

    def _bool_op(self, node: ast.BoolOp) -> tuple[ast.expr, bool]:
        parts = [self._any(value) for value in node.values]
        if all(is_bool for _, is_bool in parts[:-1]):
            return ast.BoolOp(node.op, [part for part, _ in parts]), parts[-1][1]
        result = parts[-1][0]
        for value, (part, _) in reversed(list(zip(node.values[:-1], parts[:-1], strict=True))):
            kept = self._keep()
            test = self._call(operations.truth, value, ast.NamedExpr(ast.Name(kept, ast.Store()), part))
            reused = ast.Name(kept, ast.Load())
            is_and = isinstance(node.op, ast.And)
            result = ast.IfExp(test, result, reused) if is_and else ast.IfExp(test, reused, result)
        return result, False

    def _not(self, node: ast.UnaryOp) -> ast.expr:
        expression, is_bool = self._any(node.operand)
        if is_bool:
            return ast.UnaryOp(ast.Not(), expression)
        return self._call(operations.untruth, node.operand, expression)

    def _sign(self, node: ast.UnaryOp) -> ast.expr:
        operand = node.operand
        if isinstance(node.op, ast.USub) and isinstance(operand, ast.Constant) and type(operand.value) in (int, float):
            return ast.Constant(-operand.value)  # type: ignore[operator]  # a number, by the line above
        return self._call(_SIGNS[type(node.op)], node, self._value(operand))

    def _attribute(self, node: ast.Attribute) -> ast.expr:
        if node.attr == "name" and isinstance(node.value, ast.Attribute):
            held = node.value
            column = ast.Constant(self._source.name_column(held))
            attribute = ast.Constant(held.attr)
            return ast.Call(self._global(access.name_in), [self._value(held.value), attribute, column], [])
        column = ast.Constant(self._source.name_column(node))
        return ast.Call(self._global(access.get), [self._value(node.value), ast.Constant(node.attr), column], [])

    def _key(self, node: ast.expr) -> ast.expr:
        if not isinstance(node, ast.Slice):
            return self._value(node)
        parts = [self._value(p) if p is not None else ast.Constant(None) for p in (node.lower, node.upper, node.step)]
        return self._call(_slice, node, *parts)

    def _function_call(self, node: ast.Call) -> tuple[ast.expr, bool]:
        name, arguments = called(node)
        assert name is not None
        if name in PATTERN_FUNCTIONS:
            matcher = self._matcher(arguments[0], name)
            return self._call(matcher, node, self._value(arguments[1])), True
        function = FUNCTIONS[name]
        return self._call(function.call, node, *map(self._value, arguments)), function.is_bool

    def _matcher(self, pattern: ast.expr, name: str) -> Callable[[Any, int], bool]:
        assert isinstance(pattern, ast.Constant)
        assert isinstance(pattern.value, str)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                matches = compile_pattern(pattern.value, anywhere=name == "search")
        except PatternError as error:
            raise PredicateError(self._source.text, str(error), self._pattern_column(pattern, error)) from None
        return _on_text(name, matches)

    def _pattern_column(self, pattern: ast.Constant, error: PatternError) -> int:
        """Return the column of the mistake where the pattern stands in the text letter by letter, else its start."""
        start = self._source.column(pattern)
        value = str(pattern.value)
        at = self._source.text.find(value, start - 1)
        width = (pattern.end_col_offset or 0) - pattern.col_offset
        return at + 1 + error.position if 0 <= at < start - 1 + width else start

    def _display(self, node: ast.expr) -> ast.expr:
        """Translate a list, tuple, set or dict that is written out."""
        match node:
            case ast.Tuple():
                return ast.Tuple([self._value(element) for element in node.elts], ast.Load())
            case ast.List():
                return ast.List([self._value(element) for element in node.elts], ast.Load())
            case ast.Set():
                return ast.Set([self._value(element) for element in node.elts])
            case ast.Dict():
                keys: list[ast.expr | None] = [self._value(key) for key in node.keys if key is not None]
                return ast.Dict(keys, [self._value(value) for value in node.values])
        raise self._source.error(f"a predicate has no {type(node).__name__}", node)

    def _call(self, operation: Callable[..., Any], at: ast.AST, *arguments: ast.expr) -> ast.expr:
        column = ast.Constant(self._source.column(at))
        return ast.Call(self._global(operation), [*arguments, column], [])

    def _global(self, value: Any) -> ast.expr:
        name = self._by_value.setdefault(id(value), f"_{len(self._by_value)}")
        self._known[name] = value
        return ast.Name(name, ast.Load())

    def _keep(self) -> str:
        self._kept += 1
        return f"kept_{self._kept}"


def _slice(start: Any, stop: Any, step: Any, column: int) -> slice:
    for part in (start, stop, step):
        if part is not None and type(part) not in (int, bool):
            raise Fault(f"a position is a number, not {a(part)}", column)
    return slice(start, stop, step)


def _on_text(name: str, matches: Matcher) -> Callable[[Any, int], bool]:
    def matched(text: Any, column: int) -> bool:
        if type(text) is not str:
            raise Fault(f"{name}() takes text, not {a(text)}", column)
        if len(text) > MAX_TEXT:
            raise Fault(f"{name}() takes at most {MAX_TEXT:,} characters of text, not {len(text):,}", column)
        work.spend(_UNITS_PER_MATCH + matches.size * len(text) // _PARTS_PER_UNIT, column)
        return matches(text)

    return matched
