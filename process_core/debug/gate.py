"""The gate between messages and the functions they invoke: it closes at a breakpoint and opens by a verb."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from process_core.debug.breakpoints import Breakpoint
from process_core.debug.chronicle import Chronicle
from process_core.debug.course import Course, Verb, course_for
from process_core.debug.moments import is_within
from process_core.debug.points import PausePoint, PendingItem, Reason, pending_item
from process_core.debug.stops import Stop, Stops
from process_core.debug.watch import Watch
from process_core.engine.core import RunCore
from process_core.engine.inbox import Firing
from process_core.engine.invocation import Invocation, Message
from process_core.engine.scope import Scope


class _Comer:
    """A process that stands at the gate with a message, or with None at the end of its superstep."""

    __slots__ = ("message", "opened", "scope")

    def __init__(self, scope: Scope, message: Message | None, opened: "asyncio.Future[None]") -> None:
        self.scope = scope
        self.message = message
        self.opened = opened

    @property
    def is_pointless(self) -> bool:
        """Whether its message can never be delivered, since its process has failed or is gone."""
        return self.message is not None and (self.scope.failed is not None or self.scope.is_dead)


class DebugGate:
    """Holds messages back; all-stop: while it is closed, running functions finish and nothing new starts.

    Messages come one at a time per process, and pass one at a time altogether. Each is held against the breakpoints
    once, when it could pass, and then passes or is held; what was held is let through without another look.

    Attributes:
        core: The run.
        paused: Where the run is paused, or None.
    """

    def __init__(self, core: RunCore, watch: Watch, chronicle: Chronicle, changed: Callable[[], None]) -> None:
        self.core = core
        self.paused: PausePoint | None = None
        self._watch = watch
        self._chronicle = chronicle
        self._changed = changed
        self._course: Course | None = None
        self._stops = Stops(watch)
        self._left: dict[Scope, list[Message]] = {}
        self._waiting: dict[_Comer, None] = {}
        self._held: _Comer | None = None
        self._due: tuple[Stop | None, Reason] | None = None
        self._passing: _Comer | None = None
        self._origin: Scope | None = None
        self._ids = 0
        self._is_abandoned = False
        self._is_looking = False
        self._news: asyncio.Future[None] | None = None

    # What the engine calls.

    def take(self, scope: Scope, batch: list[Message]) -> None:
        """See the messages of a superstep that begins."""
        self._left[scope] = list(batch)

    def holds(self, batch: list[Message]) -> bool:
        """Whether any of these messages may have to wait; if not, the engine runs at full speed."""
        if self._course is not None or self._held is not None or self._passing is not None or self._stops:
            return True
        return self._watch.may_hold(batch)

    async def dispatch(self, scope: Scope, firings: list[Firing]) -> None:
        """Start the calls of a superstep, each when its message may be delivered."""
        calls = {id(message): invocation for message, invocation in firings}
        left = self._left[scope]
        try:
            while left:
                comer = await self._come(scope, left[0])
                try:
                    if self._is_abandoned or comer.is_pointless:
                        break
                    call = calls.get(id(left.pop(0)))
                    course = self._started_alone(call)
                    if call is not None:
                        scope.start(call)
                        await asyncio.sleep(0)  # it begins before anything else is decided
                finally:
                    self._passed(comer)
                if course is not None:
                    await self._run_alone(course)
        finally:
            self._left.pop(scope, None)

    async def settle(self, scope: Scope) -> None:
        """Pause before the superstep's end where something in it asked for that."""
        if self._held is not None or self._stops:
            await self._come(scope, None)

    async def opened(self) -> None:
        """Wait while the run is paused, before a call begins whose message was delivered while its step was busy."""
        while self._held is not None:
            await self.news()

    def abandon(self) -> None:
        """Hold nothing any more, since the run ends."""
        self._is_abandoned = True
        self.paused = self._held = self._course = self._due = None
        self._stops.clear()
        self._discard(self._left)
        for comer in self._waiting:
            if not comer.opened.done():
                comer.opened.set_result(None)
        self.tell()

    def ended(self, invocation: Invocation) -> None:
        """Note that a call ended."""
        if invocation.is_cancelled:
            self._discard(scope for scope in self._left if is_within(scope, invocation))
        elif invocation.failure is None:
            self._stops.see_completion(invocation)
        self.tell()

    def emitted(self, invocation: Invocation, event_id: str, data: Any, seq: int) -> None:
        """Note that an event was emitted."""
        self._stops.see_emission(invocation, event_id, data, seq)

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
        point, comer, origin = self.paused, self._held, self._origin
        assert point is not None
        assert comer is not None
        assert origin is not None
        self._chronicle.resumed(point, origin.superstep, verb)
        self.paused = None
        stop = self._stops.next()
        if stop is not None:  # every hit stops: nothing moves before each has been shown
            self._due = stop, "breakpoint"
            self._show()
            return
        self._held = None
        self._course = course_for(verb, origin)
        if not comer.opened.done():
            if comer.message is not None:
                self._passing = comer
            comer.opened.set_result(None)
        self.tell()

    def arm(self, reason: Reason) -> None:
        """Pause before the next message, unless it is paused.

        Args:
            reason: What the pause will give as its reason.
        """
        if self._held is None:
            self._course = Course(reason)
            self.tell()

    def run_to(self, cursor: Breakpoint) -> None:
        """Go on until before a message that fits, or until any other pause.

        Args:
            cursor: What fits.
        """
        self._show()
        self._watch.cursor = cursor
        if self.paused is not None:
            self.release("resume")
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
        return self._course is not None or self._due is not None or bool(self._stops)

    def pending(self) -> list[PendingItem]:
        """Give what is still to be delivered, in the order in which stepping delivers it."""
        waiting = [comer.scope for comer in self._waiting if comer.message is not None]
        if self._held is not None:
            waiting.insert(0, self._held.scope)
        items = []
        for scope in dict.fromkeys([*waiting, *reversed(self._left)]):
            items += [self._item(scope, message) for message in self._left.get(scope, ())]
        for scope in self.core.root.scopes():
            items += [self._item(scope, message) for message in scope.pending]
        for kind, subject, data in self.core.inputs:
            if kind == "event":
                items.append(PendingItem(0, subject, None, "", "", None, None, None, data))
        return items

    async def news(self) -> None:
        """Wait until something has changed."""
        if self._news is None:
            self._news = self.core.loop.create_future()
        await asyncio.shield(self._news)

    # Coming and passing.

    async def _come(self, scope: Scope, message: Message | None) -> _Comer:
        """Come back when a message may be delivered, or a superstep may end."""
        comer = _Comer(scope, message, self.core.loop.create_future())
        if not self._may_pass(comer):
            self._waiting[comer] = None
            try:
                await comer.opened
            except BaseException:
                self._passed(comer)
                self._lose(comer)
                raise
            finally:
                del self._waiting[comer]
        return comer

    def _may_pass(self, comer: _Comer) -> bool:
        """Let a message pass, let it wait, or pause before it."""
        if self._is_abandoned or comer.is_pointless:
            return True
        scope, message, course = comer.scope, comer.message, self._course
        if self._held is not None:  # only a failure, which starts nothing, goes on its way
            return message is None and scope.failed is not None and self._held is not comer
        if message is not None:
            if self._passing is not None or (course is not None and course.keeps_waiting(scope)):
                return False
            self._stops.see_message(scope, message)
        stop = self._stops.next()
        if stop is not None:
            self._close(comer, stop, "breakpoint")
            return False
        if message is not None:
            if course is not None and course.ends_before(scope):
                self._close(comer, None, course.reason)
                return False
            self._passing = comer
        return True

    def _passed(self, comer: _Comer) -> None:
        """Let the next message come, since this one has been delivered."""
        if self._passing is comer:
            self._passing = None
            self._look_again()

    def _look_again(self) -> None:
        """See soon who may pass now; a process that is just delivering comes first."""
        if self._waiting and not self._is_looking:
            self._is_looking = True
            self.core.loop.call_soon(self._look)

    def _look(self) -> None:
        self._is_looking = False
        for comer in tuple(self._waiting):
            if not comer.opened.done() and self._may_pass(comer):
                self._lose(comer)
                comer.opened.set_result(None)

    def _started_alone(self, call: Invocation | None) -> Course | None:
        """Give the course that delivers one message only, where this is the one."""
        course = self._course
        if call is None or course is None or not course.is_one_call or course.call is not None:
            return None
        course.call = call
        return course

    async def _run_alone(self, course: Course) -> None:
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

    def _close(self, comer: _Comer, hits: Stop | None, reason: Reason) -> None:
        """Close the gate; the run is paused as soon as what was let go before has begun."""
        self._held, self._due, self._course = comer, (hits, reason), None
        # A call begins in the turn of the loop after it was let go, and the elements of a map begin in the turn after.
        self.core.loop.call_soon(self.core.loop.call_soon, self._show)
        self.tell()

    def _show(self) -> None:
        """Be paused where the gate has been closed."""
        comer, due = self._held, self._due
        if comer is None or due is None:
            return
        hits, reason = due
        scope, message = comer.scope, comer.message
        item = self._item(scope, message) if message is not None else None
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

    def _lose(self, comer: _Comer) -> None:
        """Be paused no more before a message that can never be delivered; the pause moves on to the next one."""
        if self._held is comer:
            self.paused = self._held = self._due = None
            self.arm("pause")

    def _discard(self, scopes: Iterable[Scope]) -> None:
        """Say what will not be delivered, since its process ends."""
        for scope in list(scopes):
            lost = self._left[scope]
            if lost:
                self._chronicle.undelivered(scope, lost)
                lost.clear()

    def _item(self, scope: Scope, message: Message) -> PendingItem:
        if not message.id:
            self._ids += 1
            message.id = self._ids
        held = self._held
        is_held = held is not None and held.message is message
        return pending_item(message, scope.prefix, is_next=is_held)


def _has_gone_as_far_as_it_can(call: Invocation) -> bool:
    """Whether a call has ended, or waits for an answer, or for its turn behind a call that needs the gate to go on."""
    if call.is_closed or call.is_parked:
        return True
    current = call.slot.current
    return current is not call and (current is None or current.is_parked or not call.slot.plan.is_leaf)
