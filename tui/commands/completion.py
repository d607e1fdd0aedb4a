"""How the arguments of commands can go on: pure functions from what was typed and the names there are."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from process_core.predicate import MEANINGS
from process_core.session.protocol.verbs import FieldKind, verbs
from tui.actions import Argument, Panel, words
from tui.breakpoints.text import WHENS, BreakTextError, split_place, word_of
from tui.breakpoints.text import Names as PlaceNames
from tui.commands.verb_line import field_at

_NAME: Final = re.compile(r"(?<![\w.'\"])[a-z_]*\Z")
"""The name that a predicate ends with; not what follows a dot or a quotation mark."""


class BreakpointName(NamedTuple):
    """A breakpoint as completions offer it.

    Attributes:
        number: Its number.
        text: As `:break` takes it.
        condition: Its predicate.
        hits: Its hit count.
        log: Its template.
    """

    number: int
    text: str
    condition: str = ""
    hits: str = ""
    log: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """The names that arguments may hold.

    Attributes:
        events: Event ids of the process.
        input_events: Those that come from outside.
        steps: Step paths.
        functions: `Step.function` for each.
        routes: Ids of routes.
        breakpoints: All of them.
        messages: Number and description of each pending message.
        themes: Names of themes.
    """

    events: tuple[str, ...] = ()
    input_events: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    breakpoints: tuple[BreakpointName, ...] = ()
    messages: tuple[tuple[int, str], ...] = ()
    themes: tuple[str, ...] = ()

    def by_kind(self) -> dict[FieldKind, list[tuple[str, str]]]:
        """Return the names that a field of each kind may hold, each with a hint."""
        functions = dict.fromkeys(name.rpartition(".")[2] for name in self.functions)
        return {
            FieldKind.EVENT: [(event, "event") for event in self.events],
            FieldKind.INPUT_EVENT: [(event, "input event") for event in self.input_events],
            FieldKind.STEP: [(step, "step") for step in self.steps],
            FieldKind.FUNCTION: [(function, "function") for function in functions],
            FieldKind.MESSAGE: [(str(number), text) for number, text in self.messages],
            FieldKind.BREAKPOINT: [(str(point.number), point.text) for point in self.breakpoints],
        }


class Completable(NamedTuple):
    """What of an argument is settled, and what can stand in the place of the rest.

    Attributes:
        settled: What stays.
        typed: What is being typed.
        known: What it can become, each with a hint.
    """

    settled: str
    typed: str
    known: Sequence[tuple[str, str]]


_CLAUSES: Final = (
    ("if ", "a predicate: data.total > 10"),
    ("hits ==", "at the Nth time"),
    ("hits >=", "from the Nth time on"),
    ("hits %", "every Nth time"),
    ("log ", "log a text with {expressions}, and do not pause"),
    ("once", "only the first time"),
    ("after", "after the call completed"),
    ("emit", "as it is emitted"),
    ("before", "before it is delivered"),
)
_KINDS: Final = (
    ("error", "any error, or: error TYPE"),
    ("warning", "any warning, or: warning CODE"),
    ("quiescence", "when the run becomes idle"),
    ("state ", "when a value in a state changes: state STEP.path"),
    ("route ", "a route by its id"),
    ("function ", "a function, in whatever step"),
    ("event ", "an event by its id"),
    ("step ", "a step by its path"),
)


def completable(argument: Argument, rest: str, names: Names, verb: str = "") -> Completable:
    """Return how the typed part (`rest`) of a verb's argument can be completed."""
    typed = rest.lstrip()
    several = _SEVERAL.get(argument)
    if several is not None:
        return several(typed, names, verb)
    return Completable("", typed, _ONE[argument](names) if argument in _ONE else ())


def _break(typed: str, names: Names, _: str) -> Completable:
    places = [
        *((word_of(event, names.events), "event") for event in names.events),
        *((word_of(step, names.steps), "step") for step in names.steps),
        *((function, "function") for function in names.functions),
        *_KINDS,
    ]
    field, _, after = typed.partition(" ")
    if field in ("route", "function", "event", "step") and " " not in after.strip() and after == after.rstrip():
        return Completable(f"{field} ", after, _of_field(field, names))
    if field == "state" and " " not in after.strip() and after == after.rstrip():
        return Completable("state ", after, _of_field("step", names))
    try:
        _place, clauses = split_place(typed, PlaceNames(names.events, names.steps))
    except BreakTextError:
        return Completable("", typed, places)
    if not clauses and not typed.endswith(" "):
        return Completable("", typed, places)
    last = typed.rpartition(" ")[2]
    words = clauses.split()
    if "if" in words and "log" not in words:
        return _predicate(typed)
    if "log" in words or (words and words[-1] == "hits"):
        return Completable("", typed, ())
    when_given = any(when in words for when in WHENS)
    used = {*words, *(WHENS if when_given else ())}
    free = [(word, hint) for word, hint in _CLAUSES if word.split()[0] not in used or word.strip() == last]
    return Completable(typed[: len(typed) - len(last)], last, free)


