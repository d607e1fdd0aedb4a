r"""Regular expressions whose matching time grows with the text and no faster, whatever the pattern.

Python's own matcher backtracks: `(a+)+b` against thirty letters takes minutes, and nothing can interrupt it. A
predicate only asks *whether* a pattern matches, so it can be run as an automaton: all alternatives at once, one step
per character, with the steps remembered. Patterns that do not repeat cannot run away and are left to `re`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from re import _constants as sre  # type: ignore[attr-defined]  # the one parser that reads patterns as `re` does
from re import _parser as sre_parser  # type: ignore[attr-defined]  # as above
from typing import Any, Final

MAX_TEXT: Final = 20_000
"""Characters of a text that may be matched."""
MAX_PATTERN: Final = 500
"""Characters of a pattern."""
_MAX_NODES = 400
_MAX_REMEMBERED = 20_000  # steps kept per pattern; then it starts to learn anew

_FLAGS = re.IGNORECASE | re.ASCII | re.MULTILINE | re.DOTALL
_START, _WORD, _NEWLINE, _OTHER, _END, _LAST_NEWLINE = range(6)  # what stands beside a position
_CATEGORIES: Final = {
    sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s", sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w", sre.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip

Matcher = Callable[[str], bool]


class PatternError(ValueError):
    """A pattern that cannot be used; `position` counts its characters from 0."""

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


def compile_pattern(pattern: str, *, anywhere: bool) -> Matcher:
    """Make the function that says whether a text matches.

    Args:
        pattern: A regular expression in Python's syntax, without backreferences and look-around.
        anywhere: Whether the match may start anywhere (like `re.search`) or only at the beginning (like `re.match`).

    Returns:
        A function of a text of at most `MAX_TEXT` characters.

    Raises:
        PatternError: The pattern is wrong, too long, or not a regular one.
    """
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"a pattern has at most {MAX_PATTERN} characters")
    try:
        compiled = re.compile(pattern)
        parsed = sre_parser.parse(pattern)
    except re.error as error:
        raise PatternError(f"in the pattern: {error.msg}", error.pos or 0) from None
    except (OverflowError, RecursionError, ValueError) as error:
        raise PatternError(f"in the pattern: {error}") from None
    if not _repeats(parsed):
        matches = compiled.search if anywhere else compiled.match
        return lambda text: matches(text) is not None
    return _Automaton(parsed, anywhere=anywhere).matches


def _repeats(parsed: Iterable[tuple[Any, Any]]) -> bool:
    for code, argument in parsed:
        if code is sre.SUBPATTERN:
            if _repeats(argument[3]):
                return True
        elif code is sre.BRANCH:
            if any(_repeats(branch) for branch in argument[1]):
                return True
        elif code not in (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN, sre.AT):
            return True
    return False


class _Node:
    """One place in the automaton: eat a character, or pass where the surroundings allow."""

    __slots__ = ("eats", "next", "passes")

    def __init__(self) -> None:
        self.eats: Callable[[str], Any] | None = None
        self.passes: Callable[[int, int], bool] | None = None
        self.next: tuple[_Node, ...] = ()


class _State:
    """A set of places, with what came before; learns where each character leads."""

    __slots__ = ("moves", "nodes", "previous")

    def __init__(self, nodes: frozenset[_Node], previous: int) -> None:
        self.nodes = nodes
        self.previous = previous
        self.moves: dict[str, _State | None] = {}


class _Automaton:
    """A pattern as an automaton that is made deterministic step by step, as texts ask for it."""

    def __init__(self, parsed: Any, *, anywhere: bool) -> None:
        self._anywhere = anywhere
        self._count = 0
        self._is_word = re.compile(r"\w", re.ASCII if parsed.state.flags & re.ASCII else 0).match
        self._accept = _Node()
        self._first = self._sequence(parsed, parsed.state.flags, self._accept)
        self._forget()

    def matches(self, text: str) -> bool:
        """Say whether the pattern matches, in time proportional to the text."""
        state = self._start
        body = text.removesuffix("\n")
        for char in body:
            step = state.moves.get(char, state)
            if step is state and char not in state.moves:
                step = self._learn(state, char, self._kind(char))
            if step is None:
                return True
            if not step.nodes:
                return False
            state = step
        if len(body) < len(text):
            after = self._step(state, "\n", _LAST_NEWLINE)
            if after is None:
                return True
            state = after
        return self._accept in self._closure(state, _END)

    def _forget(self) -> None:
        self._states: dict[tuple[frozenset[_Node], int], _State] = {}
        self._remembered = 0
        self._start = self._state(frozenset((self._first,)), _START)

    def _state(self, nodes: frozenset[_Node], previous: int) -> _State:
        return self._states.setdefault((nodes, previous), _State(nodes, previous))

    def _learn(self, state: _State, char: str, kind: int) -> _State | None:
        if self._remembered >= _MAX_REMEMBERED:
            self._forget()
        self._remembered += 1
        step = state.moves[char] = self._step(state, char, kind)
        return step

    def _step(self, state: _State, char: str, kind: int) -> _State | None:
        """Give the state after a character, or None where the pattern has matched before it."""
        closure = self._closure(state, kind)
        if self._accept in closure:
            return None
        reached = {node.next[0] for node in closure if node.eats is not None and node.eats(char)}
        if self._anywhere:
            reached.add(self._first)
        return self._state(frozenset(reached), _NEWLINE if kind == _LAST_NEWLINE else kind)

    def _closure(self, state: _State, following: int) -> set[_Node]:
        """Collect every place that can be reached without eating a character."""
        reached: set[_Node] = set()
        todo = list(state.nodes)
        while todo:
            node = todo.pop()
            if node in reached:
                continue
            reached.add(node)
            if node.eats is None and (node.passes is None or node.passes(state.previous, following)):
                todo.extend(node.next)
        return reached

    def _kind(self, char: str) -> int:
        if char == "\n":
            return _NEWLINE
        return _WORD if self._is_word(char) else _OTHER

    def _node(self) -> _Node:
        self._count += 1
        if self._count > _MAX_NODES:
            raise PatternError("the pattern is too large")
        return _Node()

    def _sequence(self, parsed: Any, flags: int, after: _Node) -> _Node:
        for code, argument in reversed(list(parsed)):
            after = self._item(code, argument, flags, after)
        return after

    def _item(self, code: Any, argument: Any, flags: int, after: _Node) -> _Node:
        if code in (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN):
            node = self._node()
            node.eats = re.compile(_one_character(code, argument), flags & _FLAGS).match
            node.next = (after,)
            return node
        if code is sre.AT:
            node = self._node()
            node.passes = _position(argument, flags)
            node.next = (after,)
            return node
        if code is sre.SUBPATTERN:
            _, added, removed, inner = argument
            return self._sequence(inner, (flags | added) & ~removed, after)
        if code is sre.BRANCH:
            node = self._node()
            node.next = tuple(self._sequence(branch, flags, after) for branch in argument[1])
            return node
        if code in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            return self._repeat(argument, flags, after)
        raise PatternError("a pattern has no backreferences, look-around, atomic groups or possessive repeats")

    def _repeat(self, argument: Any, flags: int, after: _Node) -> _Node:
        least, most, inner = argument
        if most is sre.MAXREPEAT:
            loop = self._node()
            loop.next = (self._sequence(inner, flags, loop), after)
            after = loop
        else:
            out = after
            for _ in range(int(most) - int(least)):
                option = self._node()
                option.next = (self._sequence(inner, flags, after), out)
                after = option
        for _ in range(int(least)):
            before = self._count
            after = self._sequence(inner, flags, after)
            if self._count == before:
                break  # an empty body, however often
        return after


def _one_character(code: Any, argument: Any) -> str:
    """Write the pattern of a single character, so that `re` decides on case, categories and the rest."""
    if code is sre.ANY:
        return "."
    if code is sre.LITERAL:
        return _escape(argument)
    if code is sre.NOT_LITERAL:
        return f"[^{_escape(argument)}]"
    return f"[{''.join(_set_parts(argument))}]"


def _set_parts(items: Iterable[tuple[Any, Any]]) -> Iterator[str]:
    for code, argument in items:
        if code is sre.NEGATE:
            yield "^"
        elif code is sre.LITERAL:
            yield _escape(argument)
        elif code is sre.RANGE:
            yield f"{_escape(argument[0])}-{_escape(argument[1])}"
        else:
            yield _CATEGORIES[argument]


def _escape(code_point: int) -> str:
    return f"\\U{code_point:08x}"


def _position(at: Any, flags: int) -> Callable[[int, int], bool]:
    lines = bool(flags & re.MULTILINE)
    if at is sre.AT_BEGINNING_STRING or (at is sre.AT_BEGINNING and not lines):
        return lambda previous, _: previous == _START
    if at is sre.AT_BEGINNING:
        return lambda previous, _: previous in (_START, _NEWLINE)
    if at is sre.AT_END_STRING:
        return lambda _, following: following == _END
    if at is sre.AT_END and not lines:
        return lambda _, following: following in (_END, _LAST_NEWLINE)
    if at is sre.AT_END:
        return lambda _, following: following in (_END, _LAST_NEWLINE, _NEWLINE)
    if at is sre.AT_BOUNDARY:
        return lambda previous, following: (previous == _WORD) != (following == _WORD)
    # In an empty text `re` finds no such place.
    return lambda previous, following: (
        (previous == _WORD) == (following == _WORD) and (previous, following) != (_START, _END)
    )
