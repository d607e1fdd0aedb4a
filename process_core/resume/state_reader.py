"""Recorded states, made to fit the code that goes on with them."""

from collections.abc import Mapping
from typing import Any

from process_core.errors import PayloadMismatchError
from process_core.graph import Graph, StepSpec
from process_core.payload_check import PayloadCheck
from process_core.resume.errors import ResumeError
from process_core.resume.reconstruct import NotRestorableError, Reconstructor, is_whole
from process_core.runfile import Tagged, to_plain
from process_core.step import Step

_ADVICE = "bump Step.version and give migrate(), or fork with a new state for it"


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
        """Make the states of a point.

        Args:
            recorded: State by path, as the run file gives them; paths that are no step's are passed over.
            versions: Versions that are not "1".

        Raises:
            ResumeError: One does not fit; says which, and what to do.
        """
        return {
            path: self.one(path, recorded[path], versions.get(path, "1")) for path in self._steps if path in recorded
        }

    def one(self, path: str, recorded: Any, version: str) -> Any:
        """Make one state.

        Args:
            path: The step; one inside an element of a map is taken as it was.
            recorded: As the run file gives it.
            version: The `Step.version` it was saved under.

        Raises:
            ResumeError: It does not fit; says why, and what to do.
        """
        step = self._steps.get(path)
        if not is_whole(recorded):
            raise ResumeError(
                f"the state of {path} holds what was recorded only as text, so it cannot be made again: {recorded}"[
                    :500
                ]
            )
        try:
            if step is None:
                return self._reconstructor.revive(recorded)
            now = version_of(step)
            if now == version:
                return self._as_it_was(step, recorded)
            return PayloadCheck(Any if step.state_type is None else step.state_type)(
                _migrated(path, step, to_plain(recorded), version)
            )
        except (PayloadMismatchError, NotRestorableError) as error:
            raise ResumeError(f"the state of {path} does not fit the code any more: {error} ({_ADVICE})") from error

    def _as_it_was(self, step: StepSpec, recorded: Any) -> Any:
        wanted = step.state_type
        is_class = isinstance(wanted, type) and wanted is not Any
        if not isinstance(recorded, Tagged) or recorded.kind != "object" or not is_class:
            value = self._reconstructor.revive(recorded)
            return value if wanted is None else PayloadCheck(wanted)(value)
        found = self._reconstructor.find(recorded.type)
        if found is None or not issubclass(found, wanted):
            found = wanted  # the class has another name now
        return self._reconstructor.build(found, recorded)


def version_of(step: StepSpec) -> str:
    """Return the version of a step's state."""
    step_class = step.step_class
    return step_class.version if isinstance(step_class, type) and issubclass(step_class, Step) else "1"


def _migrated(path: str, step: StepSpec, recorded: Any, version: str) -> Any:
    assert step.step_class is not None
    now = version_of(step)
    try:
        return step.step_class.migrate(recorded, version)
    except Exception as error:
        raise ResumeError(
            f"the state of {path} was saved by version {version}, the code has {now}: {error} ({_ADVICE})"
        ) from error
