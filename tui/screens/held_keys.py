"""Keys that came before what was entered ahead of them has been dealt with: they wait, and then apply in order."""

from collections import deque
from collections.abc import Callable
from typing import Final

from textual import events

_AT_ONCE: Final = ("ctrl+c", "ctrl+q")
"""Keys that wait for nothing."""


class HeldKeys:
    """Holds keys while the outcome of a command or an answer decides what they mean.

    Args:
        replay: Lets the app take the keys that waited, before any that comes later.
    """

    def __init__(self, replay: Callable[[], None]) -> None:
        self._replay = replay
        self._keys: deque[events.Event] = deque()
        self.is_holding = False

    def hold(self) -> None:
        """Let the keys that come now wait."""
        self.is_holding = True

    def take(self, event: events.Event) -> bool:
        """Return whether a key or a paste waits; Escape ends the waiting, and what waits before it is forgotten."""
        if not self.is_holding and not self._keys:
            return False
        key = event.key if isinstance(event, events.Key) else ""
        if key in _AT_ONCE:
            return False
        if key == "escape":
            self.drop()
            return False
        self._keys.append(event)
        return True

    def put_first(self, event: events.Event) -> None:
        """Let a key wait before all others."""
        self._keys.appendleft(event)

    def release(self) -> None:
        """Let the keys apply, in the order in which they came."""
        self.is_holding = False
        if self._keys:
            self._replay()

    def drop(self) -> bool:
        """Forget the keys; return whether there were any."""
        self.is_holding = False
        had_some = bool(self._keys)
        self._keys.clear()
        return had_some

    def next(self) -> events.Event | None:
        """Return the key that applies next; None where none waits, or those that do wait on."""
        return self._keys.popleft() if self._keys and not self.is_holding else None
