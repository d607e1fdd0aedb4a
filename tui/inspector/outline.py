"""A page of the inspector as entries that open, and its lines: what is open, where the cursor is, how texts wrap."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from tui.text.safe_text import BLOCK, safe
from tui.text.spans import Span, Tone, text_of, wrap

_INDENT = 2
_MARKERS: Final = {True: "▾ ", False: "▸ "}
_TOP = 0


@dataclass(eq=False)
class Item:
    """One entry; what it opens to is worked out when it is opened.

    Attributes:
        key: Unique among its siblings, the same whenever the same thing is shown again.
        spans: Its line.
        glance: What follows on the line while the entry is closed: a look at what is inside.
        opens: Gives the entries below it, or None where there is nothing below.
        is_open: Whether it is open before the user has a say.
        is_splice: Whether opening it puts its entries in its own place (`… 900 more`).
        block: Text to be shown wrapped, in place of a line; not safe yet.
        block_tone: What that text is.
        jump: The event that it leads to.
        load: Key of the payload to load whole, where the entry offers that.
        copy: Gives the text that is copied; the line itself where there is none.
    """

    key: str
    spans: tuple[Span, ...] = ()
    glance: tuple[Span, ...] = ()
    opens: Callable[[], Sequence["Item"]] | None = None
    is_open: bool = False
    is_splice: bool = False
    block: str | None = None
    block_tone: Tone = Tone.TEXT
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
        return text_of((*self.spans, *self.glance))


def section(key: str, title: str, opens: Callable[[], Sequence[Item]], *notes: Span, is_open: bool = True) -> Item:
    """Make the head of a part of a page, with notes beside its title."""
    return Item(key, (Span(title, Tone.SECTION), *notes), opens=opens, is_open=is_open)


def fact(key: str, value: str, tone: Tone = Tone.TEXT, *, copy: str | None = None) -> Item:
    """Make an entry that shows one thing: what it is about, then a safe text; `copy` is copied in its place."""
    return Item(
        key,
        (Span(f"{key} ", Tone.KEY), Span(value, tone)),
        copy=lambda: value if copy is None else copy,
    )


class Line(NamedTuple):
    """A line of the page.

    Attributes:
        item: The entry it belongs to.
        place: The entry's number, the same as long as the same page is shown.
        indent: Cells before it.
        spans: What stands there.
        is_first: Whether it is the entry's first line.
    """

    item: Item
    place: int
    indent: int
    spans: tuple[Span, ...]
    is_first: bool


class Outline:
    """The lines of a page at a width.

    Attributes:
        lines: Them.
        cursor: The line with the cursor.
    """

    def __init__(self) -> None:
        self._roots: Sequence[Item] = ()
        self._width = 80
        # An entry is known by a number for the entry that holds it and its key: what is known of an entry (open, under
        # the cursor) so survives newer data, and costs the same at any depth.
        self._places: dict[tuple[int, str], int] = {}
        self._holders: dict[int, int] = {}
        self._open: dict[int, bool] = {}
        self._last = _TOP
        self.lines: list[Line] = []
        self.cursor = 0

    @property
    def current(self) -> Line | None:
        """The line with the cursor."""
        return self.lines[self.cursor] if 0 <= self.cursor < len(self.lines) else None

    def show(self, roots: Sequence[Item], *, keep: bool) -> None:
        """Show a page.

        With `keep` it is the same page with newer data: what is open stays open and the cursor where it is.
        """
        current = self.current if keep else None
        if not keep:
            self._forget()
        self._roots = roots
        self._lay_out()
        if current is not None:
            self._go_to(current.place)

    def resize(self, width: int) -> None:
        """Lay the page out at another width, in cells."""
        if width != self._width:
            self._width = width
            place = self.current.place if self.current is not None else _TOP
            self._lay_out()
            self._go_to(place)

    def move(self, lines: int) -> None:
        """Move the cursor, no further than the page goes."""
        self.cursor = min(max(self.cursor + lines, 0), max(0, len(self.lines) - 1))

    def is_open(self, line: Line) -> bool:
        """Return whether the entry of a line is open."""
        return self._is_open(line.place, line.item)

    def toggle(self) -> bool:
        """Open or close the entry under the cursor; return whether there was something to open."""
        line = self.current
        return line is not None and self.set_open(not self.is_open(line))

    def set_open(self, is_open: bool) -> bool:
        """Open or close the entry under the cursor; return whether that changed anything."""
        line = self.current
        if line is None or line.item.opens is None or self.is_open(line) is is_open:
            return False
        self._open[line.place] = is_open
        self._lay_out()
        if not line.item.is_splice:
            self._go_to(line.place)
        return True

    def go_to_holder(self) -> None:
        """Put the cursor on the entry that holds the one under it."""
        line = self.current
        if line is not None and self._holders[line.place] != _TOP:
            self._go_to(self._holders[line.place])

    def _is_open(self, place: int, item: Item) -> bool:
        return item.opens is not None and self._open.get(place, item.is_open)

    def _forget(self) -> None:
        """Start another page; what the user closed or opened at the top of this one (the envelope, say) still holds."""
        self._places = {key: place for key, place in self._places.items() if key[0] == _TOP}
        kept = set(self._places.values())
        self._holders = dict.fromkeys(kept, _TOP)
        self._open = {place: is_open for place, is_open in self._open.items() if place in kept}
        self.cursor = 0

    def _go_to(self, place: int) -> None:
        """Put the cursor on an entry, or on the nearest of those around it that is still there."""
        at = {line.place: number for number, line in enumerate(self.lines) if line.is_first}
        while place != _TOP and place not in at:
            place = self._holders.get(place, _TOP)
        self.cursor = at.get(place, min(self.cursor, max(0, len(self.lines) - 1)))

    def _place(self, holder: int, key: str) -> int:
        place = self._places.get((holder, key))
        if place is None:
            # Numbers are never given twice: those of a page that is gone stand in no table any more.
            self._last += 1
            place = self._places[holder, key] = self._last
            self._holders[place] = holder
        return place

    def _lay_out(self) -> None:
        lines: list[Line] = []
        # No recursion: a payload may be nested deeper than Python's stack.
        levels: list[tuple[Iterator[Item], int, int]] = [(iter(self._roots), _TOP, 0)]
        while levels:
            items, holder, depth = levels[-1]
            item = next(items, None)
            if item is None:
                levels.pop()
                continue
            place = self._place(holder, item.key)
            is_open = self._is_open(place, item)
            if item.is_splice and is_open:
                levels.append((iter(item.below), holder, depth))
                continue
            self._add(lines, item, place, depth)
            if is_open:
                levels.append((iter(item.below), place, depth + 1))
        self.lines = lines
        self.cursor = min(self.cursor, max(0, len(lines) - 1))

    def _add(self, lines: list[Line], item: Item, place: int, depth: int) -> None:
        indent = min(_INDENT * depth, self._width // 2)
        if item.block is not None:
            room = max(8, self._width - indent - _INDENT)
            for number, text in enumerate(wrap_block(item.block, room)):
                lines.append(Line(item, place, indent, (Span("  "), Span(text, item.block_tone)), number == 0))
            return
        is_open = self._is_open(place, item)
        marker = "  " if item.opens is None or item.is_splice else _MARKERS[is_open]
        glance = () if is_open else item.glance
        lines.append(Line(item, place, indent, (Span(marker, Tone.QUIET), *item.spans, *glance), is_first=True))


def wrap_block(text: str, width: int) -> list[str]:
    """Break a text, which need not be safe, into safe lines; what goes over hangs below where its line began."""
    lines: list[str] = []
    for raw in text.split("\n"):
        line = safe(raw.removesuffix("\r").expandtabs(4), BLOCK)
        hang = min(len(line) - len(line.lstrip(" ")) + _INDENT, width // 2)
        lines += wrap(line, width, hang=hang)
    return lines
