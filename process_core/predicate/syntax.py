"""From text to a checked syntax tree: the whitelist of the predicate language, and errors that point at the column."""

import ast
import warnings
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from process_core.predicate.errors import PredicateError
from process_core.predicate.functions import FUNCTIONS, PATTERN_FUNCTIONS
from process_core.suggestions import nearest

DATA: Final = "data"
MEANINGS: Final[Mapping[str, str]] = {
    DATA: "the payload: what a message carries, a result, a failure",
    "type": "type of the event, such as executor_invoked",
    "event_id": "the process event",
    "step": "name of the step it is about",
    "path": "path of the step it is about",
    "function": "the function",
    "superstep": "superstep of its process",
    "seq": "number of the event",
    "route": "route that the message travelled",
    "state": "state of the run, for status",
    "code": "code of a warning or failure",
    "source": "path of the step that the event comes from",
    "target": "path of the step that the message goes to",
    "cause": "number of the event that led to it",
    "arguments": "arguments of the call, by parameter",
}
"""The names that a predicate may use, and what they stand for."""
ENVELOPE: Final = tuple(name for name in MEANINGS if name != DATA)
"""What an event has besides its data, by the names a predicate uses."""
NAMES: Final = tuple(MEANINGS)

MAX_TEXT: Final = 2000
"""Characters of a predicate."""
MAX_NODES: Final = 300
"""Parts of a predicate: names, values, operators."""
MAX_DEPTH: Final = 40
"""Parts within parts."""

_OPERATORS = (
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.UAdd, ast.USub, ast.Not, ast.And, ast.Or,
    ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Is, ast.IsNot, ast.Load,
)  # fmt: skip
_EXPRESSIONS = (
    ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.Name, ast.Constant, ast.Attribute, ast.Subscript,
    ast.Slice, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Call,
)  # fmt: skip
_WORDS = {
    ast.Lambda: "lambda", ast.ListComp: "comprehension", ast.SetComp: "comprehension",
    ast.DictComp: "comprehension", ast.GeneratorExp: "comprehension", ast.JoinedStr: "f-string",
    ast.NamedExpr: "':='", ast.Starred: "'*'", ast.Await: "await", ast.Yield: "yield", ast.YieldFrom: "yield",
    ast.BitAnd: "'&' (write 'and')", ast.BitOr: "'|' (write 'or')", ast.BitXor: "'^'", ast.Invert: "'~' (write 'not')",
    ast.LShift: "'<<'", ast.RShift: "'>>'", ast.MatMult: "'@'",
}  # fmt: skip
_HABITS = {
    "=>": "write '>='", "=<": "write '<='", "=": "to compare, write '=='", "&": "write 'and'", "|": "write 'or'",
    "!": "write 'not'", "?": "write 'a if condition else b'",
}  # fmt: skip


