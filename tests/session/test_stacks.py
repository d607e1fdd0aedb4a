"""Where the target's code is, asked for while it runs, waits, or keeps the event loop to itself."""

import asyncio
import socket
import threading

from test_worker_channel import Client

from process_core.session.protocol.envelope import Reply
from process_core.session.protocol.framing import encode, to_json
from process_core.session.protocol.verbs import Hello, ShowStack
from process_core.session.worker.stacks import answer_aside, stacks
from process_core.session.worker.worker_channel import WorkerChannel


async def test_a_thread_of_the_target_is_shown_with_its_calls_and_lines():
    is_there, release = threading.Event(), threading.Event()

    def hold():
        is_there.set()
        release.wait()

    thread = threading.Thread(target=hold, name="mine")
    thread.start()
    is_there.wait()
    try:
        text = stacks(asyncio.get_running_loop())
    finally:
        release.set()
        thread.join()
    part = text[text.index("runs in thread mine") :]
    assert "in test_a_thread_of_the_target_is_shown_with_its_calls_and_lines.<locals>.hold" in part
    assert "release.wait()" in part


async def test_a_call_that_waits_is_shown_down_to_what_it_waits_for():
    async def inner():
        await asyncio.Event().wait()

    async def outer():
        await inner()

    task = asyncio.create_task(outer(), name="asks")
    await asyncio.sleep(0)
    text = stacks(asyncio.get_running_loop())
    task.cancel()
    part = text[text.index("waits (asks)") :]
    assert part.index("outer") < part.index("await inner()") < part.index("await asyncio.Event().wait()")


async def test_a_very_deep_stack_is_shown_from_its_innermost_calls():
    def dive(depth):
        return dive(depth - 1) if depth else stacks(asyncio.get_running_loop())

    text = dive(300)
    assert "calls more" in text
    assert len(text) < 30_000


async def test_a_loop_that_is_kept_busy_need_not_help():
    ours, theirs = socket.socketpair()
    loop, client, received = asyncio.get_running_loop(), Client(theirs), []
    link = WorkerChannel(ours, loop, lambda: None, lambda frame: answer_aside(frame, loop))
    link.start(received.append)
    try:
        client.channel.sendall(encode(to_json(Hello(id=1))) + encode(to_json(ShowStack(id=7))))
        messages = client.read_until(lambda messages: any(isinstance(m, Reply) for m in messages))  # no turn meanwhile
        reply = next(m for m in messages if isinstance(m, Reply))
        assert reply.id == 7
        assert "runs in the event loop" in reply.value
        assert "in test_a_loop_that_is_kept_busy_need_not_help" in reply.value
        while not received:
            await asyncio.sleep(0)
        assert len(received) == 1  # what others ask is the loop's
    finally:
        await asyncio.to_thread(link.close, 1)
        theirs.close()
