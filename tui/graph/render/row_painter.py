"""A row of a picture under an overlay: which text goes into the slots, and which style each piece gets."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from rich.cells import cell_len, set_cell_size

from process_core.runfile import without_index
from tui.graph.layout.graph_model import JOINED, cut
from tui.graph.layout.shapes import Box, BoxKind, Slot, SlotKind
from tui.graph.render.canvas import ASCII, Owner, OwnerKind, Run
from tui.graph.render.overlay import URGENT, Mark, Overlay, count_text
from tui.graph.render.picture import Picture
from tui.text.safe_text import safe

_PLAIN: Final = "─│╭╮╰╯├┤┬┴┼┊┈═║╔╗╚╝▼▲▶◀"
_HEAVY: Final = str.maketrans(_PLAIN, "━┃┏┓┗┛┣┫┳┻╋┋┉━┃┏┓┗┛⇓⇑⇒⇐")
_DOUBLE: Final = str.maketrans(_PLAIN, "═║╔╗╚╝╠╣╦╩╬║══║╔╗╚╝▽△▷◁")
_HEAVY_ASCII: Final = str.maketrans("-|~:+v^><", "=H=H#VA}{")
_DOUBLE_ASCII: Final = str.maketrans("-|~:v^><", "%%%%!!!!")

_FAR: Final = 1 << 30
_COLUMN: Final = itemgetter(0)
KINDS: Final = {
    BoxKind.STEP: "graph--step",
    BoxKind.MAP: "graph--step",
    BoxKind.PROCESS: "graph--process",
    BoxKind.FRAME: "graph--process",
    BoxKind.ENTRY: "graph--entry",
    BoxKind.ERROR: "graph--stop",
    BoxKind.STOP: "graph--stop",
}


class Look(NamedTuple):
    """How one owner is shown under an overlay.

    Attributes:
        style: Name of the component class.
        selected: Whether it is selected.
        hovered: Whether the mouse is over it.
        framed: Whether it has a border that can say that it is selected.
        chip: Whether it is a step without a border, which a background holds together.
    """

    style: str
    selected: bool = False
    hovered: bool = False
    framed: bool = False
    chip: bool = False


class RowPainter:
    """Lays an overlay over a picture.

    Args:
        picture: The picture.
        overlay: How the run stands.
        hovered: What the mouse is over: a path, an edge key, or None.
    """

    def __init__(self, picture: Picture, overlay: Overlay, hovered: str | None = None) -> None:
        self.picture = picture
        self.overlay = overlay
        self.hovered = hovered
        self._looks: dict[int, Look] = {}
        self._tokens: dict[int, object] = {}
        self._within = _within(overlay)
        self._ascii = picture.glyphs is ASCII

    def row(self, y: int, left: int = 0, right: int = _FAR) -> Iterator[tuple[int, str, Look]]:
        """Yield the pieces of a row that reach into some columns, slots filled in: first column, text, look.

        Blank cells are left out; `right` is the first column that is no longer of interest.
        """
        for x, text, look in self._pieces(y, left, right):
            if x < right and x + cell_len(text) > left:
                yield x, text, look

    def _pieces(self, y: int, left: int, right: int) -> Iterator[tuple[int, str, Look]]:
        for x, text, owner in self._window(y, left, right):
            what = self.picture.owners[owner]
            look = self.look(owner)
            if what.kind is OwnerKind.BOX:
                yield from self._box_pieces(x, y, text, self.picture.drawing.boxes[what.box], look)
            elif what.kind is OwnerKind.LABEL:
                text = self._awaited(text, what)  # noqa: PLW2901 - the same label, its input marked
                if text.startswith(" ") and what.event_id in self.overlay.breakpoints:
                    yield x, self.picture.glyphs.marks["breakpoint"], Look("graph--breakpoint")
                    yield x + 1, text[1:], look
                else:
                    yield x, text, look
            else:
                yield x, self._drawn(text, look.style), look

    def look(self, owner: int) -> Look:
        """Return how an owner is shown."""
        look = self._looks.get(owner)
        if look is None:
            look = self._looks[owner] = self._find(self.picture.owners[owner])
        return look

    def state(self, y: int, left: int = 0, right: int = _FAR) -> tuple[object, ...]:
        """Return what the looks of a part of a row depend on, for a cache: equal states render to equal rows."""
        return tuple([self._token(owner) for _, _, owner in self._window(y, left, right)])

    def _window(self, y: int, left: int, right: int) -> Sequence[Run]:
        runs = self.picture.runs(y)
        if not runs or (left <= runs[0][0] and runs[-1][0] < right):
            return runs
        first = max(0, bisect_right(runs, left, key=_COLUMN) - 1)
        return runs[first : bisect_left(runs, right, key=_COLUMN)]

    def _token(self, owner: int) -> object:
        """Return what the look of an owner depends on."""
        token = self._tokens.get(owner)
        if token is None:
            what, overlay = self.picture.owners[owner], self.overlay
            token = look = self.look(owner)
            if what.kind is OwnerKind.BOX:
                box = self.picture.drawing.boxes[what.box]
                path = box.path
                token = (
                    look,
                    self._state(box),
                    overlay.counts.get(path),
                    overlay.waiting.get(path),
                    overlay.elapsed.get(path),
                    overlay.arrived.get(path),
                    path in overlay.breakpoints,
                    any(event in overlay.breakpoints for event in box.events),
                )
            elif what.kind is OwnerKind.LABEL:
                token = (look, what.event_id in overlay.breakpoints, self._input_mark(what))
            self._tokens[owner] = token
        return token

    def _find(self, owner: Owner) -> Look:
        overlay = self.overlay
        if owner.kind is OwnerKind.BOX:
            box = self.picture.drawing.boxes[owner.box]
            selected = bool(overlay.selected) and (overlay.selected == box.path or overlay.selected in box.edges)
            state = self._state(box)
            style = f"graph--{state.value}" if state is not None and state is not Mark.DONE else KINDS[box.kind]
            if not box.path and overlay.lit.intersection(box.edges):
                style = "graph--lit"
            hovered = bool(self.hovered) and self.hovered in (box.path, *box.edges)
            return Look(style, selected, hovered, box.bordered, chip=bool(box.path) and not box.bordered)
        if owner.kind is OwnerKind.NOTHING:
            return Look("graph--edge")
        selected = overlay.selected in owner.edges
        hovered = self.hovered in owner.edges
        reversed_ = selected and owner.kind is OwnerKind.LABEL  # lines say it by their weight
        if overlay.forced.intersection(owner.edges):
            return Look("graph--forced", reversed_, hovered)
        if overlay.lit.intersection(owner.edges) or selected:
            return Look("graph--lit", reversed_, hovered)
        if owner.kind is OwnerKind.LABEL:
            return Look("graph--label", hovered=hovered)
        return Look("graph--back" if owner.back else "graph--edge", hovered=hovered)

    def _state(self, box: Box) -> Mark | None:
        """Return the state of a step; a folded process has that of the step in it that most needs to be seen."""
        state = self.overlay.states.get(box.path) if box.path else None
        if state in (None, Mark.DONE, Mark.RUNNING) and box.kind is not BoxKind.FRAME:
            return self._within.get(box.path, state)
        return state

    def _input_mark(self, owner: Owner) -> str:
        """Name the mark of a route into a step that waits for several inputs; empty for any other."""
        if self.overlay.awaited.intersection(owner.edges):
            return "missing"
        return "arrived" if self.overlay.came.intersection(owner.edges) else ""

    def _awaited(self, text: str, owner: Owner) -> str:
        """Show in place of a label's arrow, or of the sign of its join, whether the input has arrived."""
        mark = self._input_mark(owner)
        sign = next((sign for sign in (self.picture.glyphs.feeds, JOINED) if sign in text), "") if mark else ""
        if not sign:
            return text
        before, _, after = text.rpartition(sign)
        return before + self.picture.glyphs.marks[mark] + sign[1:] + after

    def _drawn(self, text: str, style: str) -> str:
        """Draw lit and forced routes with other lines: colour is never the only sign."""
        if style not in ("graph--lit", "graph--forced"):
            return text
        if style == "graph--lit":
            return text.translate(_HEAVY_ASCII if self._ascii else _HEAVY)
        return text.translate(_DOUBLE_ASCII if self._ascii else _DOUBLE)

    def _box_pieces(self, x: int, y: int, text: str, box: Box, look: Look) -> Iterator[tuple[int, str, Look]]:
        """Fill the slots of a box that lie in one piece of a row."""
        end = x + cell_len(text)
        if look.selected and look.framed:
            text = self._heavy(text, x, end, y, box)
        slots = sorted((s for s in box.slots if s.y == y and x <= s.x < end), key=lambda s: s.x)
        at = 0  # characters done; before a slot there is nothing but the text already cut
        for slot in slots:
            written = self._slot_text(slot, box)
            if not written:
                continue
            before, rest = _cut(text[at:], slot.x - x)
            if before:
                yield x, before, look
            width = min(slot.width, end - slot.x)
            style = "graph--breakpoint" if slot.kind is SlotKind.BREAKPOINT else look.style
            yield slot.x, set_cell_size(cut(written, width, ascii_only=self._ascii), width), look._replace(style=style)
            taken, _ = _cut(rest, width)
            at += len(before) + len(taken)
            x = slot.x + width
        if text[at:]:
            yield x, text[at:], look

    def _heavy(self, text: str, x: int, end: int, y: int, box: Box) -> str:
        """Draw the border of a box with heavy lines, and leave what is written in the box."""
        heavy = _HEAVY_ASCII if self._ascii else _HEAVY
        if y in (box.y, box.y + box.height - 1):
            return text.translate(heavy)
        if x == box.x:
            text = text[0].translate(heavy) + text[1:]
        if end == box.x + box.width:
            text = text[:-1] + text[-1].translate(heavy)
        return text

    def _slot_text(self, slot: Slot, box: Box) -> str:
        overlay, marks = self.overlay, self.picture.glyphs.marks
        state = self._state(box)
        if slot.kind is SlotKind.BREAKPOINT:
            name = slot.name or box.path
            return marks["breakpoint"] if name in overlay.breakpoints else ""
        if slot.kind is SlotKind.MARK:
            return marks[state.value] if state is not None else ""
        if slot.kind is SlotKind.COUNT:
            waiting = safe(overlay.waiting.get(box.path, ""), 80)
            if state is Mark.WAITING and waiting:
                return waiting.split(" ")[0]
            if state is Mark.RUNNING and box.path in overlay.elapsed:
                return overlay.elapsed[box.path]
            if not box.bordered:
                return ""
            return count_text(overlay.counts.get(box.path, 0), slot.width, marks["done"])
        if slot.kind is SlotKind.INPUT:
            arrived = overlay.arrived.get(box.path)
            return "" if arrived is None else marks["arrived" if slot.name in arrived else "missing"]
        if state is None:
            return ""
        if state is Mark.RUNNING and box.path in overlay.elapsed:
            return f"{state.value} {overlay.elapsed[box.path]}"
        waiting = safe(overlay.waiting.get(box.path, ""), 200)
        return f"{state.value} {waiting}" if state is Mark.WAITING and waiting else state.value


def _cut(text: str, cells: int) -> tuple[str, str]:
    """Cut a text after so many cells."""
    if text.isascii():
        return text[:cells], text[cells:]
    at = 0
    while at < len(text) and cell_len(text[: at + 1]) <= cells:
        at += 1
    return text[:at], text[at:]


def _within(overlay: Overlay) -> dict[str, Mark]:
    """Per path of a nested process or map, the most urgent state below it; elements of a map count as the map."""
    result: dict[str, Mark] = {}
    for path, state in overlay.states.items():
        if state not in URGENT:
            continue
        static = without_index(path)
        holders = [static] if static != path else []
        while "/" in static:
            static = static.rpartition("/")[0]
            holders.append(static)
        for holder in holders:
            other = result.get(holder)
            if other is None or URGENT.index(state) < URGENT.index(other):
                result[holder] = state
    return result
