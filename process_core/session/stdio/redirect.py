"""What `print`, `input` and `getpass` mean inside a step: log events, and questions in the chat.

The writers and the reader here replace `sys.stdout`, `sys.stderr`, `sys.stdin`, `input` and `getpass.getpass` in a
worker. They find out from the current context which step is speaking.
"""

import builtins
import codecs
import contextlib
import getpass
import io
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from process_core.engine.context import StepContext, current_context, follow_calls, want_tracking
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
        """Do nothing: an unfinished line is logged soon by itself, unless it is the prompt of a question."""

    def log_unfinished(self, context: StepContext) -> None:
        """Log the unfinished line of an invocation that ends."""
        if self._unfinished and (line := self.take_unfinished(context)):
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
        ask: Returns the answer to a prompt; None at the end of the input.
    """

    def __init__(self, ask: Callable[[str], str | None]) -> None:
        super().__init__()
        self._ask = ask
        self._rest = ""
        self._lock = threading.RLock()
        self._binary = io.BufferedReader(_RawReader(self))

    @property
    def name(self) -> str:
        """How a traceback calls the stream."""
        return "<stdin>"

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has a plain attribute
        """The encoding that a terminal would have."""
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]  # typeshed has a plain attribute
        """What `buffer` does with text that has no bytes."""
        return "surrogateescape"

    @property
    def buffer(self) -> io.BufferedIOBase:
        """The same stream for bytes."""
        return self._binary

    def readable(self) -> bool:
        """Report that it can be read from."""
        return True

    def fileno(self) -> int:
        """Return the descriptor for child processes; there is nothing to read there."""
        return 0

    def readline(self, size: int | None = -1) -> str:  # type: ignore[override]  # typeshed leaves None out
        """Read a line, or its first `size` characters where that is not negative; empty at the end of the input."""
        with self._lock:
            line = self._rest or self._next()
            size = len(line) if size is None or size < 0 else size
            line, self._rest = line[:size], line[size:]
            return line

    def read(self, size: int | None = -1) -> str:
        """Read so many characters, or all to the end of the input; fewer come only at the end."""
        with self._lock:
            text, self._rest = self._rest, ""
            while size is None or size < 0 or len(text) < size:
                line = self._next()
                if not line:
                    return text
                text += line
            text, self._rest = text[:size], text[size:]
            return text

    def _next(self) -> str:
        line = self._ask("")
        return "" if line is None else line + "\n"


class _RawReader(io.RawIOBase):
    """The bytes side of a reader."""

    def __init__(self, reader: StepReader) -> None:
        super().__init__()
        self._reader = reader
        self._rest = b""

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._reader.fileno()

    def readinto(self, buffer: Any) -> int:
        data = self._rest or self._reader.readline().encode("utf-8", "surrogateescape")
        size = min(len(buffer), len(data))
        buffer[:size], self._rest = data[:size], data[size:]
        return size


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
        self._unfollow: Callable[[], None] | None = None

    def install(self) -> None:
        """Put the streams and `input` in place, on the event loop's thread."""
        self._loop_thread = threading.get_ident()
        self._before = (sys.stdout, sys.stderr, sys.stdin, builtins.input, getpass.getpass)
        sys.stdout, sys.stderr, sys.stdin = self.stdout, self.stderr, self.stdin
        builtins.input, getpass.getpass = self._input, self._getpass
        want_tracking(self, wanted=True)
        self._unfollow = follow_calls(self)
        os.register_at_fork(after_in_child=self._restore_in_fork)

    def undo(self) -> None:
        """Log what is unfinished and give the interpreter its own streams back."""
        want_tracking(self, wanted=False)
        if self._unfollow is not None:
            self._unfollow()
            self._unfollow = None
        for writer in (self.stdout, self.stderr):
            writer._flush_held()  # noqa: SLF001 - the two are one mechanism
        if self._before is not None:
            sys.stdout, sys.stderr, sys.stdin, builtins.input, getpass.getpass = self._before
            self._before = None

    def begins(self, context: StepContext) -> None:
        """Note that a call begins: nothing to do."""

    def ends(self, context: StepContext) -> None:
        """Log what a call that ends has printed without a line break, while it can be recorded as its own."""
        self.stdout.log_unfinished(context)
        self.stderr.log_unfinished(context)

    def _restore_in_fork(self) -> None:
        # A forked child has no run to log to: what it prints goes to the captured descriptors like any child's output.
        if self._before is not None:
            sys.stdout = open(1, "w", closefd=False, buffering=1, errors="backslashreplace")  # noqa: SIM115 - it stays
            sys.stderr = open(2, "w", closefd=False, buffering=1, errors="backslashreplace")  # noqa: SIM115 - it stays
            sys.stdin, builtins.input, getpass.getpass = self._before[2:]

    def _input(self, prompt: object = "", /) -> str:
        line = self._ask(str(prompt))
        if line is None:
            raise EOFError("end of input")
        return line

    def _getpass(self, prompt: str = "Password: ", stream: Any = None, **_: Any) -> str:
        """Ask for what nobody may see: the answer is neither shown nor recorded."""
        del stream
        from pydantic import SecretStr  # noqa: PLC0415 - costs 60 ms, and a worker that is asked has it by now

        secret = self._asked(prompt, SecretStr | None)
        if secret is None:
            raise EOFError("end of input")
        word: str = secret.get_secret_value()
        return word

    def _ask(self, prompt: str) -> str | None:
        line: str | None = self._asked(prompt, str | None)
        return line

    def _asked(self, prompt: str, response_type: Any) -> Any:
        context = current_context()
        printed = self.stdout.take_unfinished(context) or self.stderr.take_unfinished(context)
        prompt = printed + prompt
        if context is None:
            raise EOFError("nobody can answer here: only the function of a step can read input")
        if threading.get_ident() == self._loop_thread:
            where = f"{context.path}.{context.function}"
            if prompt.startswith("(Pdb"):
                raise StepContextError(
                    f"breakpoint() in the coroutine {where} would hold up every step: make the function a plain `def`,"
                    f" where pdb is answered in the chat, or pause before it with `:break {where}`"
                )
            asked = prompt.strip() or "..."
            raise StepContextError(
                f"reading input in the coroutine {where} would hold up every step:"
                f" write `text = await context.request_info({asked!r})`, or make the function a plain `def`"
            )
        return context.ask_from_thread(prompt, response_type)
