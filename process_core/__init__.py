"""A process engine: steps emit events, routes carry them to the functions of other steps."""

from process_core.builder import ProcessBuilder
from process_core.declaration import Target
from process_core.engine.context import StepContext
from process_core.engine.run import Run, RunResult
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
    "Inject",
    "Process",
    "ProcessBuilder",
    "ProcessDefinitionError",
    "ProcessError",
    "ProcessEvent",
    "Run",
    "RunEndedError",
    "RunError",
    "RunResult",
    "RunState",
    "Services",
    "Step",
    "StepContext",
    "StepFailedError",
    "StepFailure",
    "SuperstepLimitError",
    "Target",
    "UnknownEventError",
    "Visibility",
    "WorkflowEvent",
    "function",
]
