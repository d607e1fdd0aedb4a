"""A process engine: steps emit events, routes take them to the functions of other steps."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from process_core.definition.builder import EventSource, ProcessBuilder, StepHandle
    from process_core.definition.declarations import Target
    from process_core.engine.context import StepContext
    from process_core.engine.run import Run, RunOptions, RunResult
    from process_core.errors import (
        ProcessDefinitionError,
        ProcessError,
        RunEndedError,
        RunError,
        StepFailedError,
        StepFailure,
        SuperstepLimitError,
        UnknownEventError,
    )
    from process_core.events import ProcessEvent, RunState, Visibility, WorkflowEvent
    from process_core.process import Process
    from process_core.services import Inject, Services
    from process_core.step import Step, function

__all__ = [
    "EventSource",
    "Inject",
    "Process",
    "ProcessBuilder",
    "ProcessDefinitionError",
    "ProcessError",
    "ProcessEvent",
    "Run",
    "RunEndedError",
    "RunError",
    "RunOptions",
    "RunResult",
    "RunState",
    "Services",
    "Step",
    "StepContext",
    "StepFailedError",
    "StepFailure",
    "StepHandle",
    "SuperstepLimitError",
    "Target",
    "UnknownEventError",
    "Visibility",
    "WorkflowEvent",
    "function",
]

# A screen that reads run files needs parts of this package and not the engine: each name is imported when first used.
_HOMES = {
    "definition.builder": ("EventSource", "ProcessBuilder", "StepHandle"),
    "definition.declarations": ("Target",),
    "engine.context": ("StepContext",),
    "engine.run": ("Run", "RunOptions", "RunResult"),
    "errors": (
        "ProcessDefinitionError", "ProcessError", "RunEndedError", "RunError", "StepFailedError", "StepFailure",
        "SuperstepLimitError", "UnknownEventError",
    ),
    "events": ("ProcessEvent", "RunState", "Visibility", "WorkflowEvent"),
    "process": ("Process",),
    "services": ("Inject", "Services"),
    "step": ("Step", "function"),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
