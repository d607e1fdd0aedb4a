import asyncio
import contextlib
import socket
import threading
import time

import pytest

from process_core.session.protocol.envelope import Notice, Reply
from process_core.session.protocol.framing import BadFrame, Decoder, encode
from process_core.session.protocol.status import Status, read_answer
from process_core.session.worker import worker_channel as link_module
from process_core.session.worker.worker_channel import WorkerChannel


class Client:
    """The other end of a link, read without an event loop: that is what may be blocked."""

    def __init__(self, channel):
        self.channel = channel
        self.channel.settimeout(5)
        self.decoder = Decoder()
        self.messages = []

    def read_until(self, condition):
        while not condition(self.messages):
            data = self.channel.recv(65536)
            if not data:
                raise EOFError(self.messages)
            self.messages += [read_answer(frame) for frame in self.decoder.feed(data)]
        return self.messages


@contextlib.asynccontextmanager
async def linked():
    ours, theirs = socket.socketpair()
    client, received, ended = Client(theirs), [], threading.Event()
    link = WorkerChannel(ours, asyncio.get_running_loop(), ended.set)
    link.start(received.append)
    link.client, link.received, link.is_ended = client, received, ended
    try:
        yield link
    finally:
        link.close(1)
        theirs.close()


async def test_frames_arrive_on_the_event_loop_in_order():
    async with linked() as link:
        link.client.channel.sendall(encode(b"one") + encode(b"") + encode(b"two"))
        while len(link.received) < 3:
            await asyncio.sleep(0.01)
    assert link.received == [b"one", BadFrame("an empty frame"), b"two"]


async def test_messages_are_sent_in_order():
    async with linked() as link:
        link.send(Notice(text="a"))
        link.send(Status(written=1))
        link.send(Reply(id=1))
        link.send(Status(written=2))
        found = await asyncio.to_thread(link.client.read_until, lambda m: len(m) >= 4)
    assert [type(message) for message in found] == [Notice, Status, Reply, Status]


async def test_a_newer_status_takes_the_place_of_one_that_waits(monkeypatch):
    async with linked() as link:
        with link._changed:  # the writer waits here, as it would for a slow client
            for written in range(1, 100):
                link.send(Status(written=written))
        found = await asyncio.to_thread(link.client.read_until, lambda m: m and m[-1].written == 99)
    assert len(found) < 5


async def test_a_blocked_event_loop_is_reported_with_the_last_status_and_then_the_end_of_it(monkeypatch):
    monkeypatch.setattr(link_module, "BLOCKED_AFTER", 0.3)
    monkeypatch.setattr(link_module, "BEAT", 0.05)
    async with linked() as link:
        link.send(Status(run_id="r", written=7))
        await asyncio.sleep(0.2)
        assert await asyncio.to_thread(link.client.read_until, len) == [Status(run_id="r", written=7)]
        time.sleep(0.7)
        blocked = link.client.read_until(lambda m: len(m) >= 2)[1]
        assert (blocked.written, blocked.blocked_for >= 0.3) == (7, True)
        freed = await asyncio.to_thread(link.client.read_until, lambda m: not m[-1].blocked_for)
    assert freed[-1] == Status(run_id="r", written=7)


async def test_the_end_of_the_client_is_noticed_even_while_the_event_loop_is_blocked():
    async with linked() as link:
        link.client.channel.close()
        assert link.is_ended.wait(5)  # this blocks the loop


async def test_a_reply_that_cannot_be_sent_is_a_failure_of_its_command(monkeypatch):
    async with linked() as link:
        link.send(Reply(id=5, value=10**5000))
        (reply,) = await asyncio.to_thread(link.client.read_until, len)
    assert (reply.id, reply.failure.code) == (5, "unsendable")
    assert "4,300 digits" in reply.failure.message


async def test_names_that_are_not_unicode_arrive_as_they_were():
    async with linked() as link:
        link.send(Reply(id=5, value={"x\ud800": ["\ud83d\ude00", float("inf"), "1" * 5000]}))
        (reply,) = await asyncio.to_thread(link.client.read_until, len)
    assert reply.value == {"x\ud800": ["\ud83d\ude00", float("inf"), "1" * 5000]}


async def test_what_was_sent_before_the_close_arrives():
    ours, theirs = socket.socketpair()
    link = WorkerChannel(ours, asyncio.get_running_loop(), lambda: None)
    link.start(lambda _: None)
    link.send(Reply(id=9))
    link.close(1)
    client = Client(theirs)
    with pytest.raises(EOFError):
        client.read_until(lambda _: False)
    theirs.close()
    assert client.messages == [Reply(id=9)]


@pytest.mark.timeout(30)
async def test_a_client_that_does_not_read_does_not_hold_up_the_close():
    ours, theirs = socket.socketpair()
    link = WorkerChannel(ours, asyncio.get_running_loop(), lambda: None)
    link.start(lambda _: None)
    link.send(Notice(text="x" * 4_000_000))
    link.close(0.2)
    theirs.close()
