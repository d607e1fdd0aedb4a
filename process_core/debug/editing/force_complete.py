"""Ends calls as if they had returned: those that wait for an answer, and those that are still to be made."""

from dataclasses import dataclass
from typing import Any, get_type_hints

from process_core.concealment import Concealment
from process_core.debug.editing.history import EditingError, Restore
from process_core.debug.editing.state import step_at
from process_core.debug.pause_controller import PauseController
from process_core.engine.records import ForcedResult, Invocation, Message, ProcessRecord, Request, RunRecord


@dataclass(frozen=True, slots=True)
class CallToComplete:
    """A call that may be ended by hand.

    Attributes:
        process: The process that its step belongs to.
        call: The call.
        request: What it waits for, where it waits.
        message: What is going to make it, where it is still to be made.
    """

    process: ProcessRecord
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
        run: The run.
        controller: What holds it.
    """

    def __init__(self, run: RunRecord, controller: PauseController) -> None:
        self._run = run
        self._controller = controller

    def find(self, path: str) -> CallToComplete:
        """Find the call of a step to end.

        Returns:
            The call that waits for an answer, else the one that the next message to the step will make.

        Raises:
            EditingError: There is neither.
        """
        for request in self._run.requests.values():
            if request.invocation.slot.path == path and request.invocation.is_parked:
                return CallToComplete(request.invocation.scope.process, request.invocation, request)
        step_at(self._run, path)
        waits = False
        for process, batch in self._controller.messages.batches(self._controller.delivering()):
            for message in batch.left:
                if not _goes_to(process, message, path):
                    continue
                waits = True
                call = batch.calls.get(message)
                if call is None:
                    continue
                if call.error is not None:
                    raise EditingError("payload_mismatch", f"{call.error}; edit the message first")
                return CallToComplete(process, call, message=message)
        if waits:
            why = "its next message leads to no call yet: others are missing"
        elif any(
            _goes_to(process, message, path) for process in self._run.root.processes() for message in process.pending
        ):
            why = "the message on its way to it is for the next superstep: step there first"
        else:
            why = "no message is on its way to it"
        raise EditingError("nothing_to_complete", f"{path} waits for no answer, and {why}")

    def put(self, target: CallToComplete, result: Any) -> Restore:
        """Make a call end as soon as the run goes on.

        Returns:
            What leaves it as it was.
        """
        run = self._run
        if target.message is not None:
            before = run.forced
            run.force(target.message, result)

            def forget() -> None:
                run.forced = before

            return forget
        request = target.request
        assert request is not None
        run.withdraw(request)
        run.driver.put("answer", request, ForcedResult(result))
        entry = run.inputs[-1]

        def ask_again() -> None:
            run.inputs[:] = [given for given in run.inputs if given is not entry]
            asked = [*run.requests.values(), request]
            run.requests.clear()
            run.requests.update((r.id, r) for r in sorted(asked, key=lambda r: r.seq))

        return ask_again


def concealed(target: CallToComplete, result: Any) -> Any:
    """Return a result with its secrets hidden, as the function and those who take it have them."""
    call = target.call
    step_class, function = call.slot.plan.spec.step_class, call.function
    try:
        wanted = get_type_hints(getattr(step_class, function.spec.method), include_extras=True).get("return", Any)
    except BaseException:  # noqa: BLE001 - annotations may name anything, and are only read
        wanted = Any
    routes = call.slot.plan.routes.get(function.result_id)
    result = Concealment(wanted)(result)
    return result if routes is None else routes.conceal(result)


def _goes_to(process: ProcessRecord, message: Message, path: str) -> bool:
    step = message.route.step
    return step is not None and process.prefix + step.name == path
