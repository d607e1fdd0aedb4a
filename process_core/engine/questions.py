"""Questions that functions ask outside, and the answers they go on with."""

import asyncio
from typing import Any

from process_core.engine.invocation import ForcedResult, Invocation, Request
from process_core.engine.stewardship import Stewardship
from process_core.errors import PayloadMismatchError
from process_core.payload_check import PayloadCheck


class Questions(Stewardship):
    """Lets functions wait for answers while the superstep goes on without them."""

    __slots__ = ()

    def park(self, invocation: Invocation) -> None:
        """Let the superstep go on without an invocation."""
        raise NotImplementedError

    def unpark(self, invocation: Invocation) -> None:
        """Make an invocation part of this superstep, or of the next one."""
        raise NotImplementedError

    def conclude(self, invocation: Invocation, result: Any) -> None:
        """End a parked call as if it had returned."""
        raise NotImplementedError

    async def ask(self, invocation: Invocation, prompt: Any, response_type: Any) -> Any:
        """Ask outside on behalf of an invocation; see `StepContext.request_info`."""
        if not self.check_open(invocation):
            raise asyncio.CancelledError
        number = invocation.asked
        invocation.asked += 1
        if invocation.replay and number in invocation.replay:
            try:
                answer = PayloadCheck(response_type)(invocation.replay.pop(number))
            except PayloadMismatchError as error:
                self.warn("answer_refused", f"{invocation} asks again, for its code has changed: {error}", invocation)
            else:
                invocation.answers = {**(invocation.answers or {}), number: answer}
                return answer
        request = self.run.open_request(invocation, prompt, response_type)
        invocation.requests += 1
        if not invocation.is_parked:
            self.park(invocation)
        try:
            return await request.future
        finally:
            if self.run.withdraw(request):
                self.answered(invocation)

    def give_answers(self, answers: list[tuple[Request, Any]]) -> None:
        """Let functions go on with the answers to their questions.

        Args:
            answers: Each question with its answer.
        """
        for request, value in answers:
            invocation = request.invocation
            if invocation.is_closed or request.future.done():
                continue
            if type(value) is ForcedResult:
                self.conclude(invocation, value.result)
                continue
            if self.run.recorder is not None:
                self.run.record_response(request, value, invocation.slot, self.superstep)
            invocation.answers = {**(invocation.answers or {}), request.number: value}
            request.future.set_result(value)
            self.answered(invocation)

    def answered(self, invocation: Invocation) -> None:
        """Note that one question of an invocation is open no more."""
        invocation.requests -= 1
        if not invocation.requests and invocation.is_parked and not invocation.is_closed:
            self.unpark(invocation)

    def close_requests(self, invocation: Invocation) -> None:
        """Withdraw the open questions of an invocation that has ended."""
        if invocation.requests:
            for request in [r for r in self.run.requests.values() if r.invocation is invocation]:
                self.run.withdraw(request)
                request.future.cancel()
            invocation.requests = 0
