"""What `print` and `input` mean inside a step: log events, and questions in the chat.

The writers and the reader here replace `sys.stdout`, `sys.stderr`, `sys.stdin` and `input` in a worker. They find out
from the current context which step is speaking.
"""

import builtins
import codecs
import contextlib
import io
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from process_core.engine.context import StepContext, current_context, want_tracking
from process_core.errors import StepContextError
from process_core.session.stdio.line_buffer import LineBuffer

HOLD = 0.1
"""Seconds that an unfinished line is held back for the rest of it."""

LogOrphan = Callable[[str, str], None]
Later = Callable[[float, Callable[[], None]], None]


class StepWriter(io.TextIOBase):
    """Turns what is printed into log events, line by line, each with the step that printed it.

    Args:
        stream: `stdout` or `stderr`.
        fd: The file descriptor that it says it has: what child processes inherit.
        log_orphan: Takes stream and line where no step is speaking.
        later: Calls something on the event loop after some seconds, asked from any thread.
    """

    def __init__(self, stream: str, fd: int, log_orphan: LogOrphan, later: Later) -> None:
        super().__init__()
        self._stream = stream
        self._fd = fd
        self._log_orphan = log_orphan
        self._later = later
        self._lock = threading.RLock()
        self._unfinished: dict[int, tuple[StepContext | None, LineBuffer]] = {}
        self._flush_planned = False
        self._binary = _Binary(self)

    @property
    def name(self) -> str:
        """How a traceback calls the stream."""
        return f"<{self._stream}>"

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has a plain attribute
        """The encoding of `buffer`."""
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]  # typeshed has a plain attribute
        """What `buffer` does with bytes that are no text."""
        return "backslashreplace"

    @property
    def buffer(self) -> io.RawIOBase:
        """The same stream for bytes."""
        return self._binary

    def writable(self) -> bool:
        """Report that it can be written to."""
        return True

    def fileno(self) -> int:
        """Return the descriptor for child processes; what they write there is captured as well."""
        return self._fd

    def reconfigure(self, **_: Any) -> None:
        """Accept what scripts ask of a terminal's stream; here nothing depends on it."""

    def write(self, text: str) -> int:
        """Take the next piece of output; return its length."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        context = current_context()
        with self._lock:
            _, lines = self._unfinished.setdefault(id(context), (context, LineBuffer()))
            whole = lines.feed(text)
            if not lines:
                del self._unfinished[id(context)]
            elif not self._flush_planned:
                self._flush_planned = True
                self._later(HOLD, self._flush_held)
        for line in whole:
            self._log(context, line)
        return len(text)

    def flush(self) -> None:
        """Log the unfinished line of the step that is speaking."""
        context = current_context()
        line = self.take_unfinished(context)
        if line:
            self._log(context, line)

    def take_unfinished(self, context: StepContext | None) -> str:
        """Take the unfinished line of an invocation (None: of no step) without logging it; empty if there is none."""
        with self._lock:
            _, lines = self._unfinished.pop(id(context), (None, None))
        return lines.take() if lines else ""

    def _flush_held(self) -> None:
        with self._lock:
            self._flush_planned = False
            held = list(self._unfinished.values())
            self._unfinished.clear()
        for context, lines in held:
            self._log(context, lines.take())

    def _log(self, context: StepContext | None, line: str) -> None:
        if context is not None and context.is_open:
            with contextlib.suppress(StepContextError):  # it ended at this very moment
                context.log(self._stream, line)
                return
        self._log_orphan(self._stream, line)


class _Binary(io.RawIOBase):
    """The bytes side of a writer; a character may come in pieces."""

    def __init__(self, writer: StepWriter) -> None:
        super().__init__()
        self._writer = writer
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._writer.fileno()

    def write(self, data: Any) -> int:
        data = bytes(data)
        self._writer.write(self._decoder.decode(data))
        return len(data)

    def flush(self) -> None:
        if not self.closed:
            self._writer.flush()


class StepReader(io.TextIOBase):
    """Reads by asking: a line from `sys.stdin` is an answer in the chat.

    Args:
        ask: Returns the answer to a prompt.
    """

    def __init__(self, ask: Callable[[str], str]) -> None:
        super().__init__()
        self._ask = ask

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has a plain attribute
        """The encoding that a terminal would have."""
        return "utf-8"

    def readable(self) -> bool:
        """Report that it can be read from."""
        return True

    def fileno(self) -> int:
        """Return the descriptor for child processes; there is nothing to read there."""
        return 0

    def readline(self, size: int | None = -1) -> str:  # type: ignore[override]  # typeshed leaves None out
        """Ask for one line, cut to `size` where that is not negative; a newline ends it."""
        line = self._ask("") + "\n"
        return line if size is None or size < 0 else line[:size]

    def read(self, size: int | None = -1) -> str:
        """Ask for one line, as `readline` does; there is no end of input to read up to."""
        return self.readline(size)


class StepStreams:
    """Replaces the interpreter's standard streams, until undone.

    Args:
        log_orphan: Takes stream and line where no step is speaking.
        later: Calls something on the event loop after some seconds, asked from any thread.
    """

    def __init__(self, log_orphan: LogOrphan, later: Later) -> None:
        self.stdout = StepWriter("stdout", 1, log_orphan, later)
        self.stderr = StepWriter("stderr", 2, log_orphan, later)
        self.stdin = StepReader(self._ask)
        self._loop_thread = threading.get_ident()
        self._pid = os.getpid()
        self._before: tuple[Any, ...] | None = None

    def install(self) -> None:
        """Put the streams and `input` in place, on the event loop's thread."""
        self._loop_thread = threading.get_ident()
        self._before = (sys.stdout, sys.stderr, sys.stdin, builtins.input)
        sys.stdout, sys.stderr, sys.stdin = self.stdout, self.stderr, self.stdin
        builtins.input = self._input
        want_tracking(self, wanted=True)
        os.register_at_fork(after_in_child=self._restore_in_fork)

    def undo(self) -> None:
        """Log what is unfinished and give the interpreter its own streams back."""
        want_tracking(self, wanted=False)
        for writer in (self.stdout, self.stderr):
            writer._flush_held()  # noqa: SLF001 - the two are one mechanism
        if self._before is not None:
            sys.stdout, sys.stderr, sys.stdin, builtins.input = self._before
            self._before = None

    def _restore_in_fork(self) -> None:
        # A forked child has no run to log to: what it prints goes to the captured descriptors like any child's output.
        if self._before is not None:
            sys.stdout = open(1, "w", closefd=False, buffering=1, errors="backslashreplace")  # noqa: SIM115 - it stays
            sys.stderr = open(2, "w", closefd=False, buffering=1, errors="backslashreplace")  # noqa: SIM115 - it stays
            sys.stdin, builtins.input = self._before[2:]

    def _input(self, prompt: object = "", /) -> str:
        context = current_context()
        return self._ask(self.stdout.take_unfinished(context) + str(prompt))

    def _ask(self, prompt: str) -> str:
        context = current_context()
        if context is None:
            raise EOFError("nobody can answer here: only the function of a step can read input")
        if threading.get_ident() == self._loop_thread:
            asked = prompt.strip() or "..."
            raise StepContextError(
                f"reading input in the coroutine {context.path}.{context.function} would hold up every step:"
                f" write `text = await context.request_info({asked!r})`, or make the function a plain `def`"
            )
        return context.ask_from_thread(prompt)
