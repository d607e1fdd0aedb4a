"""A point of a recorded run from which it can go on."""

import contextlib
import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from process_core.engine.checkpoint import load_checkpoint
from process_core.engine.compiled import CompiledProcess
from process_core.engine.hot_swap import SwapResult, warn_undeliverable
from process_core.engine.records import RunRecord
from process_core.events import ProcessEvent, RunState, WorkflowEvent
from process_core.graph import Edge, Graph, Node
from process_core.resume.edited_queues import EditedQueues
from process_core.resume.edits import Edits
from process_core.resume.errors import ResumeError, StateMismatchError
from process_core.resume.journal import RESUMED, Journal
from process_core.resume.journal_host import JournalHost
from process_core.resume.output_log import read_outputs
from process_core.resume.reconstruct import NotRestorableError, Reconstructor, losses
from process_core.resume.recorded_graph import differences, needs_swap, recorded_graph
from process_core.resume.state_reader import StateReader
from process_core.runfile import Checkpoint, RunFile, RunInfo
from process_core.runfile.codec.decode import is_secret
from process_core.suggestions import did_you_mean

_LAST = 2**62
_MOST_CHANGES = 50
_LOST_ON_ITS_WAY = "fork with another payload for that message, or without it, or from an earlier superstep"


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
    swap: SwapResult | None = None

    @property
    def is_changed(self) -> bool:
        """Whether the run goes on with other steps or routes than it was recorded with."""
        return bool(self.changes)

    def edited(self, edits: Edits) -> "ResumePoint":
        """Change the point before a run goes on from it.

        Args:
            edits: The changes; those to states are made through `initial_states`.

        Raises:
            EditError: A number is out of range.
        """
        root = self.blob["root"]
        root["pending"] = edits.apply(root["pending"])
        self.blob["inputs"] += [{"event": event_id, "data": data} for event_id, data in edits.inject]
        return self

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
        if journal is not None:
            taken = len(self.blob["inputs"])
            self.blob["inputs"] += [{"event": event_id, "data": data} for event_id, data in journal.inputs[taken:]]
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
        return WorkflowEvent(
            "resumed",
            f"{what} after superstep {self.checkpoint.superstep}",
            {
                "code": code,
                "run": self.info.run_id,
                "superstep": self.checkpoint.superstep,
                "seq": self.checkpoint.seq,
                **({"changes": list(self.changes)[:_MOST_CHANGES]} if self.changes else {}),
                **({"reset": list(self.reset)} if self.reset else {}),
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
    new_states: Collection[str] = (),
    new_payloads: Collection[int] = (),
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
        new_states: Paths of steps whose recorded states are not wanted.
        new_payloads: Numbers of pending messages whose recorded payloads are not wanted.
        reset: Paths of steps that begin with a new state; True for every one whose recorded state does not fit.
        has_ended: Whether the run is known to be over, though whoever recorded it still holds its file.

    Returns:
        The point, its values made live again.

    Raises:
        RunFileError: The file cannot be read.
        StateMismatchError: States do not fit, and are not reset.
        ResumeError: The run has ended for good, or a value cannot be made again.
    """
    _check_steps(reset, graph)
    with RunFile(path) as file:
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
        try:
            blob = _revived(snapshot.extra, reconstructor, new_payloads)
            journal = None if is_fork else Journal(file, chosen.seq, graph, reconstructor, states).read()
        except NotRestorableError as error:
            raise ResumeError(f"cannot resume {path} after superstep {chosen.superstep}: {error}") from error
        if not isinstance(blob, dict) or not isinstance(blob.get("root"), dict):
            raise ResumeError(f"{path} was recorded without what is needed to go on")
        if is_fork:
            blob["root"].pop("stopped", None)
        recorded_states = _States(states, snapshot.states, snapshot.versions, journal, frozenset(new_states))
        try:
            live, chosen_resets = recorded_states.read(reset)
        except StateMismatchError as error:
            raise StateMismatchError(
                error.reports, f"cannot resume {path} after superstep {chosen.superstep}"
            ) from error
        outputs, events = read_outputs(file, chosen.seq, reconstructor)
        return ResumePoint(info, chosen, blob, live, journal, outputs, events, changes, recorded, chosen_resets)


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


def _revived(extra: Any, reconstructor: Reconstructor, new_payloads: Collection[int]) -> Any:
    """Return what a checkpoint holds beside states, live; NotRestorableError names what was not recorded exactly."""
    with contextlib.suppress(AttributeError, TypeError, LookupError):  # it makes no sense, which its user reports
        for number, message in enumerate(extra["root"]["pending"]):
            if number in new_payloads:
                message["data"] = None
    lost = lost_values(extra, reconstructor.find)
    if lost:
        raise NotRestorableError(f"{'; '.join(lost)} ({_LOST_ON_ITS_WAY})")
    return reconstructor.revive(extra)


def _ask_again(process: Any) -> None:
    """Make questions that were answered in secret open ones again: the answers are not recorded."""
    if not isinstance(process, dict):
        return
    for entry in (*process.get("parked", ()), *process.get("queued", ())):
        if "questions" in entry:
            entry["questions"] = [_unanswered(question) for question in entry["questions"]]
        _ask_again(entry.get("process"))
    for inner in process.get("nested", {}).values():
        _ask_again(inner)


def _unanswered(question: Any) -> Any:
    name, request_id, prompt, _, answer = question
    return [name, request_id, prompt, False, None] if is_secret(answer) else question


def lost_values(extra: Any, find: Callable[[str], Any]) -> list[str]:
    """Return what of a checkpoint, beside states, was not recorded exactly, with the message or call it belongs to.

    Answers that were given in secret are no loss: the questions are made open ones again.
    """
    try:
        _ask_again(extra.get("root"))
        inputs = [
            f"the payload of the outside event {entry.get('event')}: {loss}"
            for entry in extra.get("inputs", ())
            for loss in losses(entry.get("data"), find)
        ]
        others = {name: part for name, part in extra.items() if name not in ("root", "inputs")}
        return [*inputs, *_lost_values(extra.get("root"), "", find), *losses(others, find)]
    except (AttributeError, TypeError, ValueError):  # it makes no sense, which whoever uses it reports
        return []


def _lost_values(process: Any, prefix: str, find: Callable[[str], Any]) -> Iterator[str]:
    """Yield which values of a process at a checkpoint were not recorded exactly, by the step that they are for."""
    if not isinstance(process, dict):
        return
    for entry in (*process.get("pending", ()), *process.get("held", ())):
        for loss in losses(entry.get("data"), find):
            yield f"the payload of {prefix}{entry.get('source')} -> {entry.get('route')}: {loss}"
    for entry in (*process.get("parked", ()), *process.get("queued", ())):
        path = f"{prefix}{entry.get('step')}"
        for loss in losses(entry.get("arguments"), find):
            yield f"the arguments of {path}.{entry.get('function')}: {loss}"
        for _, request_id, _, _, answer in entry.get("questions", ()):
            for loss in losses(answer, find):
                yield f"the answer to {request_id} of {path}.{entry.get('function')}: {loss}"
        yield from _lost_values(entry.get("process"), f"{path}/", find)
    for entry in process.get("waiting", ()):
        for loss in losses(entry.get("fifos"), find):
            yield f"what waits for {prefix}{entry.get('step')}.{entry.get('function')}: {loss}"
    for name, inner in process.get("nested", {}).items():
        yield from _lost_values(inner, f"{prefix}{name}/", find)


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
