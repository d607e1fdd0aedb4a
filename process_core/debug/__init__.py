"""The debugger: breakpoints, stepping, surgery, and what is pending; it knows nothing of screens."""

from process_core.debug.breakpoints import Breakpoint, BreakpointError
from process_core.debug.code_swap import NewCode
from process_core.debug.debug_state import LiveSteps, PausePoint, PendingItem, WaitingFunction
from process_core.debug.debugger import Debugger
from process_core.debug.editing.edit_record import EditingError, EditRecord
from process_core.debug.editing.editor import Editor
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
    "PendingItem",
    "WaitingFunction",
    "explain_recorded",
]
