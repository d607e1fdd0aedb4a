"""Reports when the files of a project were saved."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from typing import Final

_STEP: Final = 10
"""Milliseconds between two looks at what the system has reported; ten times less than watchfiles' own."""
_DEBOUNCE: Final = 100
"""Milliseconds at most that changes are gathered."""
_LOOK: Final = 0.2
"""Seconds between two looks at the files themselves, where the package watchfiles is not there."""


async def saves(folders: Callable[[], Collection[Path]]) -> AsyncIterator[None]:
    """Yield once for each save, or for several that come close together.

    Folders are watched, not files: many editors save by renaming, after which another file has the name. `folders` is
    asked again after every save, for the code may import more by then.
    """
    try:
        from watchfiles import Change, awatch  # noqa: PLC0415 - the engine has no use for it, only a worker that watches
    except ModuleNotFoundError:  # a worker in the user's own environment may have no more than pydantic
        async for _ in _saves_seen(folders):
            yield
        return

    def matters(change: Change, path: str) -> bool:
        del change
        return path.endswith(".py") or "." not in path.rpartition("/")[2]

    while True:
        watched = frozenset(folders())
        stop = asyncio.Event()
        changes = awatch(
            *watched, watch_filter=matters, step=_STEP, debounce=_DEBOUNCE, recursive=False, stop_event=stop,
            ignore_permission_denied=True, raise_interrupt=False,
        )  # fmt: skip
        async for _ in changes:
            yield
            if frozenset(folders()) != watched:
                stop.set()


async def _saves_seen(folders: Callable[[], Collection[Path]]) -> AsyncIterator[None]:
    """Yield as `saves` does, by looking at the files again and again."""
    before = await asyncio.to_thread(_stamps, folders())
    while True:
        await asyncio.sleep(_LOOK)
        now = await asyncio.to_thread(_stamps, folders())
        if now != before:
            before = now
            yield


def _stamps(folders: Collection[Path]) -> dict[Path, tuple[int, int, int]]:
    """Return what changes about each Python file in the folders when it is saved."""
    stamps = {}
    for folder in folders:
        with contextlib.suppress(OSError):
            for file in folder.glob("*.py"):
                with contextlib.suppress(OSError):
                    status = file.stat()
                    stamps[file] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return stamps
