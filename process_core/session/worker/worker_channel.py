"""The worker's end of the channel: threads of their own, so that it speaks even while a step hogs the event loop."""

import asyncio
import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from process_core.session.protocol.envelope import Notice, Reply
from process_core.session.protocol.framing import BadFrame, Decoder
from process_core.session.protocol.status import Reloaded, Status, answer_frame

BEAT: Final = 0.25
"""Seconds between two looks at whether the event loop still turns."""
BLOCKED_AFTER: Final = 1.0
"""Seconds without a turn of the event loop after which the client is warned."""
_CHUNK = 262_144


class WorkerChannel:
    """Reads commands and writes answers over a socket.

    Args:
        channel: A connected stream socket; it is owned here from now on.
        loop: The event loop that the session lives on.
        ended: Called once, on a thread of this object, when the other side is gone.
        aside: Returns the answer to a frame that does not need the event loop, on a thread of this object; else None.
    """

    def __init__(
        self,
        channel: socket.socket,
        loop: asyncio.AbstractEventLoop,
        ended: Callable[[], None],
        aside: Callable[[bytes | BadFrame], Reply | None] = lambda _: None,
    ) -> None:
        self._channel = channel
        self._loop = loop
        self._receive: Callable[[bytes | BadFrame], None] = lambda _: None
        self._ended = ended
        self._aside = aside
        self._queue: deque[Reply | Status | Notice | Reloaded] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._status = Status()
        self._beat_asked = 0.0
        self._beat_due = True
        self._reported_blocked = 0.0
        self._reader = threading.Thread(target=self._read, name="link-reader", daemon=True)
        self._writer = threading.Thread(target=self._write, name="link-writer", daemon=True)

    def start(self, receive: Callable[[bytes | BadFrame], None]) -> None:
        """Begin to read and write; `receive` takes each frame, on the event loop."""
        self._receive = receive
        self._reader.start()
        self._writer.start()

    def send(self, message: Reply | Status | Notice | Reloaded) -> None:
        """Send a message, from any thread; a newer status replaces one that was not sent yet."""
        with self._changed:
            if isinstance(message, Status):
                self._status = message
                if self._queue and isinstance(self._queue[-1], Status):
                    self._queue.pop()
            self._queue.append(message)
            self._changed.notify()

    def close(self, grace: float) -> None:
        """Send what is left and close the channel; wait at most `grace` seconds for a client that does not read."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._writer.join(grace)
        with contextlib.suppress(OSError):  # the other side went first
            self._channel.shutdown(socket.SHUT_RDWR)
        self._channel.close()

    def _read(self) -> None:
        decoder = Decoder()
        try:
            while data := self._channel.recv(_CHUNK):
                for frame in decoder.feed(data):
                    answer = self._aside(frame)
                    if answer is not None:
                        self.send(answer)
                    else:
                        self._loop.call_soon_threadsafe(self._receive, frame)
        except (OSError, RuntimeError):  # the socket or the event loop is gone: both mean the end
            pass
        self._ended()

    def _write(self) -> None:
        while True:
            with self._changed:
                if not self._queue and not self._closing:
                    self._changed.wait(BEAT)
                batch = list(self._queue)
                self._queue.clear()
                closing = self._closing
            batch += self._look_at_loop()
            try:
                if batch:
                    self._channel.sendall(b"".join(map(answer_frame, batch)))
            except OSError:  # the other side is gone; the reader reports it
                return
            if closing:
                return

    def _look_at_loop(self) -> list[Status]:
        now = time.monotonic()
        if self._beat_due:
            if now - self._beat_asked < BEAT:
                return []
            self._beat_due = False
            self._beat_asked = now
            try:
                self._loop.call_soon_threadsafe(self._beat)
            except RuntimeError:  # closed
                self._beat_due = True
                return []
            if self._reported_blocked:
                self._reported_blocked = 0.0
                return [self._status]
            return []
        blocked = now - self._beat_asked
        if blocked < BLOCKED_AFTER or now - self._reported_blocked < BLOCKED_AFTER / 2:
            return []
        self._reported_blocked = now
        return [self._status.model_copy(update={"blocked_for": round(blocked, 1)})]

    def _beat(self) -> None:
        self._beat_due = True
