"""The gate between messages and the calls they lead to: it closes at a breakpoint and opens by a verb."""

import asyncio
import dataclasses
import logging
from collections import deque
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from time import monotonic

from process_core.debug.breakpoint_index import BreakpointIndex, HitQueue, Hits
from process_core.debug.breakpoints import Breakpoint
from process_core.debug.debug_events import DebugEvents
from process_core.debug.debug_state import PausePoint, PendingMessage, Reason
from process_core.debug.occurrence import from_element
from process_core.debug.pending_messages import PendingMessages
from process_core.debug.stepping import SteppingGoal, Verb, stepping_goal
from process_core.engine.compiled import CompiledFunction
from process_core.engine.instrument import SLICE_SECONDS, TURNS
from process_core.engine.join_buffer import ReadyCall
from process_core.engine.records import CallScope, Invocation, MapRecord, Message, ProcessRecord, RunRecord
from process_core.events import WorkflowEvent
from process_core.runfile.query.globs import without_index

_log = logging.getLogger("process_core")


class ChangeListener:
    """Who is informed whenever something that a screen shows has changed.

    Attributes:
        call: What to call; None where nobody looks on.
    """

    __slots__ = ("call",)

    def __init__(self) -> None:
        self.call: Callable[[], None] | None = None

    def notify(self) -> None:
        """Call it."""
        if self.call is not None:
            try:
                self.call()
            except Exception:  # noqa: BLE001 - the fault of a screen must not reach the run
                _log.exception("what a debugger calls on a change has failed; the run goes on")


class _WaitingDelivery:
    """Who is at the gate: a process with a message, a map with an element, or a process at the end of its superstep."""

    __slots__ = ("obeys_goal", "opened", "scope", "starts")

    def __init__(
        self,
        scope: CallScope,
        starts: Message | Invocation | None,
        opened: "asyncio.Future[None]",
        *,
        obeys_pause: bool,
    ) -> None:
        self.scope = scope
        self.starts = starts
        self.opened = opened
        self.obeys_goal = obeys_pause or starts is not None

    @property
    def is_pointless(self) -> bool:
        """Whether what it brings can never begin, since its process or map has failed or is gone."""
        if self.starts is None:
            return False
        scope, parent = self.scope, self.scope.parent
        return scope.failed is not None or scope.process.is_dead or (parent is not None and parent.is_cancelled)


