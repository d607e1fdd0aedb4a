"""Keeps a fault of one widget to that widget: it shows a line that says so, and everything else goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tui.text.safe_text import clip

_STYLE = Style(color="red", bold=True)


class FaultApp(Protocol):
    """The app, as far as a boundary needs to know it."""

    def note_fault(self, where: str, error: BaseException) -> str:
        """Note a fault and show it if it is new; return its line."""
        ...


class FaultBoundary(MessagePump):
    """What a widget or screen has first among its bases, so that what it raises ends nothing.

    Textual ends the app at the first exception of any widget, and prints the values of all variables then.
    """

    async def _dispatch_message(self, message: Message) -> None:
        await guarded_dispatch(self, super()._dispatch_message, message)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw; Textual calls this."""
        assert isinstance(self, Widget)
        return guarded_lines(self, super().render_lines, crop)  # type: ignore[misc]  # the widget's own


async def guarded_dispatch(pump: MessagePump, dispatch: Callable[[Message], Awaitable[None]], message: Message) -> None:
    """Dispatch a message; note what its handlers raise."""
    try:
        await dispatch(message)
    except asyncio.CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault of ours, and must not end the screen
        note_fault(pump, f"{name_of(pump)}, {type(message).__name__}", error)


def guarded_lines(widget: Widget, render: Callable[[Region], list[Strip]], crop: Region) -> list[Strip]:
    """Return the lines of a widget; where they cannot be drawn, or an update failed, a line that says so."""
    try:
        strips = render(crop)
    except Exception as error:  # noqa: BLE001 - as above
        fault = note_fault(widget, f"{name_of(widget)}, drawing", error)
        strips = [Strip.blank(crop.width) for _ in range(crop.height)]
    else:
        fault = getattr(widget, "fault", "")
    if fault and crop.y <= 0 < crop.y + crop.height and strips:
        line = Strip([Segment(f"✗ {clip(fault, max(1, widget.size.width - 2))}", _STYLE)])
        width = max(widget.size.width, crop.right)
        strips[-crop.y] = line.adjust_cell_length(width).crop(crop.x, crop.right)
    return strips


def note_fault(pump: MessagePump, where: str, error: BaseException) -> str:
    """Note a fault where there is an app that does; raise it in any other."""
    app: Any = pump.app
    if not hasattr(app, "note_fault"):
        raise error
    return str(app.note_fault(where, error))


def name_of(pump: MessagePump) -> str:
    """Return what a person calls a widget: by the panel that it is in, or the page that it is."""
    node: Any = pump
    while node is not None and not getattr(node, "id", None):
        node = node.parent if isinstance(node, Widget) and not isinstance(node, Screen) else None
    if node is not None and node.id != "_default":
        return f"the {node.id}"
    name = type(pump).__name__.removesuffix("Screen")
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    return f"the {words}"
