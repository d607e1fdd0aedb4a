"""Messages whose target is gone: kept as data, since what they were to reach may come back."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from process_core.engine.compiled import CompiledRoute
from process_core.engine.invocation import Message
from process_core.events import NO_DATA


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """A message without a target, or an outside event that the process takes no more.

    Attributes:
        event_id: The event.
        data: The payload, or NO_DATA.
        prefix: What the paths of its process start with.
        route: Id of its route; None for an outside event.
        step: Name of the step it was to reach.
        function: The function.
        parameter: The parameter.
        seq: Seq of the event that brought it.
        source: Path of the step that emitted it.
        handles: Whether it carries a failure to a handler.
    """

    event_id: str
    data: Any = NO_DATA
    prefix: str = ""
    route: str | None = None
    step: str = ""
    function: str | None = None
    parameter: str | None = None
    seq: int = 0
    source: str = ""
    handles: bool = False

    @classmethod
    def of(cls, message: Message, prefix: str) -> "Undeliverable":
        """Keep a message.

        Args:
            message: The message.
            prefix: What the paths of its process start with.
        """
        target = message.route.route.target
        return cls(
            message.event_id,
            message.data,
            prefix,
            message.route.id,
            target.step if target is not None else "",
            target.function if target is not None else None,
            target.parameter if target is not None else None,
            message.seq,
            message.source,
            message.handles,
        )

    def __str__(self) -> str:
        if self.route is None:
            return f"input event {self.event_id}"
        where = ".".join(part for part in (self.prefix + self.step, self.function) if part)
        return f"{self.event_id} -> {where}"

    def fields(self) -> dict[str, Any]:
        """Give it as plain data around its payload."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def with_data(self, data: Any) -> "Undeliverable":
        """Give the same with another payload."""
        return self if data is self.data else dataclasses.replace(self, data=data)

    def find(self, routes: Mapping[str, CompiledRoute]) -> CompiledRoute | None:
        """Give the route on which it can be delivered.

        Args:
            routes: The routes of its process, by id.
        """
        found = routes.get(self.route or "")
        if found is not None and found.step is not None:
            return found
        for route in routes.values():
            target = route.route.target
            if target is None or route.route.join is not None:
                continue
            if (target.step, target.function, target.parameter) == (self.step, self.function, self.parameter):
                return route
        return None

    def message(self, route: CompiledRoute) -> Message:
        """Make it a message again.

        Args:
            route: The route it travels.
        """
        return Message(route, self.data, self.seq, self.event_id, self.source, handles=self.handles)
