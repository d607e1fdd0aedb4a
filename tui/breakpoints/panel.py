"""Where the run is to stop: every breakpoint with its count, and what keeps it from stopping anything."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from process_core.session.protocol.breakpoints import BreakpointSpec
from tui.text.safe_text import safe
from tui.widgets.row_list import Cells, RowList

_NAME = 80
_BEFORE = 3
_EMPTY = ("no breakpoints", "b on an event or a step sets one", "or :break EVENT_ID")


def place_text(spec: BreakpointSpec) -> str:
    """Say where a breakpoint is.

    Args:
        spec: Which.

    Returns:
        `UserInputReceived`, `step outer/*`, `error ValueError` and the like, safe.
    """
    words: list[str] = [spec.kind] if spec.kind != "event" else []
    if spec.code is not None:
        words[-1:] = [f"{spec.kind} {safe(spec.code, _NAME)}"]
    if spec.event is not None:
        words.append(safe(spec.event, _NAME))
    if spec.step is not None:
        words.append(f"step {safe(spec.step, _NAME)}")
    if spec.function is not None:
        words.append(f"function {safe(spec.function, _NAME)}")
    if spec.route is not None:
        words.append(f"route {safe(spec.route, _NAME)}")
    return " · ".join(words) or "everything"


def line_of(spec: BreakpointSpec, *, hit: bool, muted: bool = False) -> Cells:
    """Write a breakpoint as one line.

    Args:
        spec: Which.
        hit: Whether the run is paused at it.
        muted: Whether no breakpoint stops the run now.

    Returns:
        Its mark (`●` stops, `◆` logs, `◌` matches nothing, `○` is off, `⊘` is muted), number, what keeps it from
        stopping, its place, conditions and count.
    """
    counts = spec.enabled and spec.bound
    if not spec.enabled:
        mark, tone, reason = "○", "quiet", "off"
    elif not spec.bound:
        mark, tone, reason = "◌", "warn", safe(spec.problem or "matches nothing in this process", _NAME)
    elif muted:
        mark, tone, reason = "⊘", "quiet", "muted"
    else:
        mark, tone, reason = ("◆" if spec.log else "●"), "bad", safe(spec.problem, _NAME) if spec.problem else ""
    cells: list[tuple[str, str]] = [
        ("▸" if hit else " ", "accent"),
        (f"{mark} ", tone),
        (f"{spec.id if spec.id is not None else '?':>2} ", "quiet"),
    ]
    if reason:
        cells.append((f"{reason} · ", "warn"))
    cells.append((place_text(spec), "strong" if counts else "quiet"))
    if spec.when != "before":
        cells.append((f" {spec.when}", "text"))
    if spec.hits:
        cells.append((f" hits {safe(spec.hits, _NAME)}", "text"))
    if spec.once:
        cells.append((" once", "text"))
    if spec.condition:
        cells.append((f" if {safe(spec.condition, _NAME)}", "text"))
    if spec.log:
        cells.append((f" logs {safe(spec.log, _NAME)}", "text"))
    times = "time" if spec.hit_count == 1 else "times"
    cells.append((f"  hit {spec.hit_count} {times}" if spec.hit_count else "  not hit", "quiet"))
    return tuple(cells)


class BreakpointsPanel(Vertical):
    """The list of breakpoints, and below it the whole of the selected one where its line is cut."""

    DEFAULT_CSS = """
    BreakpointsPanel > #whole { height: auto; max-height: 8; display: none; color: $foreground; background: $panel; }
    BreakpointsPanel > #whole.cut { display: block; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._specs: Sequence[BreakpointSpec] = ()
        self._hit: int | None = None
        self.rows = RowList(*_EMPTY)
        self._whole = Static(id="whole", markup=False)

    def compose(self) -> ComposeResult:
        """Build the parts; Textual calls this."""
        yield self.rows
        yield self._whole

    def on_resize(self) -> None:
        """See anew what is cut."""
        self._show_whole()

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._show_whole()

    def _show_whole(self) -> None:
        spec = self.selected
        text = "" if spec is None else "".join(text for text, _ in line_of(spec, hit=False)).strip()
        # A cell for the cursor, and two for the mark of the one that was hit, stand before it.
        is_cut = 0 < self.rows.size.width < cell_len(text) + _BEFORE
        if is_cut:
            self._whole.update(Content(text))
        self._whole.set_class(is_cut, "cut")

    def show(self, specs: Sequence[BreakpointSpec], hit: int | None, *, muted: bool = False) -> None:
        """Show breakpoints.

        Args:
            specs: All of them.
            hit: Number of the one the run is paused at.
            muted: Whether none of them stops the run now.
        """
        self._specs = specs
        self.rows.set_lines([line_of(spec, hit=hit is not None and spec.id == hit, muted=muted) for spec in specs])
        if hit is not None and hit != self._hit:
            at = next((at for at, spec in enumerate(specs) if spec.id == hit), None)
            if at is not None:
                self.rows.move_to(at)
        self._hit = hit
        self._show_whole()

    @property
    def selected(self) -> BreakpointSpec | None:
        """The breakpoint under the cursor."""
        at = self.rows.cursor
        return self._specs[at] if at is not None and at < len(self._specs) else None
