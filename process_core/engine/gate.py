"""What a run asks of a debugger that holds it, and of a file that it is written to."""

from pathlib import Path
from typing import Protocol

from process_core.engine.invocation import Message
from process_core.engine.join_buffer import ReadyCall
from process_core.engine.scope import Scope


class Gate(Protocol):
    """Stands between messages and the functions they invoke; a debugger's way to hold a run."""

    def take(self, scope: Scope, batch: list[Message]) -> None:
        """See the messages of a superstep that begins."""

    def holds(self, batch: list[Message]) -> bool:
        """Whether any of these messages may have to wait."""

    @property
    def has_to_settle(self) -> bool:
        """Whether a superstep that is about to end has to come to `settle` first."""

    async def settle(self, scope: Scope) -> None:
        """Pause before the superstep's end where something in it asked for that."""

    async def rest(self, root: Scope, *, ends: bool) -> None:
        """Pause before the run comes to rest, or ends, where something asked for that."""

    async def dispatch(self, scope: Scope, firings: list[ReadyCall]) -> None:
        """Start the calls of a superstep, each when its message may be delivered."""

    async def opened(self) -> None:
        """Wait while the run is paused."""

    def abandon(self) -> None:
        """Hold nothing any more, since the run ends."""


class Recording(Protocol):
    """Where a run is written to."""

    written: int
    """Seq of the last event that is safe."""
    path: Path
    """The file."""

    @property
    def behind(self) -> int:
        """How much was taken in that is not safe yet."""
        ...

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything so far is safe, for so many seconds at most."""
        ...
