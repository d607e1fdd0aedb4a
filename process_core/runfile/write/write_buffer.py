"""What was taken in and is not written yet: filled by the run's thread, emptied by the writer's, without a lock."""

from collections import deque
from typing import Any, Final

WIDTH: Final = 6
"""Values of a row: seq, shape, ts, superstep, cause, data."""
BLOCK: Final = 4096
"""Rows in one block, and at most in one transaction."""
FULL: Final = BLOCK * WIDTH
"""Values in a block that is full."""


class WriteBuffer:
    """Rows of `events` in order, and what else has to be written before or after which of them.

    Rows stand value by value in lists, which go to SQLite as they are: to make one is a single `extend`, and nothing is
    done for one by one on the way. Whoever has filled a block begins the next. Each side changes only what is its own,
    and each change is one step of the interpreter: so no lock is needed.

    Attributes:
        rows: The rows of the block being filled; only to be extended, by `WIDTH` values at once.
    """

    __slots__ = ("_base", "_blocks", "_items", "_items_put", "_items_taken", "_rows_before", "_start", "rows")

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self._blocks: deque[list[Any]] = deque([self.rows])
        self._items: deque[tuple[int, Any]] = deque()
        self._rows_before = 0  # rows in blocks that are full
        self._items_put = 0
        # The writer's side.
        self._base = 0  # rows in blocks that are written
        self._start = 0  # values of the first block that are taken
        self._items_taken = 0

    def next_block(self) -> None:
        """Begin another block."""
        self._rows_before += len(self.rows) // WIDTH
        self.rows = []
        self._blocks.append(self.rows)

    def put(self, item: Any) -> None:
        """Add something else than a row; it is taken with the row that comes next, or before it."""
        self._items_put += 1
        self._items.append((self._rows_before + len(self.rows) // WIDTH, item))

    @property
    def put_so_far(self) -> int:
        """How much has ever been put in; for the filling side."""
        return self._rows_before + len(self.rows) // WIDTH + self._items_put

    @property
    def taken_so_far(self) -> int:
        """How much has ever been taken."""
        return self._base + self._start // WIDTH + self._items_taken

    def __len__(self) -> int:
        return max(0, self.put_so_far - self.taken_so_far)

    def take(self, most: int = BLOCK) -> tuple[list[Any], list[Any]]:
        """Take the values of at most `most` rows, and the other things put in before them or right after."""
        blocks, items = self._blocks, self._items
        while len(blocks) > 1 and self._start >= len(blocks[0]):
            self._base += len(blocks.popleft()) // WIDTH
            self._start = 0
        block, start = blocks[0], self._start
        end = min(len(block), start + most * WIDTH)
        # Those put in before the row at `end` are here by now; one put in after it must wait for that row.
        if len(items) > most:
            end = min(end, max(start, (items[most][0] - self._base) * WIDTH))
        until = self._base + end // WIDTH
        taken: list[Any] = []
        while items and items[0][0] <= until and len(taken) < 2 * most:
            taken.append(items.popleft()[1])
        self._start = end
        self._items_taken += len(taken)
        return block[start:end], taken

    def clear(self) -> None:
        """Forget everything; only where nothing is taken any more."""
        self._rows_before += len(self.rows) // WIDTH
        self.rows = []
        self._blocks = deque([self.rows])
        self._items.clear()
