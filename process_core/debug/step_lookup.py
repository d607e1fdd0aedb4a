"""Finds a step of a run by its path, at any depth."""

from collections.abc import Iterator

from process_core.debug.editing.edit_record import EditingError
from process_core.engine.compiled import CompiledProcess
from process_core.engine.records import ProcessRecord, RunRecord, StepInstance
from process_core.suggestions import did_you_mean


def step_at(run: RunRecord, path: str) -> StepInstance:
    """Find a step.

    Args:
        run: The run.
        path: Its path; not that of an element of a map.

    Raises:
        EditingError: There is none (`unknown_step`).
    """
    record = run.root
    *outer, name = path.split("/")
    for outer_name in outer:
        inner = record.plan.step_named(outer_name)
        child = run.child_of(record.slot_of(inner)) if inner is not None and not inner.is_leaf else None
        if not isinstance(child, ProcessRecord):
            raise _unknown(run, path)
        record = child
    step = record.plan.step_named(name)
    if step is None:
        raise _unknown(run, path)
    return record.slot_of(step)


def _unknown(run: RunRecord, path: str) -> EditingError:
    hint = did_you_mean(path, _paths(run.plan, "")) or "it has none"
    return EditingError("unknown_step", f"there is no step {path!r} ({hint})")


def _paths(plan: CompiledProcess, prefix: str) -> Iterator[str]:
    for step in plan.steps:
        yield prefix + step.name
        if step.inner is not None and step.element is None:
            yield from _paths(step.inner, f"{prefix}{step.name}/")