def _predicate(typed: str) -> Completable:
    """Complete the name that a predicate ends with."""
    found = _NAME.search(typed)
    if found is None:
        return Completable("", typed, ())
    return Completable(typed[: found.start()], found[0], tuple(MEANINGS.items()))


def _of_field(field: str, names: Names) -> list[tuple[str, str]]:
    if field == "route":
        return [(word_of(route, ()), "route") for route in names.routes]
    if field == "function":
        functions = dict.fromkeys(name.rpartition(".")[2] for name in names.functions)
        return [(name, "function") for name in functions]
    candidates = names.events if field == "event" else names.steps
    return [(word_of(name, candidates), field) for name in candidates]


def _breakpoint(typed: str, names: Names, verb: str) -> Completable:
    number, space, after = typed.partition(" ")
    point = next((point for point in names.breakpoints if str(point.number) == number), None)
    if not space or point is None:
        several = [("all", "every breakpoint")] if verb in ("enable", "disable", "delete") and names.breakpoints else []
        return Completable("", typed, [*((str(point.number), point.text) for point in names.breakpoints), *several])
    if verb == "cond" and after.strip():
        return _predicate(typed)
    now = {"cond": point.condition, "hits": point.hits, "log": point.log, "change": point.text}.get(verb, "")
    ways = [(now, "as it is now")] if now else []
    if verb == "hits":
        ways += [("==", "at the Nth time"), (">=", "from the Nth time on"), ("%", "every Nth time")]
    return Completable(f"{number} ", after.lstrip(), ways)


def _message(typed: str, names: Names, verb: str) -> Completable:
    if " " in typed:
        return Completable("", typed, ())
    several = [("all", "every held message")] if verb == "letgo" and names.messages else []
    return Completable("", typed, [*((str(number), text) for number, text in names.messages), *several])


def _inject(typed: str, names: Names, _: str) -> Completable:
    before, word, after = typed.rpartition(" from ")
    if word:
        return Completable(f"{before} from ", after, [(step, "step") for step in names.steps])
    event = max((event for event in names.events if typed.startswith(f"{event} ")), key=len, default=None)
    if event is None:
        outside = [(event, "from outside") for event in names.input_events]
        inside = [(event, "event") for event in names.events if event not in names.input_events]
        return Completable("", typed, [*outside, *inside])
    last = typed.rpartition(" ")[2]
    return Completable(typed[: len(typed) - len(last)], last, [("from ", "as if a step had emitted it")])


def _fields(typed: str, names: Names, word: str) -> Completable:
    kind = verbs()[words()[word].verb]
    offered = names.by_kind()
    settled, last, names_of = field_at(kind, typed, {of: [name for name, _ in each] for of, each in offered.items()})
    return Completable(settled, last, offered.get(names_of, ()))


def _places(names: Names) -> list[tuple[str, str]]:
    return [*((event, "event") for event in names.events), *((step, "step") for step in names.steps)]


_ONE: Final[Mapping[Argument, Callable[[Names], Sequence[tuple[str, str]]]]] = {
    Argument.PLACE: _places,
    Argument.EVENT: lambda names: [(event, "event") for event in names.events],
    Argument.INPUT_EVENT: lambda names: [(event, "input event") for event in names.input_events],
    Argument.STEP: lambda names: [(step, "step") for step in names.steps],
    Argument.WHY: lambda names: [
        *((step, "step") for step in names.steps),
        *((name, "function") for name in names.functions),
    ],
    Argument.PANEL: lambda _: [(panel.value, f"key {panel.number}") for panel in Panel],
    Argument.THEME: lambda names: [(theme, "theme") for theme in names.themes],
    Argument.WORD: lambda _: [(word, action.title) for word, action in words().items()],
}
_SEVERAL: Final[Mapping[Argument, Callable[[str, Names, str], Completable]]] = {
    Argument.BREAK: _break,
    Argument.BREAKPOINT: _breakpoint,
    Argument.PREDICATE: lambda typed, _names, _verb: _predicate(typed),
    Argument.MESSAGE: _message,
    Argument.INJECT: _inject,
    Argument.FIELDS: _fields,
}
