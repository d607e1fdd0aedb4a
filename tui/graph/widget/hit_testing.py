"""From a path or an edge key to its place in a picture, from a place to what is there, and to words about it."""

from collections.abc import Collection

from textual.geometry import Region

from process_core.graph import Edge, Node
from tui.graph.layout.shapes import Box, BoxKind
from tui.graph.render.canvas import Owner, OwnerKind
from tui.graph.render.picture import Picture


def region_of(picture: Picture, what: str) -> Region | None:
    """Return where a step (by path), or the label or terminal of an edge (by key), is in a picture, if it is there.

    For a step inside a folded process, that is where the process is.
    """
    while what:
        box = picture.boxes.get(what)
        if box is not None:
            return _region(box)
        for label in picture.labels:
            if what in label.edges:
                return Region(label.dot, label.y, label.width + 1, 1)
        for terminal in picture.drawing.boxes:
            if what in terminal.edges:
                return _region(terminal)
        what = what.rpartition("/")[0]
    return None


def _region(box: Box) -> Region:
    return Region(box.x, box.y, box.width, box.height)


def foldable(nodes: Collection[Node], what: str | None) -> str | None:
    """Return the path of the nested process that a step is, or is in; None where there is none."""
    paths = {node.path for node in nodes}
    while what:
        if what in paths and any(path.startswith(what + "/") for path in paths):
            return what
        what = what.rpartition("/")[0]
    return None


def target_of(picture: Picture, owner: Owner) -> str | None:
    """Return what choosing an owner selects: path of a step, key of an edge, or None for an empty cell."""
    if owner.kind is OwnerKind.BOX:
        box = picture.drawing.boxes[owner.box]
        return box.path or (box.edges[0] if box.edges else None)
    return owner.edges[0] if owner.edges else None


def describe_owner(picture: Picture, edges: Collection[Edge], owner: Owner) -> str:
    """Describe an owner for a tooltip: a path, or a sentence for each route."""
    if owner.kind is OwnerKind.BOX:
        box = picture.drawing.boxes[owner.box]
        if box.kind is not BoxKind.STOP:
            return box.path or ", ".join(box.events)
    wanted = set(owner.edges)
    return "; ".join(_sentence(edge) for edge in edges if edge.key in wanted)


def _sentence(edge: Edge) -> str:
    where = edge.target or "STOP"
    if edge.function:
        where += f".{edge.function}" + (f"({edge.parameter})" if edge.parameter else "")
    condition = f" if {edge.condition}" if edge.condition else ""
    joined = ", together with others" if edge.joined else ""
    return f"{edge.source or 'outside'}: {edge.event_id} -> {where}{joined}{condition}"
