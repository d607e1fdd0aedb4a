"""Steps that do as they are asked, and the processes around them."""

from dataclasses import dataclass, field
from typing import Any

from process_core import Step, StepContext, function


@dataclass
class Seen:
    """The values a sink was given, in order."""

    values: list[Any] = field(default_factory=list)


class Sink(Step[Seen]):
    """Keeps what it is given."""

    @function
    async def take(self, value: Any) -> None:
        self.state.values.append(value)


class Trigger(Step[Seen]):
    """Counts how often it was triggered."""

    @function
    async def fire(self) -> None:
        self.state.values.append("fired")


class Say(Step):
    """Emits the events it is asked to: a list of arguments for `emit_event`."""

    @function
    async def say(self, context: StepContext, script: Any) -> None:
        for arguments in script:
            await context.emit_event(*arguments)


class Double(Step):
    """Returns twice what it is given."""

    @function
    async def double(self, value: Any) -> Any:
        return value * 2


class Pair(Step[Seen]):
    """Joins two required values."""

    @function
    async def pair(self, left: Any, right: Any) -> Any:
        self.state.values.append((left, right))
        return (left, right)


class Boom(Step[Seen]):
    """Changes its state, emits, and raises."""

    @function
    async def explode(self, context: StepContext, value: Any) -> None:
        self.state.values.append(value)
        await context.emit_event("Never", value)
        raise ValueError(f"boom {value}")


class Ask(Step[Seen]):
    """Asks, keeps the answer, and emits it."""

    @function
    async def ask(self, context: StepContext, prompt: Any) -> Any:
        answer = await context.request_info(prompt, response_type=str)
        self.state.values.append(answer)
        await context.emit_event("Answered", answer)
        return answer
