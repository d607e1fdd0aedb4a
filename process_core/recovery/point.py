"""A point of a recorded run from which it can go on."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from process_core.engine.core import RunCore
from process_core.engine.freezing import thaw
from process_core.errors import PayloadMismatchError, ProcessError
from process_core.events import RunState, WorkflowEvent
from process_core.graph import Graph, StepSpec
from process_core.payload_check import PayloadCheck
from process_core.recovery.compare import differences
from process_core.recovery.edits import Edits
from process_core.recovery.journal import RESUMED, Journal, JournalHost
from process_core.recovery.values import NotRestorableError, restore
from process_core.runfile import Checkpoint, Filter, RunFile, RunInfo, Tagged, to_plain
from process_core.step import Step


class ResumeError(ProcessError):
    """A recorded run cannot be taken up; says why and what can be done."""


@dataclass(slots=True)
class ResumePoint:
    """A point of a recorded run.

    Attributes:
        info: The run.
        checkpoint: The checkpoint.
        frozen: Where it stood.
        states: State by path.
        journal: What was recorded after it, for going on in the same file; None for a fork.
        outputs: What steps had yielded by then.
    """

    info: RunInfo
    checkpoint: Checkpoint
    frozen: dict[str, Any]
    states: dict[str, Any]
    journal: Journal | None
    outputs: list[Any] = field(default_factory=list)

    def edited(self, edits: Edits) -> "ResumePoint":
        """Change the point before a run goes on from it.

        Args:
            edits: The changes; those to states are made through `initial_states`.

        Returns:
            This point.

        Raises:
            EditError: A number is out of range.
        """
        root = self.frozen["root"]
        root["pending"] = edits.apply(root["pending"])
        self.frozen["inputs"] += [{"event": event_id, "data": data} for event_id, data in edits.inject]
        return self

    def event(self) -> WorkflowEvent:
        """Make the event that says from where the run goes on."""
        code = RESUMED if self.journal is not None else "forked"
        what = "goes on" if self.journal is not None else f"forked from run {self.info.run_id}"
        return WorkflowEvent(
            "resumed",
            f"{what} after superstep {self.checkpoint.superstep}",
            {"code": code, "run": self.info.run_id, "superstep": self.checkpoint.superstep, "seq": self.checkpoint.seq},
            superstep=self.checkpoint.superstep,
        )


def fork_path(path: Path, superstep: int) -> Path:
    """Give a path for a fork, beside its parent, at which there is nothing yet.

    Args:
        path: The parent's run file.
        superstep: The superstep it is forked after.
    """
    for number in itertools.count(1):
        candidate = path.with_name(f"{path.stem}-from-{superstep}{f'-{number}' if number > 1 else ''}{path.suffix}")
        if not candidate.exists():
            return candidate
    raise AssertionError("there is always another number")


def load_point(path: str | Path, graph: Graph, superstep: int | None = None, *, fork: bool = False) -> ResumePoint:
    """Read a point of a run.

    Args:
        path: The run file.
        graph: The process that is to go on; must have the same steps and routes.
        superstep: After which superstep of the root; None takes the last checkpoint.
        fork: Whether to leave aside what was recorded afterwards.

    Returns:
        The point, its values made live again.

    Raises:
        RunFileError: The file cannot be read.
        ResumeError: The run has ended for good, the process has changed, or a value cannot be made again.
    """
    with RunFile(path) as file:
        info = file.info
        if info.is_live and not fork:
            raise ResumeError(f"{path}: the run is still going on; end it first, or fork it")
        if info.state is RunState.STOPPED and not fork:
            raise ResumeError(
                f"{path}: the run was stopped, so there is nothing to go on with; fork it from a superstep"
            )
        changed = differences(info.nodes, info.edges, graph)
        if changed:
            listed = "".join(f"\n  - {line}" for line in changed)
            raise ResumeError(f"{path} was recorded from another process {info.process!r}:{listed}")
        points = [c for c in file.checkpoints() if not c.path]
        found = [c for c in points if superstep is None or c.superstep == superstep]
        if not found:
            where = "no checkpoint" if superstep is None else f"no checkpoint after superstep {superstep}"
            raise ResumeError(f"{path} holds {where}{_known(file)}")
        chosen = found[-1]
        snapshot = file.snapshot(chosen)
        try:
            frozen = restore(snapshot.extra)
            is_past = fork or chosen != points[-1]
            journal = None if is_past else Journal(file, chosen.seq).read()
            outputs = _outputs(file, chosen.seq)
        except NotRestorableError as error:
            raise ResumeError(f"{path} cannot be taken up after superstep {chosen.superstep}: {error}") from error
        if not isinstance(frozen, dict):
            raise ResumeError(f"{path} was recorded without what is needed to go on")
        states = _states(graph, snapshot.states, snapshot.versions)
        return ResumePoint(info, chosen, frozen, states, journal, outputs)


def take_up(core: RunCore, point: ResumePoint) -> None:
    """Make a new run stand at a point.

    Args:
        core: The run, not launched yet, whose `initial_states` hold the states of the point.
        point: The point.
    """
    thaw(core, point.frozen)
    core.outputs.extend(point.outputs)
    if point.journal is not None:
        known = sum(1 for kind, _, _ in core.inputs if kind == "event")
        for event_id, data in point.journal.inputs[known:]:
            core.inputs.append(("event", event_id, data))
        core.host = JournalHost(core.host, point.journal)


def _known(file: RunFile) -> str:
    supersteps = [c.superstep for c in file.checkpoints() if not c.path]
    return f"; there are checkpoints after supersteps {supersteps[0]} to {supersteps[-1]}" if supersteps else ""


def _outputs(file: RunFile, seq: int) -> list[Any]:
    """Give what was yielded by invocations that had completed by then."""
    found = []
    for row in _rows_of_type(file, "output", seq):
        ended = [e for e in file.effects(row.cause) if e.type == "executor_completed"] if row.cause else []
        if ended and ended[0].seq <= seq:
            found.append(restore(file.payload(row.data)))
    return found


def _rows_of_type(file: RunFile, kind: str, seq: int) -> Any:
    chosen = Filter(types=(kind,))
    start = 0
    while rows := file.page(start, 500, chosen):
        yield from (row for row in rows if row.seq <= seq)
        start += len(rows)


def _states(graph: Graph, recorded: Mapping[str, Any], versions: Mapping[str, str]) -> dict[str, Any]:
    states: dict[str, Any] = {}
    for path, step in graph.stateful():
        if path in recorded:
            states[path] = _state(path, step, recorded[path], versions.get(path, "1"))
    return states


def _state(path: str, step: StepSpec, recorded: Any, version: str) -> Any:
    step_class = step.step_class
    if isinstance(step_class, type) and issubclass(step_class, Step) and step_class.version != version:
        try:
            recorded = step_class.migrate(to_plain(recorded), version)
        except Exception as error:
            raise ResumeError(
                f"the state of {path} was saved by version {version}, the code has {step_class.version}: {error}"
            ) from error
    try:
        if step.state_type is None:
            return restore(recorded)
        plain = to_plain(recorded) if isinstance(recorded, Tagged) else restore(recorded)
        return PayloadCheck(step.state_type)(plain)
    except (PayloadMismatchError, NotRestorableError) as error:
        raise ResumeError(
            f"the state of {path} does not fit the code any more: {error} (bump Step.version and give migrate())"
        ) from error
