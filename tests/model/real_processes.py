"""Described processes on the real engine: built through the public builder, observed through workflow events."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from types import new_class
from typing import Any

from described import CONDITIONS, FAILURE, Described, Function, PlainStep, emissions, fails, fuel_of

from process_core import ProcessBuilder, RunState, Step, StepContext, Target, Visibility, WorkflowEvent, function

MISSING = "missing"


@dataclass
class Log:
    """The calls of a step, in order."""

    entries: list[Any] = field(default_factory=list)


class ToldToError(Exception):
    """The failure of a function that was asked to fail."""


async def perform(step: Any, context: StepContext, told: Function, **inputs: Any) -> int:
    """Do what the description says, giving way to others in between."""
    given = {name: value for name, value in inputs.items() if value is not MISSING}
    fuel = fuel_of(told, given, step.state.entries)
    if told.wild == "asks":
        await context.request_info(told.name, response_type=int)
    for event, data, public in emissions(told, fuel):
        for _ in range(told.naps):
            await asyncio.sleep(0)
        await context.emit_event(event, data, Visibility.PUBLIC if public else Visibility.INTERNAL)
    for _ in range(told.naps):
        await asyncio.sleep(0)
    if fails(told, fuel):
        raise ToldToError(told.name)
    return fuel - 1


def plain_method(told: Function) -> Any:
    """Make a plain `def` for a described function; it runs in a thread and can not give way."""

    def perform_plainly(step: Any, context: StepContext, **inputs: Any) -> int:
        given = {name: value for name, value in inputs.items() if value is not MISSING}
        fuel = fuel_of(told, given, step.state.entries)
        for event, data, public in emissions(told, fuel):
            context.emit_event(event, data, Visibility.PUBLIC if public else Visibility.INTERNAL)
        if fails(told, fuel):
            raise ToldToError(told.name)
        return fuel - 1

    def none(self: Any, context: StepContext) -> int:
        return perform_plainly(self, context)

    def one(self: Any, context: StepContext, a: Any) -> int:
        return perform_plainly(self, context, a=a)

    def pair(self: Any, context: StepContext, a: Any, b: Any) -> int:
        return perform_plainly(self, context, a=a, b=b)

    def option(self: Any, context: StepContext, a: Any, b: Any = MISSING) -> int:
        return perform_plainly(self, context, a=a, b=b)

    def optional(self: Any, context: StepContext, a: Any = MISSING) -> int:
        return perform_plainly(self, context, a=a)

    return {"none": none, "one": one, "pair": pair, "option": option, "optional": optional}[told.shape]


def strict_method(told: Function) -> Any:
    """Make a method that takes integers only."""

    async def none(self: Any, context: StepContext) -> int:
        return await perform(self, context, told)

    async def one(self: Any, context: StepContext, a: int) -> int:
        return await perform(self, context, told, a=a)

    async def pair(self: Any, context: StepContext, a: int, b: int) -> int:
        return await perform(self, context, told, a=a, b=b)

    async def option(self: Any, context: StepContext, a: int, b: int | str = MISSING) -> int:
        return await perform(self, context, told, a=a, b=b)

    async def optional(self: Any, context: StepContext, a: int | str = MISSING) -> int:
        return await perform(self, context, told, a=a)

    return {"none": none, "one": one, "pair": pair, "option": option, "optional": optional}[told.shape]


def open_method(told: Function) -> Any:
    """Make a method that takes anything."""

    async def none(self: Any, context: StepContext) -> int:
        return await perform(self, context, told)

    async def one(self: Any, context: StepContext, a: Any) -> int:
        return await perform(self, context, told, a=a)

    async def pair(self: Any, context: StepContext, a: Any, b: Any) -> int:
        return await perform(self, context, told, a=a, b=b)

    async def option(self: Any, context: StepContext, a: Any, b: Any = MISSING) -> int:
        return await perform(self, context, told, a=a, b=b)

    async def optional(self: Any, context: StepContext, a: Any = MISSING) -> int:
        return await perform(self, context, told, a=a)

    return {"none": none, "one": one, "pair": pair, "option": option, "optional": optional}[told.shape]


def method(told: Function) -> Any:
    """Make the function that stands for a described one."""
    made = {"plain": plain_method, "strict": strict_method}.get(told.wild or "", open_method)(told)
    return function(name=told.name, visibility=Visibility.PUBLIC if told.public_result else Visibility.INTERNAL)(made)


def builder_of(process: Described) -> ProcessBuilder:
    """Define the process with the public builder."""
    builder = ProcessBuilder(process.name)
    handles: dict[str, Any] = {}
    for step in process.steps:
        if isinstance(step, PlainStep):
            members = {f"method_{told.name}": method(told) for told in step.functions}
            step_class = new_class(step.name, (Step[Log],), {}, lambda namespace, m=members: namespace.update(m))
            handles[step.name] = builder.add_step(step_class, name=step.name)
        else:
            handles[step.name] = builder.add_process(builder_of(step), name=step.name)
    nested = {step.name for step in process.steps if isinstance(step, Described)}

    def source(step: str | None, event: str) -> Any:
        if step is None:
            return builder.on_error() if event == "OnError" else builder.on_input_event(event)
        function_name, _, automatic = event.rpartition(".")
        if automatic == "OnError":
            return handles[step].on_function_error(function_name or None)
        if automatic == "OnResult" and (step not in nested or not function_name):
            return handles[step].on_function_result(function_name or None)
        return handles[step].on_event(event)

    for way in process.ways:
        origin = source(*way.source)
        if way.when is not None:
            origin = origin.otherwise() if way.when == "otherwise" else origin.when(CONDITIONS[way.when])
        if way.target is None:
            origin.stop_process()
        elif way.target[0] in nested:
            origin.send_event_to(handles[way.target[0]].where_input_event_is(way.target[1]))
        else:
            step, name, parameter = way.target
            origin.send_event_to(Target(handles[step], name, parameter))
    for join in process.joins:
        sources = [source(*origin) for origin in join.sources]
        inputs = {name: origin for name, origin in zip(join.parameters, sources, strict=True) if name}
        named = {"inputs": inputs} if inputs else {}
        step, name = join.target
        builder.listen_for(all_of=sources).send_event_to(handles[step], function=name, **named)
    return builder


@dataclass
class Observed:
    """What the real engine did.

    Attributes:
        state: The state at the end.
        supersteps: Per path of a process, its supersteps; each the list of (step, function, inputs).
        states: Per path of a step, its log.
        public: The public events of the root, as (id, data).
        events: All workflow events.
    """

    state: RunState
    supersteps: dict[str, list[list[tuple[str, str, dict[str, Any]]]]]
    states: dict[str, list[Any]]
    public: list[tuple[str, Any]]
    events: list[WorkflowEvent]

    def warned(self, code: str) -> set[tuple[str, str | None]]:
        """Return (path, event id) of the warnings with that code."""
        return {(e.path, e.event_id) for e in self.events if e.type == "warning" and e.code == code}


def supersteps_of(events: list[WorkflowEvent]) -> dict[str, list[list[tuple[str, str, dict[str, Any]]]]]:
    """Sort the invocations by process and superstep."""
    found: dict[str, list[Any]] = defaultdict(list)
    for event in events:
        if event.type == "superstep_started":
            found[event.path].append([])
        elif event.type == "executor_invoked":
            parent, _, step = event.path.rpartition("/")
            inputs = event.data if isinstance(event.data, dict) else {}
            shown = {k: v if isinstance(v, int) else FAILURE for k, v in inputs.items() if v != MISSING}
            found[parent][-1].append((step, event.function, shown))
    return found


async def observe(process: Described, outside: tuple[tuple[str, int], ...], limit: int) -> Observed:
    """Run the process on the engine, one outside event after the other, as long as it takes them."""
    (event, data), *more = outside
    async with builder_of(process).build().start(event, data, max_supersteps=limit) as run:
        await run.idle()
        for event, data in more:
            if run.state.is_ended:
                break
            await run.send_event(event, data)
            await run.idle()
        return Observed(
            run.state,
            supersteps_of(run.events),
            {path: state.entries for path, state in run.step_states.items()},
            [(e.id, e.data) for e in run.public_events],
            list(run.events),
        )
