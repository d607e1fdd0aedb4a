"""What becomes of invocations, as the run's events tell it: begun, completed, failed, cancelled, and what is lost."""

from typing import Any

from process_core.engine.invocation import UNSET, Invocation
from process_core.engine.questions import Questions
from process_core.engine.recorder import snapshot_arguments
from process_core.engine.step_instance import StepInstance
from process_core.errors import PayloadMismatchError


class Outcomes(Questions):
    """Records how invocations begin and end."""

    __slots__ = ()

    def _announce(self, slot: StepInstance, invocation: Invocation) -> None:
        run = self.run
        function = invocation.function
        invocation.is_started = True
        recorder = run.recorder
        if recorder is not None:
            invocation.given = snapshot_arguments(invocation.arguments)
            messages = invocation.messages
            last = messages[-1] if messages else None
            invocation.seq = recorder.record(
                "executor_invoked",
                slot.path,
                slot.plan.name,
                function.name,
                self.superstep,
                invocation.given,
                last.event_id if last else None,
                tuple([m.seq for m in messages]) if last else invocation.causes,
                last.route.id if last else None,
                {"resumes": invocation.resumes} if invocation.resumes else None,
            )
        if run.on_invoked is not None:
            run.on_invoked(invocation)

    def _complete(self, invocation: Invocation, result: Any) -> None:
        invocation.is_closed = True
        invocation.result = result
        if self.run.on_completing is not None:
            self.run.on_completing(invocation)
        recorder = self.run.recorder
        if recorder is not None:
            slot = invocation.slot
            invocation.result_seq = recorder.record(
                "executor_completed",
                slot.path,
                slot.plan.name,
                invocation.function.name,
                self.superstep,
                result,
                invocation.function.result_id,
                (invocation.seq,),
            )
        if self.run.on_ended is not None:
            self.run.on_ended(invocation)

    def _tell_failed(self, invocation: Invocation, error: BaseException) -> None:
        recorder, failure, slot = self.run.recorder, invocation.failure, invocation.slot
        if recorder is None or failure is None:
            return
        code = (
            "payload_mismatch"
            if isinstance(error, PayloadMismatchError) and not invocation.is_started
            else "step_failed"
        )
        first = invocation.messages[0] if invocation.messages else None
        invocation.result_seq = recorder.record(
            "executor_failed",
            slot.path,
            slot.plan.name,
            invocation.function.name,
            self.superstep,
            invocation.given,
            invocation.function.error_id,
            (invocation.seq,) if invocation.is_started else tuple(m.seq for m in invocation.messages),
            first.route.id if first and not invocation.is_started else None,
            {"code": code, "type": failure.type, "message": failure.message, "traceback": failure.traceback},
        )

    def _tell_cancelled(self, invocation: Invocation) -> None:
        recorder, slot = self.run.recorder, invocation.slot
        if recorder is not None and invocation.is_started:
            recorder.record(
                "executor_cancelled", slot.path, slot.plan.name, invocation.function.name, self.superstep,
                invocation.given, None, (invocation.seq,),
            )  # fmt: skip

    def _undo(self, invocation: Invocation) -> None:
        if invocation.saved_state is not UNSET:
            invocation.slot.undo(invocation.saved_state)
        if self.run.on_broken_off is not None:
            self.run.on_broken_off(invocation)

    def _discard_emissions(self, invocation: Invocation, why: str = "it did not complete") -> None:
        if invocation.emissions or invocation.outputs:
            lost = [e.event_id for e in invocation.emissions] + ["output"] * len(invocation.outputs or ())
            self.warn(
                "discarded_emissions",
                f"what {invocation} emitted goes nowhere, since {why}: {', '.join(lost)}",
                invocation,
                events=lost,
            )
            invocation.emissions = []
            invocation.outputs = None
