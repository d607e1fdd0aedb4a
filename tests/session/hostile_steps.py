"""Processes whose steps behave badly, as targets for worker tests; `Go` starts each of them."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

from process_core import Process, ProcessBuilder, Step, StepContext, function


def alone(step_class: type[Step]) -> Process:
    builder = ProcessBuilder(step_class.__name__)
    builder.on_input_event("Go").send_event_to(builder.add_step(step_class))
    return builder.build()


class Raises(Step):
    @function
    async def work(self):
        raise ValueError("no luck \x1b[2J")


class HangsAsync(Step):
    @function
    async def work(self):
        await asyncio.Event().wait()


class SwallowsCancel(Step):
    @function
    async def work(self):
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)


class HangsSync(Step):
    @function
    def work(self):
        time.sleep(3600)


class HogsLoop(Step):
    @function
    async def work(self):
        time.sleep(1.9)


class HogsLoopForEver(Step):
    @function
    async def work(self):
        while True:
            time.sleep(0.01)


class HoldsInterpreter(Step):
    @function
    def work(self):
        ctypes.PyDLL(None).usleep(2_000_000)


class Exits(Step):
    @function
    async def work(self):
        sys.exit(7)


class ExitsHard(Step):
    @function
    async def work(self):
        os.write(2, b"last words\n")
        os._exit(3)


class Crashes(Step):
    @function
    async def work(self):
        ctypes.string_at(0)


class KillsItself(Step):
    @function
    def work(self):
        os.kill(os.getpid(), signal.SIGKILL)


class Prints(Step):
    @function
    def plain(self):
        print("plain", "\x1b[31mred\x1b[0m")
        print("half a line", end="")

    @function
    async def coroutine(self):
        print("from a coroutine")
        print("oops", file=sys.stderr)


class PrintsElsewhere(Step):
    @function
    async def work(self):
        subprocess.run(["sh", "-c", "echo from a child; echo its error >&2"], check=True)
        os.write(1, b"straight to the descriptor\n")
        thread = threading.Thread(target=print, args=("from a thread of its own",))
        thread.start()
        thread.join()


class RunsAChild(Step):
    @function
    async def work(self, context: StepContext):
        subprocess.run(["echo", "from a child"], check=True)
        subprocess.run(["printf", "half a line"], check=True)
        context.emit_event("Done")


class LeavesOneBehind(Step):
    @function
    async def work(self, context: StepContext):
        self.child = subprocess.Popen(["sh", "-c", "read line; echo late"], stdin=subprocess.PIPE)
        context.emit_event("Left", self.child)


class WaitsForIt(Step):
    @function
    async def wait(self, child: object):
        child.communicate(b"go\n")


class RunsTwoAtOnce(Step):
    @function
    async def work(self):
        child = await asyncio.create_subprocess_exec("sh", "-c", "sleep 0.1; echo of two")
        await child.wait()


class FloodsDescriptors(Step):
    @function
    async def work(self):
        for fd in (1, 2):
            for _ in range(300):
                os.write(fd, b"x" * 9_999 + b"\n")


class SpeaksAndHangs(Step):
    @function
    async def work(self):
        sys.stdout.reconfigure(encoding="utf-8")
        await asyncio.sleep(0.3)
        print("still here")
        print("around the streams", file=sys.__stdout__)
        await asyncio.Event().wait()


class Unserialisable(Step):
    @function
    async def work(self):
        return threading.Lock()


class Floods(Step):
    @function
    async def work(self, context: StepContext):
        for number in range(20_000):
            context.emit_event("Drop", number)


class Asks(Step):
    @function
    def by_input(self):
        print("name?", end=" ")
        name = input()
        print("hello", name)
        print("and", sys.stdin.readline().strip())


class AsksWrongly(Step):
    @function
    async def work(self):
        input("name? ")


class AsksTyped(Step):
    @function
    async def work(self, context: StepContext):
        number = await context.request_info("a number", response_type=int)
        numbers = await context.request_info("numbers", response_type=list[int])
        text = await context.request_info("a text", response_type=str)
        context.yield_output([number, numbers, text])


class LeavesChild(Step):
    @function
    async def work(self):
        child = subprocess.Popen(["sleep", "600"])
        print("child", child.pid)
        await asyncio.Event().wait()


class Counts(Step):
    @function
    async def count(self, context: StepContext, number: int):
        if number < 5:
            context.emit_event("Again", number + 1)


class Ticks(Step):
    @function
    async def tick(self, context: StepContext, number: int):
        await asyncio.sleep(0.005)
        if number:
            context.emit_event("Tick", number - 1)


raises = alone(Raises)
hangs_async = alone(HangsAsync)
swallows_cancel = alone(SwallowsCancel)
hangs_sync = alone(HangsSync)
hogs_loop = alone(HogsLoop)
hogs_loop_for_ever = alone(HogsLoopForEver)
holds_interpreter = alone(HoldsInterpreter)
exits = alone(Exits)
exits_hard = alone(ExitsHard)
crashes = alone(Crashes)
kills_itself = alone(KillsItself)
prints_elsewhere = alone(PrintsElsewhere)


def children_in_turn():
    builder = ProcessBuilder("ChildrenInTurn")
    first, second = builder.add_step(RunsAChild, name="First"), builder.add_step(RunsAChild, name="Second")
    builder.on_input_event("Go").send_event_to(first)
    first.on_event("Done").send_event_to(second)
    second.on_event("Done").stop_process()
    return builder


def child_left_behind():
    builder = ProcessBuilder("ChildLeftBehind")
    leaves, waits = builder.add_step(LeavesOneBehind), builder.add_step(WaitsForIt)
    builder.on_input_event("Go").send_event_to(leaves)
    leaves.on_event("Left").send_event_to(waits)
    return builder


def children_at_once():
    builder = ProcessBuilder("ChildrenAtOnce")
    for name in ("One", "Two"):
        builder.on_input_event("Go").send_event_to(builder.add_step(RunsTwoAtOnce, name=name))
    return builder


floods_descriptors = alone(FloodsDescriptors)
speaks_and_hangs = alone(SpeaksAndHangs)
unserialisable = alone(Unserialisable)
asks = alone(Asks)
asks_wrongly = alone(AsksWrongly)
asks_typed = alone(AsksTyped)
leaves_child = alone(LeavesChild)


def prints():
    builder = ProcessBuilder("Prints")
    step = builder.add_step(Prints)
    builder.on_input_event("Go").send_event_to(step, function="plain").send_event_to(step, function="coroutine")
    return builder


def counts():
    builder = ProcessBuilder("Counts")
    step = builder.add_step(Counts)
    builder.on_input_event("Go").send_event_to(step)
    builder.on_input_event("Other").send_event_to(step)
    step.on_event("Again").send_event_to(step)
    return builder


def ticks():
    builder = ProcessBuilder("Ticks")
    step = builder.add_step(Ticks)
    builder.on_input_event("Go").send_event_to(step)
    step.on_event("Tick").send_event_to(step)
    return builder


def floods():
    builder = ProcessBuilder("Floods")
    step = builder.add_step(Floods)
    builder.on_input_event("Go").send_event_to(step)
    step.on_event("Never").stop_process()
    return builder


class ReachesForTheLoop(Step):
    """Does what would end a program that shares its event loop with it, then answers like any other step."""

    @function
    async def work(self, context: StepContext, how: str):
        if how == "interrupt":
            # A shell that starts the suite in the background has its programs ignore this signal.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.raise_signal(signal.SIGINT)
        elif how == "alarm":
            signal.signal(signal.SIGALRM, _raise)
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            await asyncio.sleep(0.05)
        elif how == "cancel all":
            for task in asyncio.all_tasks():
                task.cancel()
        elif how == "cancel others":
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
        elif how == "stop":
            asyncio.get_running_loop().stop()
        await asyncio.sleep(0)
        context.yield_output(how)


def _raise(*_):
    raise TimeoutError("too long")


reaches = alone(ReachesForTheLoop)


class Forks(Step):
    """Forks, and lets the child fall through to whatever comes next; the parent waits for its end."""

    @function
    async def in_a_coroutine(self, context: StepContext):
        fork(context)

    @function
    def in_a_thread(self, context: StepContext):
        fork(context)

    @function
    async def child_waits(self, context: StepContext):
        if fork(context) == 0:
            await asyncio.sleep(0)
            context.yield_output("a child went on")

    @function
    async def child_exits(self, context: StepContext):
        if fork(context) == 0:
            sys.exit(7)


def fork(context):
    pid = os.fork()
    if pid == 0:
        print("the child speaks")
    else:
        context.yield_output(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    return pid


def forks():
    builder = ProcessBuilder("Forks")
    step = builder.add_step(Forks)
    names = ("in_a_coroutine", "in_a_thread", "child_waits", "child_exits")
    for name in names:
        builder.on_input_event(name).send_event_to(step, function=name)
    return builder.build()
