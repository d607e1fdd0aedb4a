"""A point of a recorded run from which it can go on."""

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from process_core.engine.checkpoint import load_checkpoint
from process_core.engine.compiled import CompiledProcess
from process_core.engine.hot_swap import SwapResult, warn_undeliverable
from process_core.engine.records import RunRecord
from process_core.errors import ProcessError
from process_core.events import ProcessEvent, RunState, WorkflowEvent
from process_core.graph import Edge, Graph, Node
from process_core.resume.edited_queues import EditedQueues
from process_core.resume.edits import EditError, Edits
from process_core.resume.errors import ResumeError, StateMismatchError, ValueMismatchError
from process_core.resume.journal import CHOICES, RESUMED, Journal, LostValue
from process_core.resume.journal_host import JournalHost
from process_core.resume.output_log import read_outputs
from process_core.resume.reconstruct import NotRestorableError, Reconstructor
from process_core.resume.recorded_graph import differences, needs_swap, recorded_graph
from process_core.resume.recorded_values import RecordedValues
from process_core.resume.state_reader import StateReader
from process_core.runfile import Checkpoint, RunFile, RunInfo
from process_core.suggestions import did_you_mean

_LAST = 2**62
_MOST_CHANGES = 50
_NO_EDITS = Edits()


@dataclass(slots=True)
class ResumePoint:
    """A point of a recorded run.

    Attributes:
        info: The run.
        checkpoint: The checkpoint.
        blob: Where it stood.
        states: State by path.
        journal: What was recorded after it, for going on in the same file; None for a fork.
        outputs: What steps had yielded by then.
        public_events: The public events that had left the root by then.
        changes: How the process differs from the one that was recorded, a line each.
        recorded: The recorded process, where what is on its way has to be moved from it.
        reset: Paths of the steps whose recorded state is left aside.
        edits: What was chosen for values on their way.
        dropped: Those that the run goes on without, each with why.
        replaced: Those that it goes on with others for.
        swap: What came of moving it.
    """

    info: RunInfo
    checkpoint: Checkpoint
    blob: dict[str, Any]
    states: dict[str, Any]
    journal: Journal | None
    outputs: list[Any] = field(default_factory=list)
    public_events: list[ProcessEvent] = field(default_factory=list)
    changes: Sequence[str] = ()
    recorded: CompiledProcess | None = None
    reset: Sequence[str] = ()
    edits: Edits = field(default_factory=Edits)
    dropped: Sequence[str] = ()
    replaced: Sequence[str] = ()
    swap: SwapResult | None = None

    @property
    def is_changed(self) -> bool:
        """Whether the run goes on with other steps or routes than it was recorded with."""
        return bool(self.changes)

    @property
    def run_id(self) -> str | None:
        """Id of the run, where it goes further in its own file; None for a fork."""
        return self.info.run_id if self.journal is not None else None

    def resume(self, run: RunRecord) -> None:
        """Make a new run, not launched yet, begin at this point.

        Raises:
            ResumeError: What the file says of where the run was makes no sense.
        """
        journal = self.journal
        try:
            self.swap = load_checkpoint(run, self.blob, self.recorded)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise ResumeError(
                f"cannot resume {self.info.path}: its last checkpoint makes no sense: {error!r}"
            ) from error
        run.outputs.extend(self.outputs)
        run.public_events.extend(self.public_events)
        if journal is not None:
            run.asked = max(run.asked, journal.asked)  # an id that was shown once belongs to no other question
            run.awaited |= journal.open_questions() - set(run.early_answers)
            run.host = JournalHost(run.host, journal)
            EditedQueues(journal.queues).attach(run)

    def resumed(self, run: RunRecord) -> None:
        """Warn of what the new code has no place for."""
        if self.swap is not None:
            warn_undeliverable(run, self.swap.undeliverable)

    def event(self) -> WorkflowEvent:
        """Make the event that records from where the run is resumed."""
        code = RESUMED if self.journal is not None else "forked"
        what = "goes on" if self.journal is not None else f"forked from run {self.info.run_id}"
        if self.changes:
            what += " with changed code"
        what += f" after superstep {self.checkpoint.superstep}"
        if self.dropped:
            what += f", without {'; '.join(self.dropped)}"
        chosen = {"drop": list(self.edits.dropped), "payloads": [list(pair) for pair in self.edits.payloads.items()]}
        return WorkflowEvent(
            "resumed",
            what,
            {
                "code": code,
                "run": self.info.run_id,
                "superstep": self.checkpoint.superstep,
                "seq": self.checkpoint.seq,
                **({"changes": list(self.changes)[:_MOST_CHANGES]} if self.changes else {}),
                **({"reset": list(self.reset)} if self.reset else {}),
                **({"dropped": list(self.dropped)} if self.dropped else {}),
                **({"replaced": list(self.replaced)} if self.replaced else {}),
                **({CHOICES: chosen} if self.journal is not None and any(chosen.values()) else {}),
            },
            superstep=self.checkpoint.superstep,
        )


