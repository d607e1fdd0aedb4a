"""A second engine: it delivers one message at a time, in a plain loop of its own that knows no supersteps.

It shares the records with ours and nothing of what makes a run go on. What debugs, records, explains and edits its runs
does the same for a run that a foreign framework drives.
"""

import asyncio
from pathlib import Path

from process_core.engine.compiled import CompiledProcess
from process_core.engine.end_report import failed_event, report_leftovers
from process_core.engine.host import LocalHost
from process_core.engine.join_buffer import JoinBuffer
from process_core.engine.recorder import Recorder
from process_core.engine.records import ProcessRecord, RunRecord
from process_core.engine.routing import commit, receive
from process_core.engine.run import Run
from process_core.events import NO_DATA, RunState
from process_core.recording.run_recorder import RunRecorder
from process_core.services import Services


class ToyDriver:
    """Takes the oldest message, makes the call it completes, routes what that emitted, and takes the next."""

    def __init__(self, run):
        self.run = run
        run.driver = self
        run.root = ProcessRecord(run, run.plan, JoinBuffer())
        run.root.runner = self
        self.is_idle = False
        self.idlers = []
        self.calls = []
        self.wake = asyncio.Event()
        self.task = None

    # What whoever holds the run calls.

    @property
    def is_over(self):
        return self.run.state.is_ended

    def launch(self, resumed=None):
        self.run.begin(resumed)
        self.task = asyncio.create_task(self.drive())

    def put(self, kind, subject, value):
        self.run.inputs.append((kind, subject, value))
        self.look_again()

    def cancel(self):
        if not self.is_over:
            self.run.is_cancelling = True
            self.cancel_working()
            if self.run.controller is not None:
                self.run.controller.abandon()
            self.look_again()

    async def idle(self):
        while not self.is_idle:
            waiter = self.run.loop.create_future()
            self.idlers.append(waiter)
            await waiter

    async def dismiss(self):
        self.run.is_dismissed = True
        self.task.cancel()

    def has_work(self):
        root = self.run.root
        return root.failed is None and not self.run.is_cancelling and bool(root.pending or self.run.inputs)

    def look_again(self, process=None):
        self.is_idle = False
        self.wake.set()

    def open_child(self, slot):
        raise NotImplementedError("toys do not nest")

    def cancel_working(self, spare=None):
        for call in [call for call in self.run.root.working if call is not spare]:
            call.is_closed = call.is_cancelled = True
            del self.run.root.working[call]
            self.run.root.cancel_call(call)
            call.task.cancel()

    # The loop.

    async def drive(self):
        run, root = self.run, self.run.root
        while root.failed is None and not run.is_cancelling:
            for _, event_id, data in run.inputs:
                root.pending += receive(root, event_id, data)
            run.inputs = []
            if root.pending:
                await self.deliver(root.pending.pop(0))
                continue
            if run.controller is not None:
                await run.controller.before_idle(root, ends=False)
            if not self.has_work() and not run.is_cancelling:
                report_leftovers(run)
                self.wake.clear()
                self.become(RunState.IDLE)
                await self.wake.wait()
                run.set_state(RunState.IN_PROGRESS)
        if root.failed is not None:
            run.error = root.failed.error
            run.recorder.pass_on(failed_event(run, root.failed))
        self.become(RunState.CANCELLED if run.is_cancelling else RunState.FAILED)

    async def deliver(self, message):
        run, root, batch = self.run, self.run.root, [message]
        root.batch_id += 1
        root.in_batch, root.delivered = True, batch
        ready = root.joins.deliver(root, batch)
        if run.controller is not None and run.controller.holds(batch):
            run.controller.take(root, batch)
            await run.controller.dispatch(root, ready, self.start)
        else:
            for _, call in ready:
                self.start(call)
        while self.calls:
            await self.calls.pop()
        if run.controller is not None and run.controller.has_to_settle:
            await run.controller.settle(root)
        commit(root)
        root.in_batch = False
        root.forget_finished()

    def start(self, call):
        self.run.root.working[call] = None
        call.task = asyncio.create_task(self.make(call))
        self.calls.append(call.task)

    async def make(self, call):
        root, slot = self.run.root, call.slot
        slot.current = call
        root.begin_call(call)
        try:
            result = await self.run.host.invoke(call)
        except Exception as error:
            root.fail_call(call, error)
        else:
            root.complete_call(call, result)
        root.working.pop(call, None)
        slot.current = None
        slot.finished.append(call)
        root.finished.append(slot)

    def become(self, state):
        self.run.set_state(state)
        self.is_idle = True
        idlers, self.idlers = self.idlers, []
        for waiter in idlers:
            waiter.set_result(None)
        self.run.changed()


class ToyProcess:
    """Runs the graph of a process with the toy driver; what `Debugger` needs of a process, and no more."""

    def __init__(self, process):
        self.name, self.graph, self.warnings = process.name, process.graph, process.warnings
        self.limits = {"next": "toys have no supersteps"}

    def start(self, event=None, data=NO_DATA, *, resume_from=None, superstep=None, edits=None, **options):
        assert resume_from is None
        assert superstep is None
        return Run(ToyStart(self.graph, event, data, options))


class ToyStart:
    """A toy run that has not begun."""

    def __init__(self, graph, event, data, options):
        self.plan = CompiledProcess(graph)
        self.first = (event, data)
        self.options = options

    def open(self):
        events = []
        run = RunRecord(
            self.plan,
            run_id="toy",
            recorder=Recorder("toy", [events.append], copies=True),
            services=self.options.get("services") or Services(),
            max_supersteps=1000,
            initial_states={},
            is_answerable=True,
            host=LocalHost(),
        )
        ToyDriver(run)
        if self.options.get("run_file") is not None:
            RunRecorder(Path(self.options["run_file"])).attach(run)
        if self.options.get("debugger") is not None:
            self.options["debugger"].attach(run)
        return run, events

    def launch(self, run):
        run.driver.put("event", *self.first)
        run.driver.launch()
