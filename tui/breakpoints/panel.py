"""The breakpoints: each with its place, conditions and count, and what keeps it from pausing the run."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from process_core.session.protocol.breakpoints import BreakpointSpec
from tui.moment import Moment
from tui.text.safe_text import NAME, safe
from tui.text.spans import Span, Spans, Tone, text_of
from tui.widgets.cursor_list import RowList
from tui.widgets.fault_boundary import FaultBoundary

_BEFORE = 3
_EMPTY = ("no breakpoints", "b on an event or a step sets one", "or :break EVENT_ID")


def place_text(spec: BreakpointSpec) -> str:
    """Return where a breakpoint is, safe: `UserInputReceived`, `step outer/*`, `error ValueError` and the like."""
    if spec.kind == "state":
        path = spec.state or ""
        return safe(f"state {spec.step}{'' if path.startswith('[') or not path else '.'}{path}", NAME)
    words: list[str] = [spec.kind] if spec.kind != "event" else []
    if spec.code is not None:
        words[-1:] = [f"{spec.kind} {safe(spec.code, NAME)}"]
    if spec.event is not None:
        words.append(safe(spec.event, NAME))
    if spec.step is not None:
        words.append(f"step {safe(spec.step, NAME)}")
    if spec.function is not None:
        words.append(f"function {safe(spec.function, NAME)}")
    if spec.route is not None:
        words.append(f"route {safe(spec.route, NAME)}")
    return " · ".join(words) or "everything"


def line_of(spec: BreakpointSpec, *, hit: bool, muted: bool = False) -> Spans:
    """Write a breakpoint as one line.

    Its mark (`●` pauses, `◆` logs, `◌` matches nothing, `○` is off, `⊘` is muted), number, what keeps it from pausing,
    its place, conditions and count. `hit`: the run is paused at it; `muted`: no breakpoint pauses the run now.
    """
    counts = spec.enabled and spec.bound
    if not spec.enabled:
        mark, tone, reason = "○", Tone.QUIET, "off"
    elif not spec.bound:
        mark, tone, reason = "◌", Tone.WARN, safe(spec.problem or "matches nothing in this process", NAME)
    elif muted:
        mark, tone, reason = "⊘", Tone.QUIET, "muted"
    else:
        mark, tone, reason = ("◆" if spec.log else "●"), Tone.STOP, safe(spec.problem, NAME) if spec.problem else ""
    times = "time" if spec.hit_count == 1 else "times"
    spans = (
        Span("▸" if hit else " ", Tone.ACCENT),
        Span(f"{mark} ", tone),
        Span(f"{spec.id if spec.id is not None else '?':>2} ", Tone.QUIET),
        Span(f"{reason} · " if reason else "", Tone.WARN),
        Span(place_text(spec), Tone.STRONG if counts else Tone.QUIET),
        Span(f" {spec.when}" if spec.when != "before" else ""),
        Span(f" hits {safe(spec.hits, NAME)}" if spec.hits else ""),
        Span(" once" if spec.once else ""),
        Span(f" if {safe(spec.condition, NAME)}" if spec.condition else ""),
        Span(f" logs {safe(spec.log, NAME)}" if spec.log else ""),
        Span(f"  hit {spec.hit_count} {times}" if spec.hit_count else "  not hit", Tone.QUIET),
    )
    return tuple(span for span in spans if span.text)


class BreakpointsPanel(FaultBoundary, Vertical):
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
        """Update what is cut."""
        self._show_whole()

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._show_whole()

    def _show_whole(self) -> None:
        spec = self.selected
        text = "" if spec is None else text_of(line_of(spec, hit=False)).strip()
        # A cell for the cursor, and two for the mark of the one that was hit, stand before it.
        is_cut = 0 < self.rows.size.width < cell_len(text) + _BEFORE
        if is_cut:
            self._whole.update(Content(text))
        self._whole.set_class(is_cut, "cut")

    def show(self, moment: Moment) -> None:
        """Show the breakpoints, with the hits they had by then."""
        status = moment.status
        specs, hit = status.breakpoints, status.paused.breakpoint if status.paused else None
        self._specs = specs
        self.rows.set_lines(
            [line_of(spec, hit=hit is not None and spec.id == hit, muted=status.muted) for spec in specs]
        )
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
