"""What a box shows at each zoom: its lines of text, its slots for state, and how big it must be for them."""

from dataclasses import dataclass, field, replace
from typing import Final

from rich.cells import cell_len

from tui.graph.layout.graph_model import Vertex, shown
from tui.graph.layout.shapes import Box, BoxKind, Drawing, Slot, SlotKind, Text, Zoom

NAME_CELLS: Final = 36
COUNT_CELLS: Final = 4
STATE_CELLS: Final = 14
_WAITS_CELLS: Final = 4
"""What a chip keeps to say `1/2` after its name."""
_TERMINALS: Final = {
    BoxKind.ENTRY: ("▷ ", "", "> ", ""),
    BoxKind.ERROR: ("⚠ ", "", "! ", ""),
    BoxKind.STOP: ("■ ", "", "# ", ""),
}
_PREFIXES: Final = {BoxKind.PROCESS: ("▸ ", "+ "), BoxKind.MAP: ("≡ ", "% "), BoxKind.FRAME: ("▾ ", "- ")}


@dataclass(slots=True)
class BoxContent:
    """A box before it has a place; all positions count from its upper left corner.

    Attributes:
        kind: What it stands for.
        width: The least columns.
        height: The least rows.
        bordered: Whether it has a border; ports are then on the border, else beside it.
        path: Path of the step.
        texts: What is written in it.
        slots: Where state is shown.
        events: Event ids it stands for.
        edges: Keys of the edges it stands for.
        inner: What is drawn inside a frame, and where.
        brackets: What closes a box without a border on its left and on its right.
    """

    kind: BoxKind
    width: int
    height: int
    bordered: bool
    path: str = ""
    texts: list[Text] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    events: tuple[str, ...] = ()
    edges: tuple[str, ...] = ()
    inner: tuple[Drawing, int, int] | None = None
    brackets: tuple[str, str] | None = None

    def placed(self, x: int, y: int, width: int, height: int) -> Box:
        """Return the box at a place, stretched to a size that its ports need."""
        texts = self.texts
        dx = dy = 0
        if not self.bordered:
            dx, dy = (width - self.width) // 2, (height - self.height) // 2
            if self.brackets:
                left, right = self.brackets
                for row in range(height):
                    texts = [*texts, Text(-dx, row - dy, left), Text(width - 1 - dx, row - dy, right)]
        return Box(
            path=self.path,
            kind=self.kind,
            x=x,
            y=y,
            width=width,
            height=height,
            bordered=self.bordered,
            texts=tuple(Text(t.x + x + dx, t.y + y + dy, t.text) for t in texts),
            slots=tuple(
                replace(s, x=s.x + x + dx, y=s.y + y + dy, width=width - 5 if s.kind is SlotKind.STATE else s.width)
                for s in self.slots
            ),
            events=self.events,
            edges=self.edges,
        )


def content_of(vertex: Vertex, zoom: Zoom, inner: Drawing | None, *, ascii_only: bool) -> BoxContent:
    """Return what a vertex shows, as small as it can be; `inner` is the drawing of an unfolded nested process."""
    if vertex.node is None:
        return _terminal(vertex, ascii_only=ascii_only)
    path = vertex.node.path
    kind = BoxKind.FRAME if inner is not None else vertex.kind
    prefix = _PREFIXES.get(kind, ("", ""))[ascii_only]
    name = prefix + shown(vertex.name, NAME_CELLS, ascii_only=ascii_only)
    cells = cell_len(name)
    if zoom is Zoom.CHIPS and inner is None:
        waits = _WAITS_CELLS if vertex.joins else 0
        chip = BoxContent(kind, cells + waits + 4, 1, bordered=False, path=path, brackets=("[", "]"))
        chip.texts = [Text(2, 0, name)]
        chip.slots = [Slot(SlotKind.MARK, 1, 0, 1), Slot(SlotKind.BREAKPOINT, cells + waits + 2, 0, 1)]
        if waits:
            chip.slots.append(Slot(SlotKind.COUNT, cells + 3, 0, waits - 1))
        return chip
    content = BoxContent(kind, cells + 5 + COUNT_CELLS, 3, bordered=True, path=path)
    content.texts.append(Text(3, 1, name))
    content.slots.append(Slot(SlotKind.BREAKPOINT, 0, 0, 1))
    content.slots.append(Slot(SlotKind.MARK, 1, 1, 1))
    content.slots.append(Slot(SlotKind.COUNT, cells + 4, 1, COUNT_CELLS))
    if inner is not None:
        content.width = max(content.width, inner.width + 4)
        content.height = inner.height + 3
        content.inner = (inner, 2, 2)
    elif zoom is Zoom.FULL:
        _add_details(content, vertex, ascii_only=ascii_only)
    return content


def _terminal(vertex: Vertex, *, ascii_only: bool) -> BoxContent:
    before, after = _TERMINALS[vertex.kind][2:] if ascii_only else _TERMINALS[vertex.kind][:2]
    text = before + shown(vertex.name, NAME_CELLS, ascii_only=ascii_only) + after
    content = BoxContent(vertex.kind, cell_len(text), 1, bordered=False, edges=tuple(vertex.edges))
    content.texts.append(Text(0, 0, text))
    if vertex.kind is not BoxKind.STOP:
        content.events = (vertex.name,)
        content.width += 1
        content.slots.append(Slot(SlotKind.BREAKPOINT, content.width - 1, 0, 1, vertex.name))
    return content


def _add_details(content: BoxContent, vertex: Vertex, *, ascii_only: bool) -> None:
    """Add the functions, with the inputs that each waits for, and a line that says how the step is."""
    node = vertex.node
    assert node is not None
    row = 2
    for function in node.functions:
        name = shown(function, NAME_CELLS, ascii_only=ascii_only)
        needs = node.parameters.get(function, ())
        x = 3
        content.texts.append(Text(x, row, name + "("))
        x += cell_len(name) + 1
        for index, parameter in enumerate(needs):
            text = shown(parameter, 16, ascii_only=ascii_only)
            if len(needs) > 1:
                content.slots.append(Slot(SlotKind.INPUT, x, row, 1, parameter))
                x += 1
            last = index == len(needs) - 1
            content.texts.append(Text(x, row, text + ("" if last else ", ")))
            x += cell_len(text) + (0 if last else 2)
        content.texts.append(Text(x, row, ")"))
        content.width = max(content.width, x + 3)
        row += 1
    content.width = max(content.width, STATE_CELLS + 5)
    content.slots.append(Slot(SlotKind.STATE, 3, row, content.width - 5))
    content.height = row + 2
