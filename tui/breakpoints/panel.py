"""Where the run is to stop: every breakpoint with its count, and whether anything can ever match it."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from process_core.session.breakpoint_commands import BreakpointSpec
from tui.rows import Cells, RowList
from tui.safe_text import safe

_NAME = 80
_EMPTY = ("no breakpoints", "b on an event or a step sets one", "or :break EVENT_ID")


def place_text(spec: BreakpointSpec) -> str:
    """Say where a breakpoint is.

    Args:
        spec: Which.

    Returns:
        `UserInputReceived`, `step outer/*` and the like, safe.
    """
    words = []
    if spec.event is not None:
        words.append(safe(spec.event, _NAME))
    if spec.step is not None:
        words.append(f"step {safe(spec.step, _NAME)}")
    if spec.function is not None:
        words.append(f"function {safe(spec.function, _NAME)}")
    if spec.route is not None:
        words.append(f"route {safe(spec.route, _NAME)}")
    return " · ".join(words) or "everything"


def line_of(spec: BreakpointSpec, *, hit: bool) -> Cells:
    """Write a breakpoint as one line.

    Args:
        spec: Which.
        hit: Whether the run is paused at it.

    Returns:
        Its number, state, place, conditions and count.
    """
    mark, tone = ("●", "bad") if spec.enabled and spec.bound else ("○", "quiet")
    cells: list[tuple[str, str]] = [
        ("▸" if hit else " ", "accent"),
        (f"{mark} ", tone),
        (f"{spec.id if spec.id is not None else '?':>2} ", "quiet"),
        (place_text(spec), "strong" if spec.enabled else "quiet"),
    ]
    if spec.when != "before":
        cells.append((f" {spec.when}", "text"))
    if spec.condition:
        cells.append((f" when {safe(spec.condition, _NAME)}", "text"))
    if spec.hits:
        cells.append((f" hits {safe(spec.hits, _NAME)}", "text"))
    if spec.log:
        cells.append((f" logs {safe(spec.log, _NAME)}", "text"))
    if spec.once:
        cells.append((" once", "text"))
    times = "time" if spec.hit_count == 1 else "times"
    cells.append((f"  hit {spec.hit_count} {times}" if spec.hit_count else "  not hit", "quiet"))
    if not spec.enabled:
        cells.append((" · off", "warn"))
    if spec.problem:
        cells.append((f" · {safe(spec.problem, _NAME)}", "warn"))
    elif not spec.bound:
        cells.append((" · matches nothing in this process", "warn"))
    return tuple(cells)


class BreakpointsPanel(Vertical):
    """The list of breakpoints."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._specs: Sequence[BreakpointSpec] = ()
        self.rows = RowList(*_EMPTY)

    def compose(self) -> ComposeResult:
        """Build the parts; Textual calls this."""
        yield self.rows

    def show(self, specs: Sequence[BreakpointSpec], hit: int | None) -> None:
        """Show breakpoints.

        Args:
            specs: All of them.
            hit: Number of the one the run is paused at.
        """
        self._specs = specs
        self.rows.set_lines([line_of(spec, hit=hit is not None and spec.id == hit) for spec in specs])

    @property
    def selected(self) -> BreakpointSpec | None:
        """The breakpoint under the cursor."""
        at = self.rows.cursor
        return self._specs[at] if at is not None and at < len(self._specs) else None
