"""A picture as an SVG image, for documents: the same cells, in any monospaced font."""

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