class Source:
    """The text of a predicate, which knows where in it a part stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._shift = len(text) - len(text.lstrip(" \t\f")) + 1
        self._is_ascii = text.isascii()

    def column(self, node: ast.AST) -> int:
        """Return the column of a part, from 1."""
        return self._column(getattr(node, "col_offset", 0))

    def name_column(self, node: ast.Attribute) -> int:
        """Return the column of the name after a dot, from 1."""
        return self._column(node.end_col_offset or 0) - len(node.attr)

    def _column(self, offset: int) -> int:
        if not self._is_ascii:  # the parser counts bytes
            offset = len(self.text[self._shift - 1 :].encode()[:offset].decode(errors="ignore"))
        return offset + self._shift

    def error(self, problem: str, node: ast.AST) -> PredicateError:
        """Return the error that points at a part."""
        return PredicateError(self.text, problem, self.column(node))

    def parse(self) -> ast.expr:
        """Parse the text as one Python expression; the result is not checked."""
        if not isinstance(self.text, str):
            raise TypeError(f"a predicate is text, not {type(self.text).__name__}")
        if len(self.text) > MAX_TEXT:
            raise PredicateError(self.text, f"a predicate has at most {MAX_TEXT} characters", MAX_TEXT + 1)
        if not self.text.strip():
            raise PredicateError(self.text, "an empty predicate", 1)
        for position, char in enumerate(self.text):
            if char in "\n\r\0" or "\ud800" <= char <= "\udfff":
                raise PredicateError(self.text, "a predicate is one line of text", position + 1)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python's remark on "\d" or `1if x` helps nobody here
                return ast.parse(self.text.lstrip(" \t\f"), mode="eval").body
        except SyntaxError as error:
            raise self._reworded(error) from None
        except (RecursionError, MemoryError):
            raise PredicateError(self.text, "too many parts within parts", 1) from None
        except ValueError as error:
            raise PredicateError(self.text, str(error), 1) from None

    def _reworded(self, error: SyntaxError) -> PredicateError:
        if not error.offset or error.offset < 1:
            return PredicateError(self.text, "the expression ends too early", len(self.text.rstrip()) + 1)
        column = error.offset + self._shift - 1
        rest = self.text[column - 1 :]
        hint = next((hint for start, hint in _HABITS.items() if rest.startswith(start)), None)
        return PredicateError(self.text, hint or f"no valid expression: {error.msg}", column)


def parse(source: Source, names: Collection[str], unknown: Mapping[str, str]) -> ast.expr:
    """Parse a predicate and check that every part is allowed."""
    tree = source.parse()
    for count, (node, depth) in enumerate(_walk(tree), 1):
        if count > MAX_NODES:
            raise source.error(f"a predicate has at most {MAX_NODES} parts", node)
        if depth > MAX_DEPTH:
            raise source.error("too many parts within parts", node)
        if isinstance(node, ast.Name) and node.id in unknown:
            raise source.error(f"{node.id!r} is not known here: {unknown[node.id]}", node)
        _check(node, source, names)
    return tree


def _walk(tree: ast.expr) -> Iterator[tuple[ast.AST, int]]:
    """Return every part with its depth, left to right, without recursion."""
    todo: list[tuple[ast.AST, int]] = [(tree, 1)]
    while todo:
        node, depth = todo.pop()
        yield node, depth
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.Call):  # what is called is checked with the call
            children = [*([node.func.value] if isinstance(node.func, ast.Attribute) else []), *node.args]
        todo.extend((_at(child, node), depth + 1) for child in reversed(children))


def _at(child: ast.AST, parent: ast.AST) -> ast.AST:
    if not hasattr(child, "col_offset"):
        child = type(child)() if not isinstance(child, (ast.comprehension, ast.keyword)) else child
        child.col_offset = getattr(parent, "col_offset", 0)  # type: ignore[attr-defined]  # operators have no place
    return child


def _check(node: ast.AST, source: Source, names: Collection[str]) -> None:
    if isinstance(node, ast.Call):
        _check_call(node, source)
    elif isinstance(node, ast.Name):
        _check_name(node, source, names)
    elif isinstance(node, ast.Attribute):
        if node.attr.startswith("_"):
            raise PredicateError(source.text, f"{node.attr!r} is private", source.name_column(node))
    elif isinstance(node, ast.Constant):
        if node.value is Ellipsis or isinstance(node.value, complex):
            raise source.error(f"{node.value!r} is not a value that a predicate can have", node)
    elif isinstance(node, ast.Compare):
        _check_identity(node, source)
    elif isinstance(node, (ast.Set, ast.Dict)):
        _check_keys(node, source)
    elif not isinstance(node, (*_EXPRESSIONS, *_OPERATORS)):
        word = _WORDS.get(type(node), f"{type(node).__name__}")
        raise source.error(f"a predicate has no {word}", node)


def _check_name(node: ast.Name, source: Source, names: Collection[str]) -> None:
    if node.id in names:
        return
    if node.id in NAMES:
        raise source.error(f"{node.id!r} is not known here; there is only {', '.join(names)}", node)
    if node.id in FUNCTIONS or node.id in PATTERN_FUNCTIONS:
        raise source.error(f"{node.id!r} is a function: write {node.id}(...)", node)
    lower = {"true": "True", "false": "False", "none": "None", "null": "None"}.get(node.id.lower())
    hint = lower or nearest(node.id, [*names, *FUNCTIONS, *PATTERN_FUNCTIONS])
    also = f"did you mean {hint!r}?" if hint else f"for a field of the payload write data.{node.id}"
    raise source.error(f"unknown name {node.id!r} ({also})", node)


def _check_call(node: ast.Call, source: Source) -> None:
    if node.keywords:
        raise PredicateError(source.text, "arguments have no names", source.column(node.keywords[0]))
    name, arguments = called(node)
    if name is None:
        raise source.error("only functions of the predicate language can be called", node)
    if name in PATTERN_FUNCTIONS:
        if len(arguments) != 2:  # noqa: PLR2004 - pattern and text
            raise source.error(f"write {name}(pattern, text)", node)
        pattern = arguments[0]
        if not isinstance(pattern, ast.Constant) or not isinstance(pattern.value, str):
            raise source.error("the pattern is written out as text", pattern)
        return
    function = FUNCTIONS.get(name)
    is_method = isinstance(node.func, ast.Attribute)
    if function is None or (is_method and not function.method):
        names = [n for n, f in FUNCTIONS.items() if f.method or not is_method]
        names += [] if is_method else PATTERN_FUNCTIONS
        close = nearest(name, names)
        also = f"did you mean {close!r}?" if close is not None else f"there are {', '.join(sorted(names))}"
        at = source.name_column(node.func) if isinstance(node.func, ast.Attribute) else source.column(node)
        raise PredicateError(source.text, f"{name!r} cannot be called ({also})", at)
    if not function.least <= len(arguments) <= function.most:
        count = str(function.least) if function.least == function.most else f"{function.least} to {function.most}"
        shown = f", counting what stands before the dot, not {len(arguments)}" if is_method else ""
        raise source.error(f"{name}() takes {count} argument{'s' * (function.most > 1)}{shown}", node)


def called(node: ast.Call) -> tuple[str | None, list[ast.expr]]:
    """Return the name of the function that a call names, and its arguments: `x.lower()` is `lower(x)`."""
    if isinstance(node.func, ast.Name):
        return node.func.id, node.args
    if isinstance(node.func, ast.Attribute):
        return node.func.attr, [node.func.value, *node.args]
    return None, node.args


def _check_identity(node: ast.Compare, source: Source) -> None:
    left = node.left
    for op, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(op, (ast.Is, ast.IsNot)) and not (_is_singleton(left) or _is_singleton(right)):
            raise source.error("'is' is for None, True and False; write '=='", right)
        left = right


def _is_singleton(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))


def _check_keys(node: ast.Set | ast.Dict, source: Source) -> None:
    keys = node.elts if isinstance(node, ast.Set) else node.keys
    for key in keys:
        if key is None:
            raise source.error("a predicate has no '**'", node)
        if not isinstance(key, ast.Constant):
            raise source.error("keys are written out as text or numbers", key)
