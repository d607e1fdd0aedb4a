"""Recorded states, made to fit the code that goes on with them."""

import json
from collections.abc import Mapping
from typing import Any, Final, get_args, get_origin

from process_core.errors import PayloadMismatchError
from process_core.graph import Graph, StepSpec, type_text
from process_core.payload_check import PayloadCheck
from process_core.resume.errors import ResumeError, StateMismatchError
from process_core.resume.reconstruct import NotRestorableError, Reconstructor, conforms, losses
from process_core.runfile import Tagged, to_plain
from process_core.runfile.codec.encode import encode
from process_core.safe_repr import error_text, safe_repr
from process_core.step import Step
from process_core.type_names import is_typed_dict

ADVICE: Final = "bump Step.version and give migrate(), or reset it"
_LOST: Final = "reset it, or fork with a new state for it"
_SHOWN: Final = 4000


class StateReader:
    """Makes recorded states live again, each as the type that its step has now.

    Args:
        graph: The process.
        reconstructor: Makes the values in them.
    """

    def __init__(self, graph: Graph, reconstructor: Reconstructor) -> None:
        self._steps = dict(graph.stateful())
        self._reconstructor = reconstructor

    def all(self, recorded: Mapping[str, Any], versions: Mapping[str, str]) -> dict[str, Any]:
        """Return the states of a point by path; StateMismatchError reports on each that does not fit.

        Args:
            recorded: State by path, as the run file has them; paths that are no step's are passed over.
            versions: Versions that are not "1".
        """
        live: dict[str, Any] = {}
        reports: dict[str, str] = {}
        for path in self._steps:
            if path in recorded:
                try:
                    live[path] = self.one(path, recorded[path], versions.get(path, "1"))
                except ResumeError as error:
                    reports[path] = self.report(path, str(error), to_plain(recorded[path]))
        if reports:
            raise StateMismatchError(reports)
        return live

    def report(self, path: str, reason: str, state: Any) -> str:
        """Return why a recorded state does not fit; see `mismatch_report`."""
        step = self._steps.get(path)
        return mismatch_report(reason, state, step.state_type if step is not None else None)

    def one(self, path: str, recorded: Any, version: str) -> Any:
        """Return one state; ResumeError says why it does not fit, and what to do.

        Args:
            path: The step; one inside an element of a map is taken as it was.
            recorded: As the run file has it.
            version: The `Step.version` it was saved under.
        """
        step = self._steps.get(path)
        lost = losses(recorded, self._reconstructor.find)
        if lost:
            raise ResumeError(f"the state of {path} cannot be made again: {'; '.join(lost)} ({_LOST})"[:_SHOWN])
        try:
            if step is None:
                return self._reconstructor.revive(recorded)
            now = version_of(step)
            if now == version:
                return self._as_it_was(step, recorded)
            return self.migrated(path, to_plain(recorded), version)
        except (PayloadMismatchError, NotRestorableError) as error:
            raise ResumeError(f"the state of {path} does not fit the code any more: {error} ({ADVICE})") from error

    def migrated(self, path: str, plain: Any, version: str) -> Any:
        """Return what `Step.migrate` makes of a state of another version, whose objects are dicts; it is checked."""
        step = self._steps[path]
        return PayloadCheck(Any if step.state_type is None else step.state_type)(_migrated(path, step, plain, version))

    def _as_it_was(self, step: StepSpec, recorded: Any) -> Any:
        wanted = step.state_type
        is_class = isinstance(wanted, type) and wanted is not Any and not get_args(wanted)
        if not isinstance(recorded, Tagged) or recorded.kind != "object" or not is_class:
            value = self._reconstructor.revive(recorded)
            return as_wanted(value, wanted)
        kind = self._reconstructor.find(recorded.type)
        if kind is None or not issubclass(kind, wanted):  # the class has another name now
            return self._reconstructor.build(wanted, recorded)
        return self._reconstructor.revive(recorded)


def as_wanted(value: Any, wanted: Any) -> Any:
    """Return a state as the code wants it: itself where it is of that type, else what pydantic makes of it.

    Raises:
        PayloadMismatchError: It does not fit; so too where a container of the same kind would hold other values.
    """
    if wanted is None or conforms(value, wanted):
        return value
    made = PayloadCheck(wanted)(value)
    kind = get_origin(wanted) or (dict if is_typed_dict(wanted) else None)
    if isinstance(kind, type) and isinstance(value, kind) and encode(made) != encode(value):
        raise PayloadMismatchError(f"it holds what is no {type_text(wanted)} as it is: {_short(to_plain(value))}")
    return made


def version_of(step: StepSpec) -> str:
    """Return the version of a step's state."""
    step_class = step.step_class
    return step_class.version if isinstance(step_class, type) and issubclass(step_class, Step) else "1"


def _migrated(path: str, step: StepSpec, recorded: Any, version: str) -> Any:
    assert step.step_class is not None
    now = version_of(step)
    try:
        return step.step_class.migrate(recorded, version)
    except BaseException as error:
        raise ResumeError(
            f"the state of {path} was saved by version {version}, the code has {now}: {error_text(error)} ({ADVICE})"
        ) from error


def mismatch_report(reason: str, state: Any, kind: Any) -> str:
    """Return why a state does not fit, with what it holds beside what the code has now.

    Args:
        reason: Why.
        state: The state, its objects as dicts.
        kind: The type it has to have.
    """
    lines = [reason]
    wanted = getattr(kind, "model_fields", None) or getattr(kind, "__dataclass_fields__", None)
    if isinstance(state, dict) and wanted is not None:
        fields = list(wanted)
        for name, value in state.items():
            mark = " " if name in fields else "-"
            lines.append(f"  {mark} {name} = {_short(value)}")
        hints = getattr(kind, "__annotations__", {})
        lines += [f"  + {name}: {_name(hints.get(name, '?'))}" for name in fields if name not in state]
    else:
        lines.append(f"  it holds {_short(state)}")
    return "\n".join(lines)[:_SHOWN]


def _name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _short(value: Any) -> str:
    try:
        text = json.dumps(value, default=safe_repr, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(type(value))
    limit = 120
    return text if len(text) <= limit else text[: limit - 1] + "…"
