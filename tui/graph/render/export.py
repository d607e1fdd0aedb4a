"""A picture outside the app: as text for a terminal, and as an SVG image with the same cells in a monospaced font."""

from typing import Final
from xml.sax.saxutils import escape

from rich.cells import cell_len

from tui.graph.layout.shapes import BoxKind
from tui.graph.render.canvas import Owner, OwnerKind
from tui.graph.render.picture import Picture

_CELL_WIDTH: Final = 8.4
_CELL_HEIGHT: Final = 18
_PADDING: Final = 12
_FONT: Final = "Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_COLOURS: Final = {
    "box": "#1b1f24",
    "entry": "#1a7f37",
    "stop": "#cf222e",
    "edge": "#57606a",
    "back": "#8250df",
    "label": "#0550ae",
}


def picture_svg(picture: Picture) -> str:
    """Write a picture as an SVG image; the same for the same picture, to the byte."""
    width = picture.width * _CELL_WIDTH + 2 * _PADDING
    height = picture.height * _CELL_HEIGHT + 2 * _PADDING
    size = f"{width:.1f} {height:.1f}"
    styles = " ".join(f".{name} {{ fill: {colour}; }}" for name, colour in _COLOURS.items())
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{width:.1f}" height="{height:.1f}">',
        f"<style>text {{ font: 14px {_FONT}; white-space: pre; }} {styles} .box {{ font-weight: bold; }}</style>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for y in range(picture.height):
        base = _PADDING + y * _CELL_HEIGHT + 14
        for x, text, owner in picture.runs(y):
            shown = text.rstrip()
            if not shown.strip():
                continue
            left = _PADDING + x * _CELL_WIDTH
            length = cell_len(shown) * _CELL_WIDTH
            name = _class(picture, picture.owners[owner])
            lines.append(
                f'<text x="{left:.1f}" y="{base}" textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs"'
                f' class="{name}" xml:space="preserve">{escape(shown)}</text>'
            )
    return "\n".join([*lines, "</svg>", ""])


def _class(picture: Picture, owner: Owner) -> str:
    if owner.kind is OwnerKind.BOX:
        kind = picture.drawing.boxes[owner.box].kind
        if kind is BoxKind.ENTRY:
            return "entry"
        return "stop" if kind in (BoxKind.STOP, BoxKind.ERROR) else "box"
    if owner.kind is OwnerKind.LABEL:
        return "label"
    return "back" if owner.back else "edge"


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
