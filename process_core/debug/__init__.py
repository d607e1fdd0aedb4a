"""The debugger: breakpoints, stepping, surgery, and what is pending; it knows nothing of screens."""

from process_core.debug.breakpoints import Breakpoint, BreakpointError
from process_core.debug.debugger import Debugger
from process_core.debug.explaining import ExplainError, explain_recorded
from process_core.debug.explanation import Explanation
from process_core.debug.operation import Operation, SurgeryError
from process_core.debug.points import Live, PausePoint, PendingItem, WaitingFunction
from process_core.debug.renewal import NewCode
from process_core.debug.surgery import Surgery

__all__ = [
    "Breakpoint",
    "BreakpointError",
    "Debugger",
    "ExplainError",
    "Explanation",
    "Live",
    "NewCode",
    "Operation",
    "PausePoint",
    "PendingItem",
    "Surgery",
    "SurgeryError",
    "WaitingFunction",
    "explain_recorded",
]
