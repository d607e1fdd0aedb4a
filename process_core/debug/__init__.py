"""The debugger: breakpoints, stepping, and what is pending; it knows nothing of screens."""

from process_core.debug.breakpoints import Breakpoint, BreakpointError
from process_core.debug.debugger import Debugger
from process_core.debug.explaining import ExplainError, explain_recorded
from process_core.debug.explanation import Explanation
from process_core.debug.points import Live, PausePoint, PendingItem, WaitingFunction

__all__ = [
    "Breakpoint",
    "BreakpointError",
    "Debugger",
    "ExplainError",
    "Explanation",
    "Live",
    "PausePoint",
    "PendingItem",
    "WaitingFunction",
    "explain_recorded",
]
