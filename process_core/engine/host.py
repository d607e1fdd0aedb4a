"""Where invocations run: the seam at which a step may live in another process, and the host that keeps it here."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, runtime_checkable

from process_core.engine.context import StepContext, entered
from process_core.engine.invocation import UNSET, Invocation
from process_core.engine.step_instance import StepInstance
from process_core.engine.threads import run_in_thread
from process_core.errors import ProcessError
from process_core.graph import Injected
from process_core.step import Step


class StepHost(Protocol):
    """Runs invocations of steps; routing, supersteps and recording stay with the caller.

    A host is given an invocation (step, function, arguments, the step's state) and gives back its result. What the
    function emits goes through the invocation's context; a host elsewhere replays it here, in order, before it returns.
    """

    def invoke(self, invocation: Invocation) -> Awaitable[Any]:
        """Run an invocation.

        Args:
            invocation: The call.

        Returns:
            What the function returned, to be awaited.

        Raises:
            BaseException: What the function raised.
        """
        ...


@runtime_checkable
class TracksContext(Protocol):
    """A step host that can say, where asked to, which invocation runs; see `current_context`."""

    track_context: bool


class LocalHost:
    """Runs functions on live instances in this process, without copying anything."""

    __slots__ = ("track_context",)

    def __init__(self, *, track_context: bool = False) -> None:
        self.track_context = track_context

    def invoke(self, invocation: Invocation) -> Awaitable[Any]:
        """Run an invocation; see `StepHost.invoke`."""
        if not self.track_context:
            return _begun(invocation)
        run = invocation.slot.scope.run
        if run.forced is not None and (result := run.forced_result(invocation)) is not UNSET:
            return _given(result)
        return entered(invocation, _begun)


async def _given(result: Any) -> Any:
    return result


def _begun(invocation: Invocation) -> Awaitable[Any]:
    slot = invocation.slot
    if slot.instance is None:
        instance = _new_instance(slot)
        if getattr(instance.activate, "__func__", None) is not Step.activate:
            return _activate_and_call(instance, invocation)
        slot.instance = instance
    return _call(invocation)


def _new_instance(slot: StepInstance) -> Any:
    spec = slot.plan.spec
    make = spec.factory or spec.step_class
    instance = make() if make is not None else None
    if instance is None or (spec.step_class is not None and not isinstance(instance, spec.step_class)):
        raise ProcessError(f"the factory of {slot.path} gave {instance!r}, not a {spec.step_class}")
    if slot.plan.has_state:
        instance.state = slot.take_state()
    return instance


async def _activate_and_call(instance: Any, invocation: Invocation) -> Any:
    activation = instance.activate(getattr(instance, "state", None))
    if inspect.isawaitable(activation):
        await activation
    invocation.slot.instance = instance
    return await _call(invocation)


def _call(invocation: Invocation) -> Awaitable[Any]:
    function = invocation.function
    spec = function.spec
    method = getattr(invocation.slot.instance, spec.method)
    arguments = invocation.arguments
    if function.context_parameter is not None:
        arguments = {**arguments, function.context_parameter: StepContext(invocation)}
    elif spec.injections:
        arguments = {**arguments, **_injected(invocation)}
    if spec.is_async:
        called: Awaitable[Any] = method(**arguments)
        return called
    return _in_thread(functools.partial(method, **arguments))


async def _in_thread(call: Callable[[], Any]) -> Any:
    result = await run_in_thread(call)
    # A decorator often hides that a function is async: then the call gave a coroutine, still to be run.
    return await result if inspect.isawaitable(result) else result


def _injected(invocation: Invocation) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for injection in invocation.function.spec.injections:
        if injection.kind is Injected.CONTEXT:
            found[injection.parameter] = StepContext(invocation)
        elif injection.kind is Injected.SERVICES:
            found[injection.parameter] = invocation.scope.run.services
        else:
            found[injection.parameter] = invocation.scope.run.services.get(injection.service)
    return found
