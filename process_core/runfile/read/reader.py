"""Reads a run file, also while another process writes it; runs no code of the recorded program."""

from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, Self

from process_core.graph import Edge, Node
from process_core.runfile.errors import RunFileError
from process_core.runfile.query.filtered_rows import FilteredRows
from process_core.runfile.query.filters import Filter
from process_core.runfile.read.causes import Effects, read_links, read_origin
from process_core.runfile.read.connection import Connection
from process_core.runfile.read.history import (
    Checkpoint,
    Snapshot,
    checkpoint_after,
    checkpoint_at,
    read_checkpoints,
    read_extra,
    read_snapshot,
    read_state,
    read_state_history,
    read_states,
)
from process_core.runfile.read.info import RunInfo, read_graph, read_info
from process_core.runfile.read.rows import PayloadRef, Row, read_rows, rows_of
from process_core.runfile.read.run_at_event import KeptCheckpoint, RunAtEvent, nested_superstep_end
from process_core.runfile.read.step_counts import EventTotals, RerunPreview, StepCount, StepCounts, read_totals
from process_core.runfile.read.type_check import check_all

TEXT_LIMIT: Final = 20_000
"""Bytes that `payload_text` returns by default."""

_KEPT_VIEWS = 8
_ROWS_AT_ONCE = 500


