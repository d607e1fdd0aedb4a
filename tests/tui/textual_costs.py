"""Spares the app, in tests, the work whose result nobody sees or that is the same for every app.

An app of a test has no terminal, and hundreds of apps are started in one process. Together this is half of the time
that a test of a screen takes.
"""

import inspect
from collections.abc import Callable, Collection, Iterator
from types import MethodType
from typing import Any
from weakref import WeakKeyDictionary

import textual._callback
import textual.strip
from textual._compositor import Compositor
from textual._context import visible_screen_stack
from textual.cache import LRUCache
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.geometry import Size
from textual.message import Message
from textual.message_pump import MessagePump
from textual.strip import Strip

from process_core.graph import Edge, Node
from tui.graph.render import picture_cache
from tui.graph.render.picture import Picture, draw

_parsed: dict[tuple[tuple[str, str], ...], LRUCache[tuple, list[RuleSet]]] = {}
"""What style sheets came to, by the variables of the theme they were parsed with."""


def share_style_sheets(patch: Callable[[Any, str, Any], None]) -> None:
    """Parse each style sheet once for all apps that have the same colours: the rules do not change once parsed."""
    make, set_variables = Stylesheet.__init__, Stylesheet.set_variables

    def share(sheet: Stylesheet) -> None:
        sheet._parse_cache = _parsed.setdefault(tuple(sorted(sheet._variables.items())), LRUCache(1024))

    def init(sheet: Stylesheet, *, variables: dict[str, str] | None = None) -> None:
        make(sheet, variables=variables)
        share(sheet)

    def set_and_share(sheet: Stylesheet, variables: dict[str, str]) -> None:
        sheet._parse_cache = LRUCache(1)  # it is cleared
        set_variables(sheet, variables)
        share(sheet)

    patch(Stylesheet, "__init__", init)
    patch(Stylesheet, "set_variables", set_and_share)
    patch(RuleSet, "__hash__", object.__hash__)  # as good, and not in Python: it is asked for hundreds of times a node


_handlers: dict[tuple[type, type, str], tuple[tuple[type, Any], ...] | None] = {}
_parameters: WeakKeyDictionary[Any, int] = WeakKeyDictionary()


def find_handlers_once(patch: Callable[[Any, str, Any], None]) -> None:
    """Look once for each kind of widget and message what handles it, and how many parameters a function has."""
    find = MessagePump._get_dispatch_methods

    def look(pump: type, message: type, name: str) -> tuple[tuple[type, Any], ...] | None:
        handlers = []
        for kind in pump.__mro__:
            if vars(kind).get("_decorated_handlers", {}).keys() & set(message.__mro__):
                return None  # a selector may decide each time
            method = vars(kind).get(f"_{name}") or vars(kind).get(name)
            if method is not None and not getattr(method, "_textual_on", None):
                handlers.append((kind, method))
        return tuple(handlers)

    def dispatch_methods(pump: MessagePump, name: str, message: Message) -> Iterator[tuple[type, Any]]:
        key = (type(pump), type(message), name)
        if key not in _handlers:
            _handlers[key] = look(*key)
        handlers = _handlers[key]
        if handlers is None:
            yield from find(pump, name, message)
            return
        for kind, method in handlers:
            if message._no_default_action:
                break
            yield kind, method.__get__(pump, kind)

    def count_parameters(function: Callable[..., Any]) -> int:
        if isinstance(function, MethodType):
            return count_parameters(function.__func__) - 1
        if function not in _parameters:
            _parameters[function] = len(inspect.signature(function).parameters)
        return _parameters[function]

    patch(MessagePump, "_get_dispatch_methods", dispatch_methods)
    patch(textual._callback, "_count_parameters", count_parameters)


class _NoCache(dict[Any, Any]):
    """Keeps nothing."""

    def __setitem__(self, key: Any, value: Any) -> None: ...


def keep_no_parts_of_strips(patch: Callable[[Any, str, Any], None]) -> None:
    """Give strips one empty cache in place of seven of their own: making those takes longer than the strip does."""
    empty = _NoCache()
    patch(textual.strip, "FIFOCache", lambda _: empty)


def draw_when_read(patch: Callable[[Any, str, Any], None]) -> None:
    """Draw the screen when it is read, once for each change: what a refresh draws without a terminal is thrown away."""
    draw, read = Compositor.render_update, Compositor.render_strips
    drawn: WeakKeyDictionary[Compositor, list[Strip]] = WeakKeyDictionary()

    def render_update(
        compositor: Compositor, full: bool = False, screen_stack: list[Any] | None = None, simplify: bool = False
    ) -> Any:
        if full:  # a screenshot
            return draw(compositor, full, screen_stack, simplify)
        visible_screen_stack.set([] if screen_stack is None else screen_stack)
        drawn.pop(compositor, None)
        compositor._dirty_regions.clear()
        return None

    def render_strips(compositor: Compositor, size: Size | None = None) -> list[Strip]:
        if size is not None:
            return read(compositor, size)
        if compositor not in drawn:
            drawn[compositor] = read(compositor)
        return drawn[compositor]

    def forgetting(change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(compositor: Compositor, *args: Any, **options: Any) -> Any:
            drawn.pop(compositor, None)
            return change(compositor, *args, **options)

        return changed

    patch(Compositor, "render_update", render_update)
    patch(Compositor, "render_strips", render_strips)
    for name in ("reflow", "reflow_visible", "update_widgets"):
        patch(Compositor, name, forgetting(getattr(Compositor, name)))


_FEW = 60
_pictures: LRUCache[Any, Picture] = LRUCache(500)


def draw_each_graph_once(patch: Callable[[Any, str, Any], None]) -> None:
    """Share the pictures of small graphs: most tests look at one of a few, and a picture does not change."""

    def draw_once(nodes: Collection[Node], edges: Collection[Edge], **style: Any) -> Picture:
        if len(nodes) + len(edges) > _FEW:
            return draw(nodes, edges, **style)
        key = repr((nodes, edges, style))
        picture = _pictures.get(key)
        if picture is None:
            picture = _pictures[key] = draw(nodes, edges, **style)
        return picture

    patch(picture_cache, "draw", draw_once)
