"""The inspector of a recorded run: the page of an event also shows its step's state as it was then."""

from collections.abc import Mapping
from typing import Any, Final

from process_core.runfile import RunFileError
from tui.inspector.outline import Item, section
from tui.inspector.panel import InspectorPanel
from tui.inspector.step_page import StepFacts, read_states, state_item
from tui.inspector.values import Payload, value_item
from tui.recorded.run_at_event import RunAtEvent
from tui.text.safe_text import safe
from tui.text.spans import Span, Tone

_BEFORE: Final = "Causes"
"""The entry that the state stands before."""


class RecordedInspector(InspectorPanel):
    """Shows one event or one step of a recorded run."""

    def event_items(self, run_file: Any, row: Any, whole: Mapping[str, Payload]) -> list[Item]:
        """Make the page of an event.

        Args:
            run_file: The run file it is in.
            row: Its row there.
            whole: Payloads that were loaded whole, by section.

        Returns:
            The entries of the page.
        """
        items = super().event_items(run_file, row, whole)
        state = _state_then(run_file, row)
        if state is not None:
            place = next((n for n, item in enumerate(items) if item.key == _BEFORE), len(items))
            items.insert(place, state)
        return items


class MomentInspector(RecordedInspector):
    """Shows one event or one step of a run of our own, as it is recorded, or as it was at a moment of its past."""

    def event_items(self, run_file: Any, row: Any, whole: Mapping[str, Payload]) -> list[Item]:
        """Make the page of an event; of the past, with the state of its step.

        Args:
            run_file: The run file it is in, or that as of a moment.
            row: Its row there.
            whole: Payloads that were loaded whole, by section.

        Returns:
            The entries of the page.
        """
        if isinstance(run_file, RunAtEvent):
            return super().event_items(run_file.whole, row, whole)
        return InspectorPanel.event_items(self, run_file, row, whole)


def _state_then(run_file: Any, row: Any) -> Item | None:
    """Give the state of the event's step; where it is about a process, those of all steps."""
    try:
        if not row.path:
            return _all_states(run_file, row.seq)
        if not run_file.state_history(row.path, 1):
            return None
        history, previous = read_states(RunAtEvent(run_file, row.seq), row.path, row.seq)
    except RunFileError as error:
        return Item("State", (Span("State", Tone.SECTION), Span(f"  {safe(error.reason, 200)}", Tone.FAIL)))
    return state_item(StepFacts(history=history, previous=previous))


def _all_states(run_file: Any, seq: int) -> Item | None:
    states = run_file.state_at(seq)
    if not states:
        return None

    def entries() -> list[Item]:
        return [value_item(path, states[path], label=safe(path, 120)) for path in sorted(states)]

    return section("States", "States", entries, Span(f"  {len(states):,}", Tone.QUIET))
