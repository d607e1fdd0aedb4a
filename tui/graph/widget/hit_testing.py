"""From a path or an edge key to its place in a picture, from a place to what is there, and to words about it."""

from collections.abc import Collection

from textual.geometry import Region

from process_core.graph import Edge, Node
from tui.graph.layout.shapes import Box, BoxKind
from tui.graph.render.canvas import Owner, OwnerKind
from tui.graph.render.picture import Picture


def region_of(picture: Picture, what: str) -> Region | None:
    """Say where a step, an edge's label or an edge's terminal is.

    Args:
        picture: The picture.
        what: Path of a step or key of an edge; for one inside a folded process, the process is found.

    Returns:
        Its place in the picture, or None.
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
    """Find the nested process that a step is, or is in.

    Args:
        nodes: All steps.
        what: Path of the step.

    Returns:
        Path of the nested process, or None.
    """
    paths = {node.path for node in nodes}
    while what:
        if what in paths and any(path.startswith(what + "/") for path in paths):
            return what
        what = what.rpartition("/")[0]
    return None


def target_of(picture: Picture, owner: Owner) -> str | None:
    """Say what is selected by choosing an owner.

    Args:
        picture: The picture.
        owner: Of a cell.

    Returns:
        Path of a step, key of an edge, or None for an empty cell.
    """
    if owner.kind is OwnerKind.BOX:
        box = picture.drawing.boxes[owner.box]
        return box.path or (box.edges[0] if box.edges else None)
    return owner.edges[0] if owner.edges else None


def describe_owner(picture: Picture, edges: Collection[Edge], owner: Owner) -> str:
    """Say in words what an owner is: what a tooltip shows.

    Args:
        picture: The picture.
        edges: All routes.
        owner: Of a cell.

    Returns:
        A path, or a sentence for each route.
    """
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
