"""The gate between messages and the functions they invoke: it closes at a breakpoint and opens by a verb."""

import asyncio
import dataclasses
from collections.abc import Callable

from process_core.debug.breakpoint_index import BreakpointIndex
from process_core.debug.breakpoints import Breakpoint
from process_core.debug.debug_events import DebugEvents
from process_core.debug.debug_state import PausePoint, PendingItem, Reason
from process_core.debug.hit_queue import HitQueue, Stop
from process_core.debug.pending_messages import PendingMessages
from process_core.debug.stepping import SteppingGoal, Verb, stepping_goal
from process_core.engine.core import RunCore
from process_core.engine.crew import InvocationRunner
from process_core.engine.invocation import Invocation, Message
from process_core.engine.join_buffer import ReadyCall
from process_core.engine.scope import Scope
from process_core.engine.stewardship import Stewardship
from process_core.events import WorkflowEvent


class _WaitingDelivery:
    """A process at the gate, with a message or, at the end of its superstep, without one."""

    __slots__ = ("message", "opened", "scope")

    def __init__(self, scope: Scope, message: Message | None, opened: "asyncio.Future[None]") -> None:
        self.scope = scope
        self.message = message
        self.opened = opened

    @property
    def is_pointless(self) -> bool:
        """Whether its message can never be delivered, since its process has failed or is gone."""
        return self.message is not None and (self.scope.failed is not None or self.scope.is_dead)