class RunFile:
    """One reader of a run file.

    Events are numbered without gaps from 1, so the row at index i of the unfiltered list is event i + 1, and a page
    costs the same wherever it is. Used by one thread at a time; open another for another thread.

    Args:
        path: The file.

    Raises:
        RunFileError: It is missing, damaged, newer than this program, or not a run file.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._connection = Connection(self.path)
        self._views: dict[Filter, FilteredRows] = {}
        self._counts = StepCounts(self._connection)
        self._effects = Effects(self._connection)
        self._kept_checkpoint = KeptCheckpoint()

    def at(self, seq: int | None = None) -> RunAtEvent:
        """Return the run as it stood at an event."""
        return RunAtEvent(self, self._connection, self._kept_checkpoint, seq)

    def close(self) -> None:
        """Close it; harmless the second time."""
        self._views.clear()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def info(self) -> RunInfo:
        """The run at a glance, as it stands now."""
        return read_info(self._connection)

    def check_all(self) -> None:
        """Raise RunFileError unless every row is what a recording may have written; see `type_check`."""
        check_all(self._connection)

    def holding(self) -> AbstractContextManager[None]:
        """Count the memory of all values that are read meanwhile together: the caller keeps them all."""
        return self._connection.holding()

    # --- rows --------------------------------------------------------------------------------------------------------

    def count(self, chosen: Filter | None = None) -> int:
        """Count the events that a filter leaves; the first time a filter looks through the whole file."""
        if chosen is None or chosen.is_empty:
            return self._connection.last_seq()
        view = self.view(chosen)
        view.advance()
        return len(view)

    def page(self, start_index: int, limit: int, chosen: Filter | None = None) -> list[Row]:
        """Return at most `limit` rows from a place, counted from 0, among the events that a filter leaves.

        With a filter the file is looked through up to the last row wanted: a screen uses a `view` and advances it as it
        has time.
        """
        start_index = max(0, start_index)
        if chosen is not None and not chosen.is_empty:
            view = self.view(chosen)
            view.advance(hits=start_index + limit)
            return view.page(start_index, limit)
        return read_rows(self._connection, "e.seq > ? AND e.seq <= ?", (start_index, start_index + max(0, limit)))

    def view(self, chosen: Filter) -> FilteredRows:
        """Return the list that a filter leaves, to be advanced; the same filter has the same, already advanced list."""
        view = self._views.pop(chosen, None)
        if view is None:
            view = FilteredRows(self._connection, chosen)
        self._views[chosen] = view
        while len(self._views) > _KEPT_VIEWS:
            self._views.pop(next(iter(self._views))).drop()
        return view

    def row(self, seq: int) -> Row:
        """Return one row; RunFileError if there is no such event."""
        rows = read_rows(self._connection, "e.seq = ?", (seq,))
        if not rows:
            raise RunFileError(self.path, f"there is no event {seq}; the last is {self.count()}")
        return rows[0]

    def rows(self, seqs: Iterable[int]) -> list[Row]:
        """Return the rows of some events, in order of seq; those that do not exist are left out."""
        wanted = sorted(set(seqs))
        rows: list[Row] = []
        for start in range(0, len(wanted), _ROWS_AT_ONCE):
            rows += rows_of(self._connection, wanted[start : start + _ROWS_AT_ONCE])
        return rows

    # --- causes (see `read.causes` for the walks over them) ----------------------------------------------------------

    def effects(self, seq: int, limit: int = 1000, *, reach: int | None = None) -> list[Row]:
        """Return the rows of what an event led to directly, among the `reach` events after it (None: all of them)."""
        return self.rows(self._effects.of(seq, limit, reach))

    def links(self, first: int, last: int) -> list[tuple[int, int]]:
        """Return pairs of an event and one of its causes, for the events between two seqs, in order."""
        return read_links(self._connection, first, last)

    def nested_superstep_end(self, first: int, last: int, *, backwards: bool) -> int | None:
        """Find where a superstep of a nested process was over, the first between two events, or the last."""
        return nested_superstep_end(self._connection, first, last, backwards=backwards)

    def origin(self, seq: int, limit: int) -> tuple[int, int]:
        """Go back through the last cause of each event, `limit` steps at most; return where that ends and the steps."""
        return read_origin(self._connection, seq, limit)

    def seq_at(self, timestamp: float) -> int:
        """Return the last event at or before a time in seconds since the epoch; 0 if all are later."""
        ts = self._connection.to_ts(timestamp)
        low, high = 0, self.count()
        while low < high:
            middle = (low + high + 1) // 2
            if self._connection.ts_of(middle) <= ts:
                low = middle
            else:
                high = middle - 1
        return low

    def timestamp(self, seq: int) -> float:
        """Return the time of an event in seconds since the epoch."""
        return self._connection.time_of(self._connection.ts_of(seq))

    # --- payloads ----------------------------------------------------------------------------------------------------

    def payload(self, ref: PayloadRef | None) -> Any:
        """Return the value of `Row.data` or `Row.details`, with `Tagged` for what JSON does not know."""
        return None if ref is None else self._connection.decode(self._connection.body(ref))

    def payload_text(self, ref: PayloadRef | None, limit: int = TEXT_LIMIT) -> tuple[str, int]:
        """Return the first `limit` bytes of a payload as JSON text, and the size of the whole in bytes."""
        if ref is None:
            return "null", 4
        if isinstance(ref, str):
            body = ref.encode()
            return body[:limit].decode("utf-8", "ignore"), len(body)
        body, size = self._connection.start_of(ref, limit)
        return body.decode("utf-8", "ignore"), size

    # --- steps -------------------------------------------------------------------------------------------------------

    def step_counts(self, until: int | None = None) -> dict[str, StepCount]:
        """Return what each step did up to an event (None: now); the past costs more, see `StepCounts`."""
        return self._counts.step_counts(until)

    def totals(self, until: int | None = None, after: int = 0) -> list[EventTotals]:
        """Count the events by their names; see `read_totals`."""
        return read_totals(self._connection, until, after)

    def prepare_past(self, seconds: float) -> bool:
        """Work for a while on what makes the counts of the past cheap; see `StepCounts.prepare`."""
        return self._counts.prepare(seconds)

    def last_seqs(self, types: Collection[str], until: int | None = None) -> dict[str, dict[str, int]]:
        """Return the last event of each type about each step, up to an event: path -> type -> seq."""
        return self._counts.last_seqs(types, until)

    def last_rows(self, path: str, types: Collection[str], until: int | None = None) -> dict[str, Row]:
        """Return the last event of each type about a step, up to an event: its last input and output, for one."""
        seqs = self._counts.last_seqs(types, until).get(path, {})
        return {row.type: row for row in rows_of(self._connection, seqs.values())}

    def runs_again(self, superstep: int) -> RerunPreview | None:
        """List the steps that were called after a superstep of the root process."""
        ends = [point for point in self.checkpoints() if point.superstep == superstep]
        if not ends:
            return None
        seq = ends[0].seq
        before, now = self.step_counts(seq), self.step_counts()
        order = {node.path: place for place, node in enumerate(self.graph_at(self.count())[1])}
        calls = []
        for path, count in sorted(now.items(), key=lambda item: order.get(item[0], len(order))):
            then = before.get(path, StepCount())
            times = count.invoked - then.invoked + then.running  # what had not ended begins again
            if path and times:
                calls.append((path, times))
        return RerunPreview(seq, tuple(calls))

    # --- history -----------------------------------------------------------------------------------------------------

    def checkpoints(self) -> list[Checkpoint]:
        """Return the checkpoints, oldest first."""
        return read_checkpoints(self._connection)

    def checkpoint_at(self, seq: int) -> Checkpoint | None:
        """Return the last checkpoint at or before an event."""
        return checkpoint_at(self._connection, seq)

    def checkpoint_after(self, seq: int) -> Checkpoint | None:
        """Return the first checkpoint after an event."""
        return checkpoint_after(self._connection, seq)

    def snapshot(self, checkpoint: Checkpoint | int) -> Snapshot:
        """Return all that a checkpoint, or the one of that id, holds, decoded."""
        return read_snapshot(self._connection, checkpoint if isinstance(checkpoint, int) else checkpoint.id)

    def state_at(self, seq: int) -> dict[str, Any]:
        """Return every step's state at an event, by path; a superstep's changes show from its checkpoint on."""
        return read_states(self._connection, seq)[0]

    def state_of(self, path: str, seq: int) -> tuple[Any, str] | None:
        """Return one step's state at an event and the `Step.version` it was saved under; None if none was saved."""
        return read_state(self._connection, path, seq)

    def extra_at(self, seq: int) -> Any:
        """Return `Snapshot.extra` of the root's checkpoint that ends at an event, without reading the states."""
        return read_extra(self._connection, seq)

    def state_history(self, path: str, limit: int = 100, until: int | None = None) -> list[tuple[int, Any]]:
        """Return the last values of a step's state up to an event, with their seqs, oldest first."""
        return read_state_history(self._connection, path, limit, until)

    def graph_at(self, seq: int) -> tuple[int, tuple[Node, ...], tuple[Edge, ...]]:
        """Return generation of the code, steps and routes in force at an event."""
        return read_graph(self._connection, seq)