def fork_path(path: Path, superstep: int) -> Path:
    """Return a path for a fork, beside its parent, at which there is nothing yet."""
    for number in itertools.count(1):
        candidate = path.with_name(f"{path.stem}-from-{superstep}{f'-{number}' if number > 1 else ''}{path.suffix}")
        if not candidate.exists():
            return candidate
    raise AssertionError("there is always another number")


def load_point(
    path: str | Path,
    graph: Graph,
    superstep: int | None = None,
    *,
    fork: bool = False,
    edits: Edits = _NO_EDITS,
    reset: bool | Collection[str] = (),
    has_ended: bool = False,
) -> ResumePoint:
    """Read a point of a run.

    Args:
        path: The run file.
        graph: The process that is to go on. Where its steps and routes are others than those recorded, what was on its
            way is put onto them as a hot reload would.
        superstep: After which superstep of the root; None takes the last checkpoint.
        fork: Whether to leave aside what was recorded afterwards; so it is at any point but the last, too, and at the
            last one of a run that was stopped or is still going on, where it is named.
        edits: What is changed there; the states of it are only left out here, and made through `initial_states`. In its
            own file, where what happened stays as it was, only what cannot be made live again is changed.
        reset: Paths of steps that begin with a new state; True for every one whose recorded state does not fit.
        has_ended: Whether the run is known to be over, though whoever recorded it still holds its file.

    Returns:
        The point, its values made live again.

    Raises:
        RunFileError: The file cannot be read.
        StateMismatchError: States do not fit, and are not reset.
        ValueMismatchError: Values on their way cannot be made again, and are neither dropped nor replaced.
        EditError: An edit makes no sense at this point.
        ResumeError: The run has ended for good, or a value cannot be made again.
    """
    _check_steps(reset, graph)
    with RunFile(path) as file, file.holding():
        file.check_all()
        try:
            return _read_point(file, graph, superstep, fork=fork, edits=edits, reset=reset, has_ended=has_ended)
        except ProcessError:
            raise
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise ResumeError(f"cannot resume {path}: what it holds makes no sense: {error!r:.200}") from error


def _read_point(
    file: RunFile,
    graph: Graph,
    superstep: int | None,
    *,
    fork: bool,
    edits: Edits,
    reset: bool | Collection[str],
    has_ended: bool,
) -> ResumePoint:
    path = file.path
    info = file.info
    is_live = info.is_live and not has_ended
    if superstep is None and not fork:
        _check_can_go_on(info, is_live=is_live)
    chosen, is_last = _choose(file, superstep)
    is_fork = fork or not is_last
    if superstep is not None and (is_live or info.state is RunState.STOPPED):
        is_fork = True
    if not is_fork:
        _check_can_go_on(info, is_live=is_live)
    _, nodes, edges = file.graph_at(chosen.seq)
    changes = differences(nodes, edges, graph)
    recorded = _compiled(path, graph.name, nodes, edges) if changes and needs_swap(nodes, edges, graph) else None
    reconstructor = Reconstructor(graph)
    states = StateReader(graph, reconstructor)
    snapshot = file.snapshot(chosen)
    before = f"cannot resume {path} after superstep {chosen.superstep}"
    try:
        values = RecordedValues(snapshot.extra, reconstructor)
        journal = None
        if not is_fork:
            journal = Journal(file, chosen.seq, graph, reconstructor, states, values=len(values), inputs=values.inputs)
        made = _choose_values(values, journal, edits, before)
        blob = values.revive(made.edits)
    except NotRestorableError as error:
        raise ResumeError(f"{before}: {error}") from error
    if not isinstance(blob, dict) or not isinstance(blob.get("root"), dict):
        raise ResumeError(f"{path} was recorded without what is needed to go on")
    _put_inputs(blob, values.inputs, edits, journal)
    if is_fork:
        blob["root"].pop("stopped", None)
    recorded_states = _States(states, snapshot.states, snapshot.versions, journal, frozenset(edits.states))
    try:
        live, chosen_resets = recorded_states.read(reset)
    except StateMismatchError as error:
        raise StateMismatchError(error.reports, before) from error
    outputs, events = read_outputs(file, chosen.seq, reconstructor)
    return ResumePoint(
        info,
        chosen,
        blob,
        live,
        journal,
        outputs,
        events,
        changes,
        recorded,
        chosen_resets,
        made.edits,
        made.dropped,
        made.replaced,
    )


