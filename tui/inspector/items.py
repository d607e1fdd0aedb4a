"""The entries of the inspector: safe pieces of text, what they open to, and where they lead."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple


class Role(StrEnum):
    """What a piece of text is, so that the widget can colour it."""

    TEXT = "text"
    STRONG = "strong"
    QUIET = "quiet"
    TITLE = "title"
    SECTION = "section"
    KEY = "key"
    STRING = "string"
    NUMBER = "number"
    WORD = "word"
    LINK = "link"
    EMIT = "emit"
    OK = "ok"
    ASK = "ask"
    WARN = "warn"
    FAIL = "fail"
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class Piece(NamedTuple):
    """A safe piece of a line."""

    text: str
    role: Role = Role.TEXT


@dataclass(eq=False)
class Item:
    """One entry; what it opens to is worked out when it is opened.

    Attributes:
        key: Unique among its siblings, the same whenever the same thing is shown again.
        pieces: Its line.
        glance: What follows on the line while the entry is closed: a look at what is inside.
        opens: Gives the entries below it, or None where there is nothing below.
        is_open: Whether it is open before the user has a say.
        is_splice: Whether opening it puts its entries in its own place (`… 900 more`).
        block: Text to be shown wrapped, in place of a line; not safe yet.
        block_role: What that text is.
        jump: The event that it leads to.
        load: Key of the payload to load whole, where the entry offers that.
        copy: Gives the text that is copied; the line itself where there is none.
    """

    key: str
    pieces: tuple[Piece, ...] = ()
    glance: tuple[Piece, ...] = ()
    opens: Callable[[], Sequence["Item"]] | None = None
    is_open: bool = False
    is_splice: bool = False
    block: str | None = None
    block_role: Role = Role.TEXT
    jump: int | None = None
    load: str | None = None
    copy: Callable[[], str] | None = field(default=None, repr=False)

    @cached_property
    def below(self) -> Sequence["Item"]:
        """The entries below it."""
        return self.opens() if self.opens is not None else ()

    @property
    def line(self) -> str:
        """Its line as plain text."""
        return "".join(piece.text for piece in (*self.pieces, *self.glance))


def section(key: str, title: str, opens: Callable[[], Sequence[Item]], *notes: Piece, is_open: bool = True) -> Item:
    """Make the head of a part of a page.

    Args:
        key: Unique in the page.
        title: Its title.
        opens: Gives what it holds.
        notes: What stands beside the title.
        is_open: Whether it is open at first.

    Returns:
        The entry.
    """
    return Item(key, (Piece(title, Role.SECTION), *notes), opens=opens, is_open=is_open)


def fact(key: str, value: str, role: Role = Role.TEXT, *, copy: str | None = None) -> Item:
    """Make an entry that says one thing.

    Args:
        key: What it is about; stands before the value.
        value: A safe text.
        role: What the value is.
        copy: What is copied; the value where left out.

    Returns:
        The entry.
    """
    return Item(
        key,
        (Piece(f"{key} ", Role.KEY), Piece(value, role)),
        copy=lambda: value if copy is None else copy,
    )
