"""Where in Python the target's code is, in every thread and in every task that waits; read without its help."""

import asyncio
import sys
import sysconfig
import threading
from collections.abc import Iterator
from linecache import getline
from pathlib import Path
from types import FrameType
from typing import Any, Final

import process_core
from process_core.session.protocol.envelope import Reply, bounded
from process_core.session.protocol.framing import BadFrame
from process_core.session.protocol.verbs import ShowStack, read_command

MOST: Final = 30_000
"""Characters of all stacks together."""
_DEEP: Final = 60
_MANY: Final = 50
_OURS: Final = str(Path(process_core.__file__).parent)
_PYTHON: Final = tuple(filter(None, (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))))
_PACKAGES: Final = ("site-packages", "dist-packages")
_WATCHER: Final = ("/anyio/", "/watchfiles/")
"""Packages that watch the target's files for the worker."""

CodeLine = tuple[FrameType, int]
"""A frame and its line; the frame alone goes on to other lines."""


def answer_aside(frame: bytes | BadFrame, loop: asyncio.AbstractEventLoop) -> Reply | None:
    """Return the answer to a command that asks for the stacks; None for every other, which is the loop's."""
    if isinstance(frame, BadFrame) or b'"stack"' not in frame:
        return None
    try:
        command = read_command(frame)
    except ValueError:
        return None
    return Reply(id=command.id, value=stacks(loop)) if isinstance(command, ShowStack) else None


def stacks(loop: asyncio.AbstractEventLoop) -> str:
    """Return the stacks of what runs and waits, the outermost call of the target's code first; from any thread."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    main = threading.main_thread().ident
    parts: list[str] = []
    for ident, frame in sys._current_frames().items():  # noqa: SLF001 - documented; there is no other way
        shown = _shown(_of_thread(frame))
        if shown:
            name = (
                "the event loop, which hears nothing meanwhile" if ident == main else f"thread {names.get(ident, '?')}"
            )
            parts.append(f"runs in {name}:\n{shown}")
    for task in list(asyncio.all_tasks(loop))[:_MANY]:
        shown = _shown(_of_coroutine(task.get_coro()))
        if shown:
            parts.append(f"waits ({task.get_name()}):\n{shown}")
    return bounded("\n\n".join(parts) or "no code of the target runs or waits now", MOST)


def _of_thread(frame: FrameType | None) -> list[CodeLine]:
    places: list[CodeLine] = []
    while frame is not None:
        places.append((frame, frame.f_lineno))
        frame = frame.f_back
    return places[::-1]


def _of_coroutine(waiting: Any) -> list[CodeLine]:
    """Return where a coroutine waits, down to what it waits for; nothing of one that runs, which a thread shows."""
    places: list[CodeLine] = []
    while waiting is not None and len(places) < _DEEP * 4:
        kind = next((kind for kind in ("cr", "gi", "ag") if hasattr(waiting, f"{kind}_frame")), None)
        if kind is None or getattr(waiting, f"{kind}_running"):
            break
        frame: FrameType | None = getattr(waiting, f"{kind}_frame")
        if frame is not None:
            places.append((frame, frame.f_lineno))
        waiting = getattr(waiting, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")
    return places


def _shown(places: list[CodeLine]) -> str:
    """Return a stack from the first call of the target's code on; empty where there is none."""
    first = next((at for at, (frame, _) in enumerate(places) if _is_theirs(frame)), None)
    if first is None:
        return ""
    theirs = [place for place in places[first:] if not place[0].f_code.co_filename.startswith(_OURS)]
    hidden = [f"  … {len(theirs) - _DEEP} calls more"] if len(theirs) > _DEEP else []
    return "\n".join([*hidden, *(line for frame, number in theirs[-_DEEP:] for line in _lines(frame, number))])


def _lines(frame: FrameType, number: int) -> Iterator[str]:
    code = frame.f_code
    yield f"  {code.co_filename}:{number} in {code.co_qualname}"
    source = getline(code.co_filename, number).strip()
    if source:
        yield f"      {source}"


def _is_theirs(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    in_python = name.startswith(_PYTHON) and not any(part in name for part in _PACKAGES)
    in_watcher = any(part in name for part in _WATCHER)
    return not (name.startswith((_OURS, "<frozen")) or in_python or in_watcher)