@dataclass(frozen=True, slots=True)
class _States:
    """The states of a point: at its checkpoint, and as they were changed by hand after it."""

    reader: StateReader
    recorded: dict[str, Any]
    versions: dict[str, str]
    journal: Journal | None
    new: frozenset[str]

    def read(self, reset: bool | Collection[str]) -> tuple[dict[str, Any], list[str]]:
        """Return the states by path, without those that are reset, and which these are."""
        resets = set() if isinstance(reset, bool) else set(reset)
        try:
            return self._read(resets), sorted(resets)
        except StateMismatchError as error:
            if reset is not True:
                raise
            resets |= error.reports.keys()
        return self._read(resets), sorted(resets)

    def _read(self, resets: Collection[str]) -> dict[str, Any]:
        journal = self.journal
        left_out = self.new | set(resets)
        if journal is not None:
            for path in resets:
                journal.reset(path)
            left_out |= journal.resets
        reports = dict(journal.unfit) if journal is not None else {}
        live: dict[str, Any] = {}
        wanted = {path: state for path, state in self.recorded.items() if path not in left_out}
        try:
            live = self.reader.all(wanted, self.versions)
        except StateMismatchError as error:
            reports |= error.reports
        if reports:
            raise StateMismatchError(reports)
        if journal is not None:
            live |= {path: state for path, state in journal.edited.items() if path not in self.new}
        return live


def _check_steps(reset: bool | Collection[str], graph: Graph) -> None:
    stateful = dict(graph.stateful())
    for path in () if isinstance(reset, bool) else reset:
        if path not in stateful and "[" not in path:
            raise ResumeError(f"reset: no step with state at {path!r} ({did_you_mean(path, stateful)})")


def _compiled(path: str | Path, name: str, nodes: Sequence[Node], edges: Sequence[Edge]) -> CompiledProcess:
    try:
        return CompiledProcess(recorded_graph(name, nodes, edges))
    except (LookupError, ValueError, TypeError, RecursionError) as error:
        raise ResumeError(f"cannot resume {path}: its steps and routes make no sense: {error!r}") from error


@dataclass(frozen=True, slots=True)
class _ChosenValues:
    """What is done with the values of a point: the edits, all numbers named, and what is dropped and replaced."""

    edits: Edits
    dropped: Sequence[str]
    replaced: Sequence[str]


def _choose_values(values: RecordedValues, journal: Journal | None, edits: Edits, before: str) -> _ChosenValues:
    """Return what is done with values that do not fit, and those that are changed in a fork.

    Raises:
        ValueMismatchError: Some do not fit, and nothing was chosen for them.
        EditError: A number is of no value, or in the run's own file of one that fits.
    """
    unfit = values.unfit()
    chosen = edits
    if journal is not None:
        journal.read_choices()
        chosen = edits.after(journal.choices)
        unfit |= journal.read(chosen).unfit_values
        for number in sorted({*edits.payloads, *edits.dropped} - unfit.keys()):
            raise EditError(
                f"{number}, {values.name(number)}, fits; fork the run to change it, or resume it paused and edit it"
            )
    else:
        chosen.check_numbers(len(values))
    if edits.drop is True:
        chosen = chosen.dropping({*chosen.dropped, *unfit})
    settled = {*chosen.payloads, *chosen.dropped}
    if journal is not None:
        settled = {*chosen.payloads} - journal.only_dropped | {*chosen.dropped} - journal.only_replaced
    if left := {number: report for number, report in unfit.items() if number not in settled}:
        raise ValueMismatchError(left, before)
    if journal is not None:
        journal.leave_out()
    names = {number: unfit.get(number) or values.name(number) for number in (*chosen.dropped, *chosen.payloads)}
    return _ChosenValues(chosen, [names[n] for n in chosen.dropped], [names[n] for n in chosen.payloads])


def _put_inputs(blob: dict[str, Any], known: int, edits: Edits, journal: Journal | None) -> None:
    """Add the outside events that came after the checkpoint, or that a fork is to be sent."""
    inputs = edits.inject if journal is None else journal.inputs[known:]
    blob["inputs"] += [
        {"event": event_id, "data": data} for event_id, data in inputs if not isinstance(data, LostValue)
    ]


def _choose(file: RunFile, superstep: int | None) -> tuple[Checkpoint, bool]:
    """Return the checkpoint that is meant, and whether it is the last one."""
    last = file.checkpoint_at(_LAST)
    if superstep is None and last is not None:
        return last, True
    points = file.checkpoints()
    after_it = [c for c in points if c.superstep == superstep]
    if after_it:
        return after_it[-1], after_it[-1] is points[-1]
    if points:
        raise ResumeError(
            f"{file.path} holds no checkpoint after superstep {superstep};"
            f" there are checkpoints after supersteps {points[0].superstep} to {points[-1].superstep}"
        )
    raise ResumeError(f"{file.path} holds no checkpoint: the run was cut off before it began; start it again")


def _check_can_go_on(info: RunInfo, *, is_live: bool) -> None:
    if is_live:
        raise ResumeError(
            f"cannot resume {info.path}: the run is still going on; end it first, or fork it from a superstep"
        )
    if info.state is RunState.STOPPED:
        raise ResumeError(f"cannot resume {info.path}: the run was stopped; fork it from an earlier superstep")
