"""Ends calls as if they had returned: those that wait for an answer, and those that are still to be made."""

from dataclasses import dataclass
from typing import Any

from process_core.debug.editing.edit_record import EditingError, Restore
from process_core.debug.pause_controller import PauseController
from process_core.debug.step_lookup import step_at
from process_core.engine.core import RunCore
from process_core.engine.invocation import ForcedResult, Invocation, Message, Request
from process_core.engine.scope import Scope


@dataclass(frozen=True, slots=True)
class CallToComplete:
    """A call that may be ended by hand.

    Attributes:
        scope: The process that its step belongs to.
        call: The call.
        request: What it waits for, where it waits.
        message: What is going to make it, where it is still to be made.
    """

    scope: Scope
    call: Invocation
    request: Request | None = None
    message: Message | None = None

    @property
    def causes(self) -> tuple[int, ...]:
        """Seq of what led to it so far."""
        seq = self.request.seq if self.request is not None else self.message.seq if self.message is not None else 0
        return (seq,) if seq else ()


class ForceComplete:
    """Finds calls and ends them.

    Args:
        core: The run.
        gate: What holds it.
    """

    def __init__(self, core: RunCore, gate: PauseController) -> None:
        self._core = core
        self._gate = gate

    def find(self, path: str) -> CallToComplete:
        """Find the call of a step to end.

        Args:
            path: The step.

        Returns:
            The call that waits for an answer, else the one that the next message to the step will make.

        Raises:
            EditingError: There is neither.
        """
        for request in self._core.requests.values():
            if request.invocation.slot.path == path and request.invocation.is_parked:
                return CallToComplete(request.invocation.scope, request.invocation, request)
        step_at(self._core, path)
        waits = False
        for scope, batch in self._gate.backlog.batches(self._gate.delivering()):
            for message in batch.left:
                if not _goes_to(scope, message, path):
                    continue
                waits = True
                call = batch.calls.get(message)
                if call is None:
                    continue
                if call.error is not None:
                    raise EditingError("payload_mismatch", f"{call.error}; edit the message first")
                return CallToComplete(scope, call, message=message)
        if waits:
            why = "its next message leads to no call yet: others are missing"
        elif any(_goes_to(scope, message, path) for scope in self._core.root.scopes() for message in scope.pending):
            why = "the message on its way to it is for the next superstep: step there first"
        else:
            why = "no message is on its way to it"
        raise EditingError("nothing_to_complete", f"{path} waits for no answer, and {why}")

    def put(self, target: CallToComplete, result: Any) -> Restore:
        """Have a call end as soon as the run goes on.

        Args:
            target: The call.
            result: What it is to return.

        Returns:
            What leaves it as it was.
        """
        core = self._core
        if target.message is not None:
            before = core.forced
            core.force(target.message, result)

            def forget() -> None:
                core.forced = before

            return forget
        request = target.request
        assert request is not None
        core.withdraw(request)
        core.put("answer", request, ForcedResult(result))
        entry = core.inputs[-1]

        def ask_again() -> None:
            core.inputs[:] = [given for given in core.inputs if given is not entry]
            asked = [*core.requests.values(), request]
            core.requests.clear()
            core.requests.update((r.id, r) for r in sorted(asked, key=lambda r: r.seq))

        return ask_again


def _goes_to(scope: Scope, message: Message, path: str) -> bool:
    step = message.route.step
    return step is not None and scope.prefix + step.name == path
