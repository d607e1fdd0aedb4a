"""What a typed command means and how it can be completed: pure functions over the table of actions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from process_core.suggestions import suggestion
from tui.actions import BY_NAME, Action, actions, words
from tui.commands.completion import Names, completable
from tui.text.safe_text import NAME, safe


class Completion(NamedTuple):
    """One way to go on.

    Attributes:
        line: The whole line it leads to.
        shown: What the list shows for it.
        hint: What it is.
    """

    line: str
    shown: str
    hint: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command, and the rest of its line without space at the ends."""

    action: Action
    argument: str = ""


class CommandSyntaxError(Exception):
    """A line that is not a command; the text says what is wrong and what to do."""


_MOST: Final = 200
_DIGITS: Final = 15
_TYPED: Final = 1_000_000
"""Characters of the longest command; a payload may be among them."""


def parse(line: str) -> Parsed:
    """Read a command line, with or without its `:`.

    Raises:
        CommandSyntaxError: There is no such command, or an argument is missing or too many.
    """
    text = line.strip().lstrip(":").lstrip()
    if len(text) > _TYPED:
        raise CommandSyntaxError(f"a command has at most {_TYPED:,} characters, and this one {len(text):,}")
    if read_number(text) is not None:
        return Parsed(BY_NAME["goto"], text)
    word, _, rest = text.partition(" ")
    action = _find(word)
    rest = rest.strip()
    if action.needs_argument and not rest:
        raise CommandSyntaxError(f"{action.word} needs an argument: {action.word} {action.usage}")
    if rest and not action.usage:
        raise CommandSyntaxError(f"{action.word} takes no argument")
    return Parsed(action, rest)


def read_number(text: str) -> int | None:
    """Return the number that a text is; None for anything else, be it digits of other scripts, or more than any count.

    An event, a message and a breakpoint are numbered from 1.
    """
    is_number = text.isascii() and text.isdigit() and len(text) <= _DIGITS
    return int(text) if is_number else None


def _find(word: str) -> Action:
    if not word:
        raise CommandSyntaxError("type a command, or ? for the list of them")
    by_word = words()
    if word in by_word:
        return by_word[word]
    if len(word) == 1:
        by_key = [action for action in actions() if action.word and word in action.keys]
        if len(by_key) == 1:
            return by_key[0]
    starts = [action for name, action in by_word.items() if name.startswith(word)]
    if len(starts) == 1:
        return starts[0]
    shown = safe(word, NAME)
    if starts:
        raise CommandSyntaxError(f"{shown} could be {', '.join(action.word or '' for action in starts)}")
    raise CommandSyntaxError(f"no command {shown!r}{suggestion(word, by_word)}")


def split_event(argument: str, known: Iterable[str]) -> tuple[str, str]:
    """Return an event id and the data after it; known ids with spaces in them are found whole."""
    for event in sorted(known, key=len, reverse=True):
        if argument == event or argument.startswith(event + " "):
            return event, argument[len(event) :].strip()
    event, _, rest = argument.partition(" ")
    return event, rest.strip()


def complete(line: str, names: Names) -> list[Completion]:
    """Return the ways a command line can go on; those that start with what was typed before those that hold it."""
    text = line.lstrip().lstrip(":")
    word, space, rest = text.partition(" ")
    if not space:
        matches = _matching(word, [(name, action.usage, action.title) for name, action in words().items()])
        return [
            Completion(f"{name} " if usage else name, f"{name} {usage}".rstrip(), hint) for name, usage, hint in matches
        ]
    action = words().get(word)
    if action is None:
        return []
    settled, typed, offered = completable(action.argument, rest, names, word)
    entries = [(name, "", hint) for name, hint in offered]
    return [
        Completion(f"{word} {settled}{name}", safe(name.strip(), NAME), safe(hint, 120))
        for name, _, hint in _matching(typed, entries)
        if name.rstrip() != typed.rstrip()
    ]


def _matching(typed: str, entries: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    low = typed.casefold()
    starts = [entry for entry in entries if entry[0].casefold().startswith(low)]
    holds = [entry for entry in entries if low in entry[0].casefold() and entry not in starts] if low else []
    return [*starts, *holds][:_MOST]
