"""Reports when the files of a project were saved."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from typing import Final

_STEP: Final = 10
"""Milliseconds between two looks at what the system has reported; ten times less than watchfiles' own."""
_DEBOUNCE: Final = 100
"""Milliseconds at most that changes are gathered."""


async def saves(folders: Callable[[], Collection[Path]]) -> AsyncIterator[None]:
    """Yield once for each save, or for several that come close together.

    Folders are watched, not files: many editors save by renaming, after which another file has the name. `folders` is
    asked again after every save, for the code may import more by then.
    """
    from watchfiles import Change, awatch  # noqa: PLC0415 - the engine has no use for it, only a worker that watches

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
