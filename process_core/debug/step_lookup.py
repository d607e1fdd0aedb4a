"""Finds a step of a run by its path, at any depth."""

from collections.abc import Iterator

from process_core.debug.editing.edit_record import EditingError
from process_core.engine.compiled import CompiledProcess
from process_core.engine.composite import NestedScope
from process_core.engine.core import RunCore
from process_core.engine.step_instance import StepInstance
from process_core.suggestions import did_you_mean


def step_at(core: RunCore, path: str) -> StepInstance:
    """Find a step.

    Args:
        core: The run.
        path: Its path; not that of an element of a map.

    Returns:
        The step in its run.

    Raises:
        EditingError: There is none (`unknown_step`).
    """
    scope = core.root
    *processes, name = path.split("/")
    for process in processes:
        inner = scope.plan.step_named(process)
        child = core.composite(scope.slot_of(inner)) if inner is not None and not inner.is_leaf else None
        if not isinstance(child, NestedScope):
            raise _unknown(core, path)
        scope = child  # type: ignore[assignment]  # from the root to what is nested in it
    found = scope.plan.step_named(name)
    if found is None:
        raise _unknown(core, path)
    return scope.slot_of(found)


def _unknown(core: RunCore, path: str) -> EditingError:
    hint = did_you_mean(path, _paths(core.plan, "")) or "it has none"
    return EditingError("unknown_step", f"there is no step {path!r} ({hint})")


def _paths(plan: CompiledProcess, prefix: str) -> Iterator[str]:
    for step in plan.steps:
        yield prefix + step.name
        if step.inner is not None and step.element is None:
            yield from _paths(step.inner, f"{prefix}{step.name}/")