class PauseController:
    """Holds messages back; all-stop: while it is closed, running functions finish and nothing new starts.

    Messages come one at a time per process, elements one at a time per map, and pass one at a time altogether. Each is
    held against the breakpoints once, when it could pass, and then passes or is held; what was held is let through
    without another look.

    Attributes:
        paused: Where the run is paused, or None.
        messages: What is still to be delivered.
        on_continue: Called when the run goes on after a pause, and at every superstep while it is not paused.
        has_to_settle: Whether a superstep that is about to end may have to come to `settle` first. Kept and not worked
            out: the engine asks at every superstep.
    """

    def __init__(
        self, run: RunRecord, index: BreakpointIndex, debug_events: DebugEvents, listener: ChangeListener
    ) -> None:
        self._run = run
        self.paused: PausePoint | None = None
        self._on_boundary: Callable[[], None] | None = None
        self._index = index
        self._debug_events = debug_events
        self._listener = listener
        self._goal: SteppingGoal | None = None
        self._hits = HitQueue(run, index, self._settle_soon)
        self.has_to_settle = False
        index.on_arranged = self._arranged
        self._arranged()
        self.messages = PendingMessages(run, debug_events)
        self.on_continue: Callable[[], None] | None = None
        self._looked_at: set[Message | Invocation] = set()
        self._elements: dict[MapRecord, deque[Invocation]] = {}
        self._waiting: dict[_WaitingDelivery, None] = {}
        self._held: _WaitingDelivery | None = None
        self._due: tuple[Hits | None, Reason] | None = None
        self._passing: _WaitingDelivery | None = None
        self._origin: CallScope | None = None
        self._is_abandoned = False
        self._is_looking = False
        self._news: asyncio.Future[None] | None = None

    # What the engine calls.

    def take(self, process: ProcessRecord, batch: Sequence[Message]) -> None:
        """See the messages of a superstep that begins."""
        self.messages.take(process, batch)

    def holds(self, batch: Sequence[Message]) -> bool:
        """Whether any of these messages may have to wait; if not, the engine runs at full speed."""
        if self.on_continue is not None and self.paused is None:
            self.on_continue()
        if self._goal is not None or self._held is not None or self._passing is not None or self._hits.due:
            return True
        if self._index.holds_messages:
            unheld = self._index.unheld
            for message in batch:  # here and not in a method of the index: this is asked at every superstep
                if (message.route, message.event_id) not in unheld:
                    return self._index.may_hold(batch)
        return False

    async def dispatch(
        self, process: ProcessRecord, ready: list[ReadyCall], start: Callable[[Invocation], None]
    ) -> None:
        """Start the calls of a batch, each when its message may be delivered."""
        batch = self.messages.open(process, ready)
        try:
            while batch.left and await self._let_begin(process, batch.left[0], batch.deliver, start):
                pass
        finally:
            batch.close()

    def holds_elements(self, record: MapRecord) -> bool:
        """Whether any element of a map that begins may have to wait."""
        if self._goal is not None or self._held is not None or self._passing is not None or self._hits.due:
            return True
        step = record.slot.plan.element
        return self._index.holds_messages and step is not None and bool(self._index.before_elements(step))

    async def dispatch_elements(self, record: MapRecord, start: Callable[[Invocation], None]) -> None:
        """Start the calls of a map's elements, each when it may begin."""
        left = self._elements[record] = deque(call for call in record.calls if not call.is_closed)
        try:
            while left and await self._let_begin(record, left[0], left.popleft, start):
                pass
        finally:
            del self._elements[record]

    async def _let_begin(
        self,
        scope: CallScope,
        starts: Message | Invocation,
        take: Callable[[], Invocation | None],
        start: Callable[[Invocation], None],
    ) -> bool:
        """Start the call of a message or element when it may begin; False where it is not to begin any more.

        Args:
            scope: Where it is.
            starts: The message or element.
            take: Takes it out of what waits, and returns the call to start, if it leads to one.
            start: Starts a call.
        """
        delivery = await self._come(scope, starts)
        try:
            if self._is_abandoned or delivery.is_pointless:
                return False
            call = take()
            goal = self._started_alone(call)
            if call is not None and not call.is_closed:  # new code may have no place for it
                await _begin(call, start)
        finally:
            self._passed(delivery)
        if goal is not None:
            await self._run_alone(goal)
        return True

    async def settle(self, process: ProcessRecord) -> None:
        """Pause before the superstep's end where something in it asked for that."""
        if self._index.watches:
            self._hits.see_states(process)
        if self._held is not None or self._hits.due:
            await self._come(process, None)
        if self._on_boundary is not None:
            self._on_boundary()
        is_due = self._held is not None or bool(self._hits.due)
        self.has_to_settle = is_due or self._on_boundary is not None or bool(self._index.watches)

    def at_boundary(self, call: Callable[[], None] | None) -> None:
        """Call something before each superstep's end; None calls nothing."""
        self._on_boundary = call
        self._settle_soon()

    def _settle_soon(self) -> None:
        self.has_to_settle = True

    def _arranged(self) -> None:
        """Let the engine come by for what the breakpoints are about now."""
        if self._index.watches:
            self._settle_soon()
        others = tuple(hook for hook in self._run.event_emitted if hook != self._hits.see_emission)
        self._run.event_emitted = (*others, self._hits.see_emission) if self._index.sees_emissions else others

    async def before_idle(self, root: ProcessRecord, *, ends: bool) -> None:
        """Pause before the run becomes idle, or ends, where something asked for that; what is left over is reported.

        Here and no earlier: only now it is known that nothing follows. Here and no later: the run is still in progress,
        so what is brought in while it is paused simply goes on, without being idle in between.
        """
        if self._hits.due:
            await self._come(root, None)
        if not ends and not self._run.driver.has_work():  # else what was brought in meanwhile goes on
            self._hits.see_idle(root, self._run.recorder.seq if self._run.recorder is not None else 0)
            if self._hits.due:
                await self._come(root, None)

    async def opened(self, scope: CallScope) -> None:
        """Pause where that is asked for, before a call begins whose message was delivered; wait while it is paused."""
        if self.is_pausing and self._held is None:
            await self._come(scope, None, obeys_pause=True)
        while self._held is not None:
            await self.news()

    def abandon(self) -> None:
        """Hold nothing any more, since the run ends."""
        self._is_abandoned = True
        self.paused = self._held = self._goal = self._due = None
        self._hits.clear()
        self.messages.discard()
        for delivery in self._waiting:
            if not delivery.opened.done():
                delivery.opened.set_result(None)
        self.notify()

    def ended(self, invocation: Invocation) -> None:
        """Note that a call ended."""
        if invocation.is_cancelled:
            self.messages.discard(within=invocation)
        elif invocation.failure is None:
            self._hits.see_completion(invocation)
        else:
            self._hits.see_failure(invocation)
        if self._run.wants_progress:
            self.notify()

    @property
    def unconcerned(self) -> AbstractSet[CompiledFunction]:
        """Functions that need not come to `ended` when they complete and nobody waits; it changes as breakpoints do."""
        return self._index.unconcerned

    def note_states(self) -> None:
        """Take what watchpoints look at as it is now."""
        self._hits.note_states()

    def warned(self, scope: CallScope, event: WorkflowEvent) -> None:
        """Hold a warning against the breakpoints."""
        self._hits.see_warning(scope, event)

    def notify(self) -> None:
        """Note that something has changed, for those who wait and those who index."""
        if self._news is not None:
            news, self._news = self._news, None
            news.set_result(None)
        if self._waiting:
            self._look_again()
        if self._listener.call is not None:
            self._listener.notify()
        self._run.wants_progress = bool(self._waiting) or self._listener.call is not None

    # What the debugger calls.

    def listened(self) -> None:
        """Take note that another listener is informed of changes from now on, or none."""
        self._run.wants_progress = True

    def release(self, verb: Verb) -> None:
        """Open the gate.

        Args:
            verb: How far: `continue` to the next breakpoint, `step` over one message, `next` to the next superstep,
                `into` the nested process that the message goes to, `out` of the nested process paused in.
        """
        point, delivery, origin = self.paused, self._held, self._origin
        assert point is not None
        assert delivery is not None
        assert origin is not None
        self._debug_events.resumed(point, origin.superstep, verb)
        self.paused = None
        if self.on_continue is not None:
            self.on_continue()
        if delivery.starts is not None and delivery.starts not in self._looked_at:  # another was put first by hand
            self._looked_at.add(delivery.starts)
            self._look_at(delivery)
        stop = self._hits.next()
        if stop is not None:  # every hit stops: nothing moves before each has been shown
            self._due = stop, "breakpoint"
            self._show()
            return
        self._held = None
        self._goal = stepping_goal(verb, origin)
        if not delivery.opened.done():
            if delivery.starts is not None:
                self._passing = delivery
            delivery.opened.set_result(None)
        self.notify()

    def arm(self, reason: Reason) -> None:
        """Pause before the next message, unless it is paused.

        Args:
            reason: What the pause will give as its reason.
        """
        if self._held is None:
            self._goal = SteppingGoal(reason)
            self.notify()

    def run_to(self, cursor: Breakpoint) -> None:
        """Go on until before a message that fits, or until any other pause."""
        self._show()
        self._index.cursor = cursor
        if self.paused is not None:
            self.release("continue")
        else:
            self._goal = None
            self.notify()

    @property
    def is_pausing(self) -> bool:
        """Whether a pause was asked for and has not come yet."""
        return self._goal is not None and self._goal.reason == "pause"

    @property
    def is_pause_due(self) -> bool:
        """Whether a pause is on its way."""
        return self._goal is not None or self._due is not None or bool(self._hits.due)

    def pending(self) -> list[PendingMessage]:
        """Return what is still to be delivered, in the order in which stepping delivers it."""
        held = self._held.starts if self._held is not None else None
        items = self.messages.items(self.delivering(), held if isinstance(held, Message) else None)
        elements = [self._element(call, held) for calls in self._elements.values() for call in calls]
        elements.sort(key=lambda item: not item.next)
        place = 1 if isinstance(held, Message) else 0
        return [*items[:place], *elements, *items[place:]]

    def count_pending(self) -> int:
        """Return how many are `pending`."""
        return self.messages.count(self.delivering()) + sum(map(len, self._elements.values()))

    def _element(self, call: Invocation, held: Message | Invocation | None) -> PendingMessage:
        """Describe an element of a map that has not begun; it has no number, since it cannot be changed by itself."""
        occurrence = from_element(call.scope, call)
        return PendingMessage(
            0, occurrence.event_id, occurrence.seq or None, without_index(occurrence.path), occurrence.path,
            occurrence.function, call.function.spec.mapped.name, next=call is held, data=occurrence.data,
        )  # fmt: skip

    def delivering(self) -> list[ProcessRecord]:
        """Return the processes with a message at the gate, in the order in which stepping delivers them."""
        first = [self._held] if self._held is not None else []
        waiting = [delivery for delivery in self._waiting if isinstance(delivery.starts, Message)]
        return [delivery.scope.process for delivery in (*first, *waiting)]

    def requeued(self, process: ProcessRecord) -> None:
        """Take note that the messages of a process were changed by hand: another one may be the next."""
        batch = self.messages.of(process)
        if batch is None or not batch.is_open:
            return
        for delivery in self._waiting:
            if delivery.scope is not process:
                continue
            delivery.starts = batch.left[0] if batch.left else None
            if delivery is self._held and self.paused is not None:
                item = self.messages.item(process, batch.left[0], batch.left[0]) if batch.left else None
                self.paused = dataclasses.replace(self.paused, message=item)
                if not self.paused.about:
                    seq, path = (item.seq, item.target) if item is not None else (None, process.prefix[:-1])
                    self.paused = dataclasses.replace(self.paused, seq=seq, path=path)
        self.notify()

    def code_swapped(self) -> None:
        """Take note that the code of the run is new: there may be no place any more for what was to be delivered."""
        for process in self.messages.code_swapped():
            self.requeued(process)

    async def news(self) -> None:
        """Wait until something has changed."""
        if self._news is None:
            self._news = self._run.loop.create_future()
            self._run.wants_progress = True
        await asyncio.shield(self._news)

    # Coming and passing.

    async def _come(
        self, scope: CallScope, starts: Message | Invocation | None, *, obeys_pause: bool = False
    ) -> _WaitingDelivery:
        """Come back when a message may be delivered, an element may begin, or a superstep may end or go on."""
        delivery = _WaitingDelivery(scope, starts, self._run.loop.create_future(), obeys_pause=obeys_pause)
        if not self._may_pass(delivery):
            self._waiting[delivery] = None
            self._run.wants_progress = True
            try:
                await delivery.opened
            except BaseException:
                self._passed(delivery)
                self._lose(delivery)
                raise
            finally:
                del self._waiting[delivery]
        return delivery

    def _may_pass(self, delivery: _WaitingDelivery) -> bool:
        """Let a message or an element pass, let it wait, or pause before it."""
        if self._is_abandoned or delivery.is_pointless:
            return True
        scope, starts, goal = delivery.scope, delivery.starts, self._goal
        if self._held is not None:  # only a failure, which starts nothing, goes on its way
            return starts is None and scope.failed is not None and self._held is not delivery
        if starts is not None:
            if self._passing is not None or (goal is not None and goal.keeps_waiting(scope)):
                return False
            if starts not in self._looked_at:
                self._look_at(delivery)
        stop = self._hits.next()
        if stop is not None:
            self._close(delivery, stop, "breakpoint")
            return False
        if delivery.obeys_goal and goal is not None and goal.ends_before(scope):
            self._close(delivery, None, goal.reason)
            return False
        if starts is not None:
            self._passing = delivery
        return True

    def _look_at(self, delivery: _WaitingDelivery) -> None:
        """Hold what is at the gate against the breakpoints."""
        scope, starts = delivery.scope, delivery.starts
        if isinstance(starts, Message):
            self._hits.see_message(scope.process, starts)
        elif isinstance(starts, Invocation) and isinstance(scope, MapRecord):
            self._hits.see_element(scope, starts)

    def _passed(self, delivery: _WaitingDelivery) -> None:
        """Let the next one come, since this one has begun."""
        if delivery.starts is not None:
            self._looked_at.discard(delivery.starts)
        if self._passing is delivery:
            self._passing = None
            self._look_again()

    def _look_again(self) -> None:
        """See soon who may pass now; a process that is just delivering comes first."""
        if self._waiting and not self._is_looking:
            self._is_looking = True
            self._run.loop.call_soon(self._look)

    def _look(self) -> None:
        self._is_looking = False
        for delivery in tuple(self._waiting):
            if not delivery.opened.done() and self._may_pass(delivery):
                self._lose(delivery)
                delivery.opened.set_result(None)

    def _started_alone(self, call: Invocation | None) -> SteppingGoal | None:
        """Return the goal that delivers one message only, where this is the one."""
        goal = self._goal
        if call is None or goal is None or not goal.is_one_call or goal.call is not None:
            return None
        goal.call = call
        return goal

    async def _run_alone(self, goal: SteppingGoal) -> None:
        """Wait until the call that was stepped over has ended, or waits itself, or is overtaken by a pause."""
        call = goal.call
        assert call is not None
        try:
            while self._goal is goal and not _has_gone_as_far_as_it_can(call):
                await self.news()
        finally:
            goal.call = None
            self._look_again()

    # Pausing.

    def _close(self, delivery: _WaitingDelivery, hits: Hits | None, reason: Reason) -> None:
        """Close the gate; the run is paused as soon as what was let go before has begun."""
        self._held, self._due, self._goal = delivery, (hits, reason), None
        self._settle_soon()
        if delivery.starts is not None:
            self._looked_at.add(delivery.starts)
        # A call begins in the turn of the loop after it was let go, and what is inside a map comes in the turn after.
        self._run.loop.call_soon(self._run.loop.call_soon, self._show)
        self.notify()

    def _show(self) -> None:
        """Be paused where the gate has been closed."""
        delivery, due = self._held, self._due
        if delivery is None or due is None:
            return
        hits, reason = due
        scope, starts = delivery.scope, delivery.starts
        item = None
        if isinstance(starts, Message):
            item = self.messages.item(scope.process, starts, starts)
        elif starts is not None:
            item = self._element(starts, starts)
        seq, path, function = (item.seq, item.target, item.function) if item is not None else (None, "", None)
        about = ""
        self._origin = scope
        point = None
        if hits is not None:
            occurrence = hits[0].occurrence
            seq, path, self._origin = occurrence.seq or None, occurrence.path, occurrence.scope
            function, about = occurrence.function, str(occurrence)
            shown = [hit for hit in hits if hit.breakpoint is not self._index.cursor]
            for hit in shown:
                self._debug_events.hit(hit)
            point = shown[0].breakpoint if shown else None
            reason = "breakpoint" if shown else "run_to"
        self.paused = PausePoint(reason, item, seq, path, point.id if point is not None else None, about, function)
        self._due = self._index.cursor = None
        self._debug_events.paused(self.paused, self._origin.superstep)
        self.notify()

    def _lose(self, delivery: _WaitingDelivery) -> None:
        """Be paused no more before a message that can never be delivered; the pause moves on to the next one."""
        if self._held is delivery:
            self.paused = self._held = self._due = None
            self.arm("pause")


async def _begin(call: Invocation, start: Callable[[Invocation], None]) -> None:
    """Let a call begin before anything else is decided; where it takes long, others get their turns (rule 40)."""
    since = monotonic()
    start(call)
    await asyncio.sleep(0)
    if monotonic() - since > SLICE_SECONDS:
        for _ in range(TURNS):
            await asyncio.sleep(0)


def _has_gone_as_far_as_it_can(call: Invocation) -> bool:
    """Whether a call has ended, or waits for an answer, or for its turn behind a call that needs the gate to go on."""
    if call.is_closed or call.is_parked:
        return True
    current = call.slot.current
    return current is not call and (current is None or current.is_parked or not call.slot.plan.is_leaf)
