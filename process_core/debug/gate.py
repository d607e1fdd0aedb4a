"""The gate between messages and the functions they invoke: it closes at a breakpoint and opens by a verb."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Literal

from process_core.debug.breakpoints import Breakpoint
from process_core.debug.points import PausePoint, PendingItem, Reason, pending_item
from process_core.engine.core import RunCore
from process_core.engine.inbox import Firing
from process_core.engine.invocation import Invocation, Message
from process_core.engine.scope import Scope
from process_core.events import NO_DATA

Verb = Literal["resume", "step", "next", "into", "out"]


class DebugGate:
    """Holds messages back; all-stop: while it is closed, running functions finish and nothing new starts.

    Attributes:
        core: The run.
        breakpoints: All of them, by id.
        paused: Where the run is paused, or None.
    """

    def __init__(self, core: RunCore, breakpoints: dict[int, Breakpoint], changed: Callable[[], None]) -> None:
        self.core = core
        self.breakpoints = breakpoints
        self.paused: PausePoint | None = None
        self._changed = changed
        self._mode: Reason | None = None
        self._from: Scope | None = None
        self._superstep = 0
        self._over = ""
        self._held: Message | None = None
        self._let_through: Message | None = None
        self._stop: tuple[Breakpoint, PausePoint] | None = None
        self._left: dict[Scope, list[Message]] = {}
        self._ids = 0
        self._is_abandoned = False
        self._news: asyncio.Future[None] | None = None

    # What the engine calls.

    def take(self, scope: Scope, batch: list[Message]) -> None:
        """See the messages of a superstep that begins."""
        self._left[scope] = batch

    def holds(self, batch: list[Message]) -> bool:
        """Whether any of these messages may have to wait; if not, the engine runs at full speed."""
        if self.paused is not None or self._mode is not None or self._stop is not None:
            return True
        return any(b.enabled and b.when == "before" for b in self.breakpoints.values()) and any(
            b.event is None or any(b.event == m.event_id for m in batch)
            for b in self.breakpoints.values()
            if b.enabled and b.when == "before"
        )

    async def dispatch(self, scope: Scope, firings: list[Firing]) -> None:
        """Start the calls of a superstep, each when its message may be delivered."""
        calls = {id(message): invocation for message, invocation in firings}
        left = self._left[scope] = list(self._left[scope])
        while left:
            message = left[0]
            await self._pass(scope, message)
            if scope.failed is not None or self.core.is_cancelling or scope.is_dead:
                break
            left.pop(0)
            invocation = calls.get(id(message))
            if invocation is not None:
                scope.start(invocation)
                if self._mode in ("step", "into"):
                    await self._until(lambda call=invocation: call.is_closed or call.is_parked)  # type: ignore[misc]
        self._left.pop(scope, None)

    async def settle(self, scope: Scope) -> None:
        """Pause before the superstep's end where something in it asked for that."""
        if self._stop is not None and not self.core.is_cancelling:
            breakpoint_, point = self._stop
            self._stop = None
            self._pause(point, None, scope, breakpoint_)
            await self._until(lambda: self.paused is None)

    def abandon(self) -> None:
        """Hold nothing any more, since the run ends."""
        self._is_abandoned = True
        self.paused = None
        self.tell()

    def invoked(self, invocation: Invocation) -> None:
        """Note that a call began."""
        del invocation
        self.tell()

    def ended(self, invocation: Invocation) -> None:
        """Note that a call ended; breakpoints `after` completion count here."""
        if invocation.failure is None and not invocation.is_cancelled:
            moment = self._moment(
                invocation, invocation.function.result_id, invocation.result_seq, "executor_completed"
            )
            self._check("after", moment, invocation.result, invocation.result_seq)
        self.tell()

    def emitted(self, invocation: Invocation, event_id: str, data: Any, seq: int) -> None:
        """Note that an event was emitted; breakpoints on `emit` count here."""
        self._check("emit", self._moment(invocation, event_id, seq, "event_emitted"), data, seq)

    # What the debugger calls.

    def release(self, verb: Verb) -> None:
        """Open the gate.

        Args:
            verb: How far: `resume` to the next breakpoint, `step` over one message, `next` to the next superstep,
                `into` the nested process that the message goes to, `out` of the nested process paused in.
        """
        scope = self._from
        self._mode = None if verb == "resume" else verb
        self._superstep = scope.superstep if scope is not None else 0
        self._let_through, self._held = self._held, None
        self._over = ""
        if verb == "step" and self._let_through is not None and self._let_through.route.step is not None:
            self._over = f"{scope.prefix if scope else ''}{self._let_through.route.step.name}/"
        if verb == "out" and (scope is None or scope.parent is None):
            self._mode = None  # there is nothing outside the root but to go on
        if self.paused is not None:
            self._record("resumed", self.paused, {"verb": verb})
        self.paused = None
        self.tell()

    def arm(self, reason: Reason) -> None:
        """Pause before the next message."""
        if self.paused is None:
            self._mode = reason
            self._from = None

    @property
    def is_armed(self) -> bool:
        """Whether a pause is on its way."""
        return self._mode is not None or self._stop is not None

    def pending(self) -> list[PendingItem]:
        """Give what is still to be delivered, in order."""
        items: list[PendingItem] = []
        for scope in self.core.root.scopes():
            for message in [*self._left.get(scope, ()), *scope.pending]:
                if not message.id:
                    self._ids += 1
                    message.id = self._ids
                items.append(pending_item(message, scope.prefix, is_next=message is self._held))
        for kind, subject, data in self.core.inputs:
            if kind == "event":
                items.append(PendingItem(0, subject, None, "", "", None, None, None, data))
        items.sort(key=lambda item: not item.next)
        return items

    async def news(self) -> None:
        """Wait until something has changed."""
        if self._news is None or self._news.done():
            self._news = self.core.loop.create_future()
        await asyncio.shield(self._news)

    # How it works.

    async def _pass(self, scope: Scope, message: Message) -> None:
        """Come back when a message may be delivered; a message that was let through is never held again."""
        while not self._is_abandoned:
            if self._let_through is message:
                self._let_through = None
                return
            if self.paused is None and self._let_through is None:
                point = self._reason(scope, message)
                if point is None:
                    return
                self._pause(point, message, scope, point.breakpoint)
            await self.news()

    def _reason(self, scope: Scope, message: Message) -> PausePoint | None:
        """Say why to hold a message, or None to let it pass."""
        if self._stop is not None:
            breakpoint_, point = self._stop
            self._stop = None
            return PausePoint(point.reason, pending_item(message, scope.prefix, is_next=True), breakpoint_, point.seq)
        hit = self._hit(scope, message)
        if hit is None and not self._mode_holds(scope):
            return None
        if not message.id:
            self._ids += 1
            message.id = self._ids
        item = pending_item(message, scope.prefix, is_next=True)
        reason: Reason = "breakpoint" if hit is not None else (self._mode or "pause")
        return PausePoint(reason, item, hit, item.seq)

    def _mode_holds(self, scope: Scope) -> bool:
        if self._mode is None:
            return False
        if self._mode == "step":
            return not (self._over and scope.prefix.startswith(self._over))
        if self._from is None or self._mode not in ("next", "out"):
            return True
        origin = self._from.prefix
        if scope is self._from:
            return self._mode == "next" and scope.superstep > self._superstep
        return origin.startswith(scope.prefix)

    def _hit(self, scope: Scope, message: Message) -> Breakpoint | None:
        """Count a message at every breakpoint; give the first that stops."""
        candidates = [b for b in self.breakpoints.values() if b.enabled and b.when == "before"]
        if not candidates:
            return None
        route = message.route
        name = route.step.name if route.step else ""
        moment = {
            "type": "message",
            "event_id": message.event_id,
            "path": scope.prefix + name,
            "step": name,
            "function": route.function.name if route.function else None,
            "route": route.id,
            "superstep": scope.superstep,
            "seq": message.seq,
        }
        data = None if message.data is NO_DATA else message.data
        return self._first_stop(candidates, moment, data, message.seq)

    def _first_stop(
        self, candidates: list[Breakpoint], moment: Mapping[str, Any], data: Any, seq: int
    ) -> Breakpoint | None:
        found: Breakpoint | None = None
        for candidate in candidates:
            if not candidate.matches(moment, data):
                continue
            if candidate.template is not None:
                self._log(candidate, candidate.template.render(data=data, event=moment), moment, seq)
            elif found is None:
                found = candidate
        return found

    def _check(self, when: str, moment: Mapping[str, Any], data: Any, seq: int) -> None:
        candidates = [b for b in self.breakpoints.values() if b.enabled and b.when == when]
        if not candidates:
            return
        hit = self._first_stop(candidates, moment, None if data is NO_DATA else data, seq)
        if hit is not None and self._stop is None:
            self._stop = hit, PausePoint("breakpoint", None, hit, seq or None)

    def _pause(self, point: PausePoint, message: Message | None, scope: Scope, breakpoint_: Breakpoint | None) -> None:
        self.paused = point
        self._held = message
        self._from = scope
        self._mode = None
        if breakpoint_ is not None:
            self._record("breakpoint_hit", point, {"breakpoint": breakpoint_.id, "hit": breakpoint_.hit_count})
            if breakpoint_.once:
                self.breakpoints.pop(breakpoint_.id, None)
        self._record("paused", point, {"reason": point.reason})
        self.tell()

    def _record(self, kind: str, point: PausePoint, details: dict[str, Any]) -> None:
        recorder = self.core.recorder
        if recorder is None:
            return
        item = point.message
        path = item.target if item is not None else ""
        recorder.record(
            kind,
            path,
            path.rpartition("/")[2] or None,
            item.function if item is not None else None,
            self._from.superstep if self._from is not None else self.core.root.superstep,
            None,
            item.event_id if item is not None else None,
            (point.seq,) if point.seq else (),
            item.route if item is not None else None,
            details,
        )

    def _log(self, point: Breakpoint, text: str, moment: Mapping[str, Any], seq: int) -> None:
        if self.core.recorder is not None:
            self.core.recorder.record(
                "log",
                moment["path"],
                moment["step"] or None,
                moment["function"],
                moment["superstep"],
                text,
                moment["event_id"],
                (seq,) if seq else (),
                moment["route"],
                {"stream": "logpoint", "breakpoint": point.id},
            )

    @staticmethod
    def _moment(invocation: Invocation, event_id: str, seq: int, kind: str) -> dict[str, Any]:
        slot = invocation.slot
        return {
            "type": kind,
            "event_id": event_id,
            "path": slot.path,
            "step": slot.plan.name,
            "function": invocation.function.name,
            "route": None,
            "superstep": slot.scope.superstep,
            "seq": seq,
        }

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition() and not self._is_abandoned:
            await self.news()

    def tell(self) -> None:
        """Wake whoever waits for news."""
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
        self._changed()
