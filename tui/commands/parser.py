"""What a typed command means and how it can be completed: pure functions over the action registry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, NamedTuple

from tui.actions import ACTIONS, BY_NAME, BY_VERB, Action
from tui.commands.completion import Names, stage
from tui.text.safe_text import safe


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
    """A command that makes sense.

    Attributes:
        action: What to do.
        argument: The rest of the line, without space at its ends.
    """

    action: Action
    argument: str = ""


class CommandSyntaxError(Exception):
    """A command that makes none; its text says what is wrong and what to do."""


_MOST: Final = 200


def parse(line: str) -> Parsed:
    """Read a command line.

    Args:
        line: What was typed; a `:` before it is taken off.

    Returns:
        The action and its argument.

    Raises:
        CommandSyntaxError: No such verb, or an argument is missing or too many.
    """
    text = line.strip().lstrip(":").lstrip()
    if text.isdigit():
        return Parsed(BY_NAME["goto"], text)
    word, _, rest = text.partition(" ")
    action = _find(word)
    rest = rest.strip()
    if action.needs_argument and not rest:
        raise CommandSyntaxError(f"{action.verb} needs an argument: {action.verb} {action.usage}")
    if rest and not action.usage:
        raise CommandSyntaxError(f"{action.verb} takes no argument")
    return Parsed(action, rest)


def _find(word: str) -> Action:
    if not word:
        raise CommandSyntaxError("type a command, or ? for the list of them")
    if word in BY_VERB:
        return BY_VERB[word]
    if len(word) == 1:
        by_key = [action for action in ACTIONS if action.verb and word in action.keys]
        if len(by_key) == 1:
            return by_key[0]
    starts = [action for verb, action in BY_VERB.items() if verb.startswith(word)]
    if len(starts) == 1:
        return starts[0]
    shown = safe(word, 40)
    if starts:
        raise CommandSyntaxError(f"{shown} could be {', '.join(action.verb or '' for action in starts)}")
    raise CommandSyntaxError(f"no command {shown!r}{did_you_mean(word, BY_VERB)}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest the nearest name.

    Args:
        word: What was typed.
        known: Names there are.

    Returns:
        `; did you mean 'x'?`, or nothing where nothing is near.
    """
    names = list(known)
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if not near:
        folded = {name.casefold(): name for name in names}
        near = [folded[name] for name in get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)]
    return f"; did you mean {safe(near[0], 60)!r}?" if near else ""


def split_event(argument: str, known: Iterable[str]) -> tuple[str, str]:
    """Part an event id from the data after it.

    Args:
        argument: What stands after the verb.
        known: Event ids there are; those with spaces in them are found whole.

    Returns:
        The event id and the rest.
    """
    for event in sorted(known, key=len, reverse=True):
        if argument == event or argument.startswith(event + " "):
            return event, argument[len(event) :].strip()
    event, _, rest = argument.partition(" ")
    return event, rest.strip()


def complete(line: str, names: Names) -> list[Completion]:
    """List the ways a command line can go on.

    Args:
        line: What was typed so far.
        names: The names that arguments may hold.

    Returns:
        Completions, those that start with what was typed before those that hold it.
    """
    text = line.lstrip().lstrip(":")
    word, space, rest = text.partition(" ")
    if not space:
        found = _matching(word, [(verb, action.usage, action.title) for verb, action in BY_VERB.items()])
        return [
            Completion(f"{verb} " if usage else verb, f"{verb} {usage}".rstrip(), hint) for verb, usage, hint in found
        ]
    action = BY_VERB.get(word)
    if action is None:
        return []
    settled, typed, offered = stage(action.argument, rest, names, word)
    known = [(name, "", hint) for name, hint in offered]
    return [
        Completion(f"{word} {settled}{name}", safe(name.strip(), 80), safe(hint, 120))
        for name, _, hint in _matching(typed, known)
        if name.rstrip() != typed.rstrip()
    ]


def _matching(typed: str, known: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    low = typed.casefold()
    starts = [entry for entry in known if entry[0].casefold().startswith(low)]
    holds = [entry for entry in known if low in entry[0].casefold() and entry not in starts] if low else []
    return [*starts, *holds][:_MOST]


@dataclass(slots=True)
class History:
    """What was typed before; `older` and `newer` walk through it.

    Attributes:
        lines: From the oldest to the latest.
        limit: How many are kept.
    """

    lines: list[str] = field(default_factory=list)
    limit: int = 200
    _at: int | None = None
    _draft: str = ""

    def add(self, line: str) -> None:
        """Keep a line; the same one twice in a row is kept once."""
        self._at = None
        if line.strip() and self.lines[-1:] != [line]:
            self.lines.append(line)
            del self.lines[: -self.limit]

    def older(self, draft: str) -> str | None:
        """Go back.

        Args:
            draft: What stands on the line now; `newer` comes back to it.

        Returns:
            The line before, or None at the oldest.
        """
        if self._at is None:
            self._draft, self._at = draft, len(self.lines)
        if self._at == 0:
            return None
        self._at -= 1
        return self.lines[self._at]

    def newer(self) -> str | None:
        """Go forward.

        Returns:
            The line after, at last the draft, or None where no walk began.
        """
        if self._at is None:
            return None
        self._at += 1
        if self._at >= len(self.lines):
            self._at = None
            return self._draft
        return self.lines[self._at]
