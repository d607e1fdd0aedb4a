"""A picture as plain text, or with colours for a terminal; what `stepscope graph` prints."""

from typing import Final

from tui.graph.layout.shapes import BoxKind
from tui.graph.render.canvas import Owner, OwnerKind
from tui.graph.render.picture import Picture

_RESET: Final = "\x1b[0m"
_BOXES: Final = {BoxKind.ENTRY: "\x1b[32m", BoxKind.STOP: "\x1b[31m", BoxKind.ERROR: "\x1b[31m"}


def picture_text(picture: Picture, *, colour: bool) -> str:
    """Write a picture as rows of text; `colour` adds escape codes of the terminal's own palette."""
    lines: list[str] = []
    for row in picture.rows:
        pieces = list(row)
        if pieces:
            text, owner = pieces[-1]
            pieces[-1] = (text.rstrip(), owner)
        line = ""
        for text, owner in pieces:
            code = _code(picture, picture.owners[owner]) if colour and text.strip() else ""
            line += f"{code}{text}{_RESET}" if code else text
        lines.append(line.rstrip() + "\n")
    return "".join(lines)


def _code(picture: Picture, owner: Owner) -> str:
    if owner.kind is OwnerKind.BOX:
        return _BOXES.get(picture.drawing.boxes[owner.box].kind, "\x1b[1m")
    if owner.kind is OwnerKind.LABEL:
        return "\x1b[36m"
    return "\x1b[2;35m" if owner.back else "\x1b[2m" if owner.kind is OwnerKind.EDGE else ""
