"""The debugger: breakpoints, stepping, editing, and what is pending; it knows nothing of screens."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from process_core.debug.breakpoints import Breakpoint, BreakpointError
    from process_core.debug.code_swap import NewCode
    from process_core.debug.debug_state import LiveSteps, PausePoint, PendingMessage, WaitingInputs
    from process_core.debug.debugger import Debugger
    from process_core.debug.editing.editor import Editor
    from process_core.debug.editing.history import EditingError, EditRecord
    from process_core.debug.explain.explain import ExplainError, explain_recorded
    from process_core.debug.explain.model import Explanation

__all__ = [
    "Breakpoint",
    "BreakpointError",
    "Debugger",
    "EditRecord",
    "EditingError",
    "Editor",
    "ExplainError",
    "Explanation",
    "LiveSteps",
    "NewCode",
    "PausePoint",
    "PendingMessage",
    "WaitingInputs",
    "explain_recorded",
]

# A screen reads the records that travel (pause points, explanations) and must not load the debugger with them.
_HOMES = {
    "breakpoints": ("Breakpoint", "BreakpointError"),
    "code_swap": ("NewCode",),
    "debug_state": ("LiveSteps", "PausePoint", "PendingMessage", "WaitingInputs"),
    "debugger": ("Debugger",),
    "editing.history": ("EditRecord", "EditingError"),
    "editing.editor": ("Editor",),
    "explain.explain": ("ExplainError", "explain_recorded"),
    "explain.model": ("Explanation",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    return value