class PauseController:
    """Holds messages back; all-stop: while it is closed, running functions finish and nothing new starts.

    Messages come one at a time per process, and pass one at a time altogether. Each is held against the breakpoints
    once, when it could pass, and then passes or is held; what was held is let through without another look.

    Attributes:
        core: The run.
        paused: Where the run is paused, or None.
        on_emitted: Takes note of what is emitted.
        backlog: What is still to be delivered.
        on_going_on: Called when the run goes on after a pause, and at every superstep while it is not paused.
        on_boundary: Called before each superstep's end; None where nobody waits for one.
    """

    def __init__(
        self, core: RunCore, watch: BreakpointIndex, chronicle: DebugEvents, changed: Callable[[], None]
    ) -> None:
        self.core = core
        self.paused: PausePoint | None = None
        self.on_boundary: Callable[[], None] | None = None
        self._watch = watch
        self._chronicle = chronicle
        self._changed = changed
        self._course: SteppingGoal | None = None
        self._stops = HitQueue(watch)
        self.on_emitted = self._stops.see_emission
        self.backlog = PendingMessages(core, chronicle)
        self.on_going_on: Callable[[], None] | None = None
        self._looked_at: set[Message] = set()
        self._waiting: dict[_WaitingDelivery, None] = {}
        self._held: _WaitingDelivery | None = None
        self._due: tuple[Stop | None, Reason] | None = None
        self._passing: _WaitingDelivery | None = None
        self._origin: Scope | None = None
        self._is_abandoned = False
        self._is_looking = False
        self._news: asyncio.Future[None] | None = None

    # What the engine calls.

    def take(self, scope: Scope, batch: list[Message]) -> None:
        """See the messages of a superstep that begins."""
        self.backlog.take(scope, batch)

    def holds(self, batch: list[Message]) -> bool:
        """Whether any of these messages may have to wait; if not, the engine runs at full speed."""
        if self.on_going_on is not None and self.paused is None:
            self.on_going_on()
        if self._course is not None or self._held is not None or self._passing is not None or self._stops.due:
            return True
        return self._watch.holds_messages and self._watch.may_hold(batch)

    async def dispatch(self, scope: Scope, firings: list[ReadyCall]) -> None:
        """Start the calls of a superstep, each when its message may be delivered."""
        batch = self.backlog.open(scope, firings)
        try:
            while batch.left:
                arrival = await self._come(scope, batch.left[0])
                try:
                    if self._is_abandoned or arrival.is_pointless:
                        break
                    call = batch.deliver()
                    course = self._started_alone(call)
                    if call is not None and not call.is_closed:  # new code may have no place for it
                        scope.start(call)
                        await asyncio.sleep(0)  # it begins before anything else is decided
                finally:
                    self._passed(arrival)
                if course is not None:
                    await self._run_alone(course)
        finally:
            batch.close()

    @property
    def has_to_settle(self) -> bool:
        """Whether a superstep that is about to end has to come to `settle` first."""
        return self._held is not None or bool(self._stops.due) or self.on_boundary is not None

    async def settle(self, scope: Scope) -> None:
        """Pause before the superstep's end where something in it asked for that."""
        if self._held is not None or self._stops.due:
            await self._come(scope, None)
        if self.on_boundary is not None:
            self.on_boundary()

    async def rest(self, root: Scope, *, ends: bool) -> None:
        """Pause before the run comes to rest, or ends, where something asked for that; all that is left over is told.

        Here and no earlier: only now it is known that nothing follows. Here and no later: the run is still in progress,
        so what is brought in while it is paused simply goes on, with no rest in between.
        """
        if self._stops.due:
            await self._come(root, None)
        if not ends and not root.has_work():  # what was brought in meanwhile puts the rest off
            self._stops.see_rest(root, self.core.recorder.seq if self.core.recorder is not None else 0)
            if self._stops.due:
                await self._come(root, None)

    async def opened(self) -> None:
        """Wait while the run is paused, before a call begins whose message was delivered while its step was busy."""
        while self._held is not None:
            await self.news()

    def abandon(self) -> None:
        """Hold nothing any more, since the run ends."""
        self._is_abandoned = True
        self.paused = self._held = self._course = self._due = None
        self._stops.clear()
        self.backlog.discard()
        for arrival in self._waiting:
            if not arrival.opened.done():
                arrival.opened.set_result(None)
        self.tell()

    def ended(self, invocation: Invocation) -> None:
        """Note that a call ended."""
        if invocation.is_cancelled:
            self.backlog.discard(within=invocation)
        elif invocation.failure is None:
            if self._watch.sees_completions or self._watch.stop_ids:
                self._stops.see_completion(invocation)
        else:
            self._stops.see_failure(invocation)
        self.tell()

    def warned(self, crew: Stewardship, event: WorkflowEvent) -> None:
        """Note that a warning was given."""
        assert isinstance(crew, InvocationRunner)
        self._stops.see_warning(crew, event)

    def tell(self) -> None:
        """Note that something has changed, for those who wait and those who watch."""
        if self._news is not None:
            news, self._news = self._news, None
            news.set_result(None)
        if self._waiting:
            self._look_again()
        self._changed()

    # What the debugger calls.

    def release(self, verb: Verb) -> None:
        """Open the gate.

        Args:
            verb: How far: `resume` to the next breakpoint, `step` over one message, `next` to the next superstep,
                `into` the nested process that the message goes to, `out` of the nested process paused in.
        """
        point, arrival, origin = self.paused, self._held, self._origin
        assert point is not None
        assert arrival is not None
        assert origin is not None
        self._chronicle.resumed(point, origin.superstep, verb)
        self.paused = None
        if self.on_going_on is not None:
            self.on_going_on()
        if arrival.message is not None and arrival.message not in self._looked_at:  # another one was put first by hand
            self._looked_at.add(arrival.message)
            self._stops.see_message(arrival.scope, arrival.message)
        stop = self._stops.next()
        if stop is not None:  # every hit stops: nothing moves before each has been shown
            self._due = stop, "breakpoint"
            self._show()
            return
        self._held = None
        self._course = stepping_goal(verb, origin)
        if not arrival.opened.done():
            if arrival.message is not None:
                self._passing = arrival
            arrival.opened.set_result(None)
        self.tell()

    def arm(self, reason: Reason) -> None:
        """Pause before the next message, unless it is paused.

        Args:
            reason: What the pause will give as its reason.
        """
        if self._held is None:
            self._course = SteppingGoal(reason)
            self.tell()

    def run_to(self, cursor: Breakpoint) -> None:
        """Go on until before a message that fits, or until any other pause.

        Args:
            cursor: What fits.
        """
        self._show()
        self._watch.cursor = cursor
        if self.paused is not None:
            self.release("continue")
        else:
            self._course = None
            self.tell()

    @property
    def is_pausing(self) -> bool:
        """Whether a pause was asked for and has not come yet."""
        return self._course is not None and self._course.reason == "pause"

    @property
    def is_armed(self) -> bool:
        """Whether a pause is on its way."""
        return self._course is not None or self._due is not None or bool(self._stops.due)

    def pending(self) -> list[PendingItem]:
        """Give what is still to be delivered, in the order in which stepping delivers it."""
        return self.backlog.items(self.delivering(), self._held.message if self._held is not None else None)

    def delivering(self) -> list[Scope]:
        """Give the processes with a message at the gate, in the order in which stepping delivers them."""
        waiting = [arrival.scope for arrival in self._waiting if arrival.message is not None]
        return waiting if self._held is None else [self._held.scope, *waiting]

    def requeued(self, scope: Scope) -> None:
        """Take note that the messages of a process were changed by hand: another one may be the next.

        Args:
            scope: The process.
        """
        batch = self.backlog.of(scope)
        if batch is None or not batch.is_open:
            return
        for arrival in self._waiting:
            if arrival.scope is not scope:
                continue
            arrival.message = batch.left[0] if batch.left else None
            if arrival is self._held and self.paused is not None:
                item = self.backlog.item(scope, batch.left[0], batch.left[0]) if batch.left else None
                seq, path = (item.seq, item.target) if item is not None else (None, scope.prefix[:-1])
                self.paused = dataclasses.replace(self.paused, message=item, seq=seq, path=path)
        self.tell()

    def renewed(self) -> None:
        """Take note that the code of the run is new: there may be no place any more for what was to be delivered."""
        for scope in self.backlog.renew():
            self.requeued(scope)

    async def news(self) -> None:
        """Wait until something has changed."""
        if self._news is None:
            self._news = self.core.loop.create_future()
        await asyncio.shield(self._news)

    # Coming and passing.

    async def _come(self, scope: Scope, message: Message | None) -> _WaitingDelivery:
        """Come back when a message may be delivered, or a superstep may end."""
        arrival = _WaitingDelivery(scope, message, self.core.loop.create_future())
        if not self._may_pass(arrival):
            self._waiting[arrival] = None
            try:
                await arrival.opened
            except BaseException:
                self._passed(arrival)
                self._lose(arrival)
                raise
            finally:
                del self._waiting[arrival]
        return arrival

    def _may_pass(self, arrival: _WaitingDelivery) -> bool:
        """Let a message pass, let it wait, or pause before it."""
        if self._is_abandoned or arrival.is_pointless:
            return True
        scope, message, course = arrival.scope, arrival.message, self._course
        if self._held is not None:  # only a failure, which starts nothing, goes on its way
            return message is None and scope.failed is not None and self._held is not arrival
        if message is not None:
            if self._passing is not None or (course is not None and course.keeps_waiting(scope)):
                return False
            if message not in self._looked_at:
                self._stops.see_message(scope, message)
        stop = self._stops.next()
        if stop is not None:
            self._close(arrival, stop, "breakpoint")
            return False
        if message is not None:
            if course is not None and course.ends_before(scope):
                self._close(arrival, None, course.reason)
                return False
            self._passing = arrival
        return True

    def _passed(self, arrival: _WaitingDelivery) -> None:
        """Let the next message come, since this one has been delivered."""
        if arrival.message is not None:
            self._looked_at.discard(arrival.message)
        if self._passing is arrival:
            self._passing = None
            self._look_again()

    def _look_again(self) -> None:
        """See soon who may pass now; a process that is just delivering comes first."""
        if self._waiting and not self._is_looking:
            self._is_looking = True
            self.core.loop.call_soon(self._look)

    def _look(self) -> None:
        self._is_looking = False
        for arrival in tuple(self._waiting):
            if not arrival.opened.done() and self._may_pass(arrival):
                self._lose(arrival)
                arrival.opened.set_result(None)

    def _started_alone(self, call: Invocation | None) -> SteppingGoal | None:
        """Give the course that delivers one message only, where this is the one."""
        course = self._course
        if call is None or course is None or not course.is_one_call or course.call is not None:
            return None
        course.call = call
        return course

    async def _run_alone(self, course: SteppingGoal) -> None:
        """Wait until the call that was stepped over has ended, or waits itself, or is overtaken by a pause."""
        call = course.call
        assert call is not None
        try:
            while self._course is course and not _has_gone_as_far_as_it_can(call):
                await self.news()
        finally:
            course.call = None
            self._look_again()

    # Pausing.

    def _close(self, arrival: _WaitingDelivery, hits: Stop | None, reason: Reason) -> None:
        """Close the gate; the run is paused as soon as what was let go before has begun."""
        self._held, self._due, self._course = arrival, (hits, reason), None
        if arrival.message is not None:
            self._looked_at.add(arrival.message)
        # A call begins in the turn of the loop after it was let go, and the elements of a map begin in the turn after.
        self.core.loop.call_soon(self.core.loop.call_soon, self._show)
        self.tell()

    def _show(self) -> None:
        """Be paused where the gate has been closed."""
        arrival, due = self._held, self._due
        if arrival is None or due is None:
            return
        hits, reason = due
        scope, message = arrival.scope, arrival.message
        item = self.backlog.item(scope, message, message) if message is not None else None
        seq, path = (item.seq, item.target) if item is not None else (None, "")
        self._origin = scope
        point = None
        if hits is not None:
            moment = hits[0].moment
            seq, path, self._origin = moment.seq or None, moment.path, moment.process
            shown = [hit for hit in hits if hit.breakpoint is not self._watch.cursor]
            for hit in shown:
                self._chronicle.hit(hit)
            point = shown[0].breakpoint if shown else None
            reason = "breakpoint" if shown else "run_to"
        self.paused = PausePoint(reason, item, point, seq, path)
        self._due = self._watch.cursor = None
        self._chronicle.paused(self.paused, self._origin.superstep)
        self.tell()

    def _lose(self, arrival: _WaitingDelivery) -> None:
        """Be paused no more before a message that can never be delivered; the pause moves on to the next one."""
        if self._held is arrival:
            self.paused = self._held = self._due = None
            self.arm("pause")


def _has_gone_as_far_as_it_can(call: Invocation) -> bool:
    """Whether a call has ended, or waits for an answer, or for its turn behind a call that needs the gate to go on."""
    if call.is_closed or call.is_parked:
        return True
    current = call.slot.current
    return current is not call and (current is None or current.is_parked or not call.slot.plan.is_leaf)
