"""What the timeline needs to know of a run file: its rows, by place and by seq, and what led to what."""

from collections.abc import Sequence
from typing import Any, Protocol

from process_core.runfile import Filter


class EventRow(Protocol):
    """One recorded workflow event, without its payload; a row of a run file is one."""

    @property
    def seq(self) -> int:
        """Place in the run, gapless from 1."""

    @property
    def type(self) -> str:
        """Type of the event."""

    @property
    def timestamp(self) -> float:
        """Seconds since the epoch."""

    @property
    def superstep(self) -> int:
        """Superstep of the process it is about."""

    @property
    def path(self) -> str:
        """Path of the step or process it is about."""

    @property
    def step(self) -> str | None:
        """Name of the step, or None where it is about a process."""

    @property
    def function(self) -> str | None:
        """Name of the function."""

    @property
    def event_id(self) -> str | None:
        """Id of the process event."""

    @property
    def state(self) -> Any:
        """State of the run, for `status`."""

    @property
    def causes(self) -> tuple[int, ...]:
        """Seqs of the events that led to this one."""

    @property
    def route(self) -> str | None:
        """Id of the route."""

    @property
    def code(self) -> str | None:
        """Code of a warning or failure."""

    @property
    def details(self) -> Any:
        """Where the details are."""

    @property
    def preview(self) -> str:
        """The payload, in one bounded line."""


class Matches(Protocol):
    """The seqs of the rows that a filter leaves, as far as the file was looked through."""

    @property
    def seqs(self) -> Sequence[int]:
        """The seqs so far, rising."""

    @property
    def scanned(self) -> int:
        """Seq of the last row looked at."""

    @property
    def overworked(self) -> int:
        """How often an event was left out, since its payload makes the filter work too much."""

    def advance(self, seconds: float | None = None) -> bool:
        """Look on for a while; return whether everything was looked at."""


class TimelineSource(Protocol):
    """Where rows are read; a run file is one."""

    def page(self, start_index: int, limit: int) -> Sequence[EventRow]:
        """Return rows by place, from 0."""

    def row(self, seq: int) -> EventRow:
        """Return one row."""

    def effects(self, seq: int, limit: int) -> Sequence[EventRow]:
        """Return the rows that an event led to."""

    def view(self, chosen: Filter) -> Matches:
        """Return the list that a filter leaves."""

    def payload_text(self, ref: Any, limit: int) -> tuple[str, int]:
        """Return the beginning of a payload as JSON text, and the size of the whole."""
