"""Hand-written routers: what a careful programmer writes for one process, and what the engine is measured against.

They keep the semantics that cost something: messages in order, one task per step and superstep, a step's calls one
after another, a barrier, and routing in the order of registration after it. They leave out what makes an engine:
binding and checking of parameters, failures, cancelling, limits, state, warnings.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from operator import itemgetter

STOP = None
"""The target of a route that ends the run."""


class Router:
    """Supersteps with one task per step.

    A step is an async function that takes its data and a list, to which it appends (event id, data) for each event.

    Args:
        steps: Step -> function, in order of registration.
        routes: (step, event id) -> targets in order; an event without routes leaves the router.
        spawn: Makes a task of a coroutine; by default the loop's `create_task`.
    """

    def __init__(self, steps, routes, spawn=None):
        self.steps = steps
        self.routes = routes
        self.order = {name: place for place, name in enumerate(steps)}
        self.spawn = spawn

    async def run(self, first, data):
        """Run to the end, from one message on; gives the events that left."""
        spawn = self.spawn or asyncio.get_running_loop().create_task
        order, routes = self.order, self.routes
        left = []
        pending = [(first, data)]
        while pending:
            done, tasks = [], []
            for step, queue in self.deliver(pending).items():
                out = []
                done.append((order[step], step, out))
                tasks.append(spawn(self.serve(step, queue, out)))
            for task in tasks:
                await task
            if len(done) > 1:
                done.sort(key=itemgetter(0))
            pending = []
            for _, step, out in done:
                for event, value in out:
                    targets = routes.get((step, event))
                    if targets is None:
                        left.append((event, value))
                        continue
                    for target in targets:
                        if target is STOP:
                            return left
                        pending.append((target, value))
        return left

    def deliver(self, pending):
        """Hand each step its calls, in the order of the messages."""
        queues = {}
        for step, data in pending:
            queue = queues.get(step)
            if queue is None:
                queues[step] = [data]
            else:
                queue.append(data)
        return queues

    async def serve(self, step, queue, out):
        """Make a step's calls, one after another."""
        function = self.steps[step]
        for data in queue:
            await function(data, out)


class JoiningRouter(Router):
    """A router in which targets (step, input) are inputs of a join: its step is called when each input has a value."""

    def __init__(self, steps, routes, joins, spawn=None):
        super().__init__(steps, routes, spawn)
        self.waiting = {step: [deque() for _ in range(width)] for step, width in joins.items()}

    def deliver(self, pending):
        queues = {}
        for target, data in pending:
            step, call = target, data
            if type(target) is tuple:
                step, call = self.join(target, data)
                if call is None:
                    continue
            queue = queues.get(step)
            if queue is None:
                queues[step] = [call]
            else:
                queue.append(call)
        return queues

    def join(self, target, data):
        """Hold a value; gives the step, and its call where this completes one."""
        step, place = target
        held = self.waiting[step]
        held[place].append(data)
        return step, [fifo.popleft() for fifo in held] if all(held) else None


class DirectRouter(JoiningRouter):
    """The same routes and joins without tasks, supersteps or barrier: one awaited call after another."""

    def __init__(self, steps, routes, joins=None):
        super().__init__(steps, routes, joins or {})

    async def run(self, first, data):
        steps, routes = self.steps, self.routes
        left = []
        pending = deque([(first, data)])
        while pending:
            step, value = pending.popleft()
            if type(step) is tuple:
                step, value = self.join(step, value)
                if value is None:
                    continue
            out = []
            await steps[step](value, out)
            for event, emitted in out:
                targets = routes.get((step, event))
                if targets is None:
                    left.append((event, emitted))
                    continue
                for target in targets:
                    if target is STOP:
                        return left
                    pending.append((target, emitted))
        return left


@dataclass(slots=True)
class Event:
    """What an observed router says of a run; the same envelope as the engine's, without what only an engine knows."""

    type: str
    data: object
    seq: int
    run_id: str
    timestamp: float
    superstep: int
    step: str
    cause: int


class ObservedRouter(Router):
    """A router that makes four event objects per hop, which somebody consumes as they happen."""

    def __init__(self, steps, routes):
        super().__init__(steps, routes)
        self.seq = self.superstep = 0
        self.events = []
        self.waiter = None

    async def stream(self, first, data):
        """Run, and give the events; the consumer is woken once per batch."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(self.run(first, data))
        task.add_done_callback(lambda _: self.wake())
        while True:
            batch, self.events = self.events, []
            for event in batch:
                yield event
            if not self.events:
                if task.done():
                    break
                self.waiter = loop.create_future()
                await self.waiter
        await task

    def deliver(self, pending):
        self.superstep += 1
        self.put("superstep", None, "", 0)
        return super().deliver(pending)

    async def serve(self, step, queue, out):
        function = self.steps[step]
        for data in queue:
            self.put("invoked", data, step, self.seq)
            invoked, before = self.seq, len(out)
            await function(data, out)
            for event, value in out[before:]:
                self.put(event, value, step, invoked)
            self.put("completed", None, step, invoked)

    def put(self, kind, data, step, cause):
        """Make an event for whoever consumes."""
        self.seq += 1
        self.events.append(Event(kind, data, self.seq, "run", time.time(), self.superstep, step, cause))
        self.wake()

    def wake(self):
        """Wake the consumer."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)
