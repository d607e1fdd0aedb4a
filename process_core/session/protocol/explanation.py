"""The answer to "why" as it travels: the debugger's own records, which is where screens may import them from."""

from process_core.debug.explain.model import (
    ExplainedEvent,
    ExplainedFunction,
    ExplainedInput,
    ExplainedRoute,
    Explanation,
)

__all__ = ["ExplainedEvent", "ExplainedFunction", "ExplainedInput", "ExplainedRoute", "Explanation"]
