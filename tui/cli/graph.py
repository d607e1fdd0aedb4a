"""`stepscope graph`: draws a process on standard output, for a terminal, a document or another tool."""

import argparse
import asyncio
import os
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from process_core.export import to_dot, to_mermaid
from process_core.export.labels import Drawable
from process_core.graph import Edge, Node
from process_core.session.client.interpreter import find_interpreter
from process_core.session.client.session import CommandRefused, Update
from process_core.session.client.worker_process import WorkerSession
from process_core.session.protocol.envelope import Failure, Notice
from process_core.session.protocol.status import Loaded
from tui.cli.event_line import LINES
from tui.cli.output import complain, write_drawing
from tui.errors import UsageError
from tui.graph.layout.graph_model import LABEL_CELLS
from tui.graph.layout.shapes import Direction, Zoom
from tui.graph.render.canvas import can_draw
from tui.graph.render.export import picture_svg, picture_text
from tui.graph.render.picture import Picture, draw
from tui.graph.render.picture_cache import NARROW, ROUTES_A_STEP, FittedView, best_fit
from tui.recorded.run_lookup import info_of
from tui.text.safe_text import PREVIEW, safe, safe_lines

_PIPED: Final = 100
"""Columns where nobody says how many there are."""
_IMAGE: Final = 160
"""Columns of an image, which need not fit a terminal."""
_ROWS: Final = 10_000
"""Rows there are: what is printed scrolls."""
_LARGE: Final = 300
"""Steps, or routes, above which one layout has to do."""


def do(arguments: argparse.Namespace) -> int:
    """Draw the graph; return the exit code.

    Raises:
        UsageError: The target cannot be loaded, or not be drawn.
    """
    process = recorded(arguments.target) or asyncio.run(_loaded(arguments.target, arguments.python))
    try:
        text = _write(process, arguments)
    except RecursionError:
        raise UsageError(f"{safe(arguments.target, 300)} is nested too deeply to be drawn") from None
    write_drawing(text)
    return 0


def recorded(target: str) -> Drawable | None:
    """Return the graph of a recorded run without running its code; None where the target is not a run file.

    Raises:
        UsageError: The file cannot be read.
    """
    path = Path(target).expanduser()
    if path.suffix != ".run":
        return None
    info = info_of(path)
    return _Recorded(info.process, info.nodes, info.edges)


class _Recorded:
    """The graph that a run file holds."""

    def __init__(self, name: str, nodes: tuple[Node, ...], edges: tuple[Edge, ...]) -> None:
        self.name = name
        self.nodes = nodes
        self.edges = edges


async def _loaded(target: str, python: str | None) -> Loaded:
    """Load the target in a worker: whatever its code does, it does it there."""
    try:
        interpreter = await find_interpreter(target, Path.cwd(), python)
        async with await WorkerSession.open(cwd=Path.cwd(), interpreter=interpreter) as session:
            session.subscribe(_print_notice)
            return await session.load(target)
    except CommandRefused as refused:
        raise UsageError(_refusal(target, refused.failure)) from None


def _print_notice(update: Update) -> None:
    if isinstance(update, Notice):
        for line in safe_lines(update.text, LINES, PREVIEW):
            complain(line)


def _refusal(target: str, failure: Failure) -> str:
    from tui.screens.load_error import load_error_text  # noqa: PLC0415 - Textual, for what cannot be loaded only

    return load_error_text(target, failure)


def _write(process: Drawable, arguments: argparse.Namespace) -> str:
    if arguments.format == "mermaid":
        return to_mermaid(process)
    if arguments.format == "dot":
        return to_dot(process)
    is_image = arguments.format == "svg"
    width = arguments.width or (_IMAGE if is_image else _columns())
    ascii_only = arguments.ascii or not (is_image or can_draw(sys.stdout.encoding))
    picture = fitted(process, zoom=arguments.zoom, direction=arguments.direction, width=width, ascii_only=ascii_only)
    if picture.left_out:
        complain(f"{picture.left_out}; mermaid and dot have them")
    return picture_svg(picture) if is_image else picture_text(picture, colour=_has_colours())


def fitted(process: Drawable, *, zoom: str, direction: str, width: int, ascii_only: bool = False) -> Picture:
    """Draw a process for a width in columns, which the picture overflows only where it must.

    Args:
        process: What to draw.
        zoom: `chips`, `boxes`, `full`, or `fit` for the most that fits.
        direction: `down`, `right`, or `fit` for what fits better.
        width: Columns there are.
        ascii_only: Whether nothing but ASCII may be used.
    """

    @cache
    def drawn(view: FittedView) -> Picture:
        return draw(
            process.nodes,
            process.edges,
            zoom=view.zoom if zoom == "fit" else zoom,
            direction=view.direction if direction == "fit" else direction,
            label_cells=view.label_cells,
            ascii=ascii_only,
        )

    if zoom == "fit":
        size = max(len(process.nodes), len(process.edges) // ROUTES_A_STEP)
        return drawn(best_fit(drawn, size, width, _ROWS))
    return _least(drawn, Zoom(zoom), direction, width, is_large=max(len(process.nodes), len(process.edges)) > _LARGE)


def _least(
    drawn: Callable[[FittedView], Picture], zoom: Zoom, direction: str, width: int, *, is_large: bool
) -> Picture:
    """Draw at one zoom: the first way that fits, else the narrowest; of a large process, which takes long, just one."""
    directions = tuple(Direction) if direction == "fit" else (Direction(direction),)
    pictures = []
    for cells in (NARROW,) if is_large else (LABEL_CELLS, NARROW):
        for way in directions[:1] if is_large else directions:
            picture = drawn(FittedView(zoom, way, cells))
            if picture.width <= width:
                return picture
            pictures.append(picture)
    return min(pictures, key=lambda picture: picture.width)


def _columns() -> int:
    return shutil.get_terminal_size((_PIPED, 24)).columns if sys.stdout.isatty() else _PIPED


def _has_colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
