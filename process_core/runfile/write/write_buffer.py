"""What was taken in and is not written yet: filled by the run's thread, emptied by the writer's, without a lock."""

from bisect import bisect_right
from collections import deque
from typing import Any, Final, NamedTuple

WIDTH: Final = 6
"""Values of a row: seq, shape, ts, superstep, cause, data."""
BLOCK: Final = 4096
"""Rows in one block, and at most in one transaction."""
FULL: Final = BLOCK * WIDTH
"""Values in a block that is full."""
BRIEF_WIDTH: Final = 6
"""Values of a brief checkpoint: id, parent, path, superstep, seq, extra."""


class Block(NamedTuple):
    """A part of what was taken in; `places` has, for each brief checkpoint, the number of rows put in before it."""

    rows: list[Any]
    briefs: list[Any]
    places: list[int]


class WriteBuffer:
    """Rows of `events` and brief checkpoints in order, and what else has to be written before or after which of them.

    Rows and briefs stand value by value in lists, which go to SQLite as they are: to make one is a single `extend`, and
    nothing is done for one by one on the way. Whoever has filled a block begins the next. Each side changes only
    what is its own, and each change is one step of the interpreter: so no lock is needed.

    Attributes:
        rows: The rows of the block being filled; only to be extended, by `WIDTH` values at once.
    """

    __slots__ = (
        "_base",
        "_blocks",
        "_briefs",
        "_briefs_base",
        "_briefs_before",
        "_briefs_start",
        "_items",
        "_items_put",
        "_items_taken",
        "_places",
        "_rows_before",
        "_start",
        "rows",
    )

    def __init__(self) -> None:
        self._blocks: deque[Block] = deque()
        self._items: deque[tuple[int, Any]] = deque()
        self._rows_before = 0  # rows in blocks that are full
        self._briefs_before = 0
        self._items_put = 0
        # The writer's side.
        self._base = 0  # rows in blocks that are written
        self._briefs_base = 0
        self._start = 0  # values of the first block that are taken
        self._briefs_start = 0  # briefs of the first block that are taken
        self._items_taken = 0
        self._begin_block()

    def _begin_block(self) -> None:
        block = Block([], [], [])
        self._blocks.append(block)
        self.rows, self._briefs, self._places = block

    def next_block(self) -> None:
        """Begin another block."""
        self._rows_before += len(self.rows) // WIDTH
        self._briefs_before += len(self._places)
        self._begin_block()

    def put(self, item: Any) -> None:
        """Add something else than a row; it is taken with the row that comes next, or before it."""
        self._items_put += 1
        self._items.append((self._rows_before + len(self.rows) // WIDTH, item))

    def put_brief(self, values: tuple[Any, ...]) -> None:
        """Add a brief checkpoint, `BRIEF_WIDTH` values; it is taken as `put` says."""
        self._briefs.extend(values)
        self._places.append(self._rows_before + len(self.rows) // WIDTH)  # last: it makes the values seen

    @property
    def put_so_far(self) -> int:
        """How much has ever been put in; for the filling side."""
        rows = self._rows_before + len(self.rows) // WIDTH
        return rows + self._briefs_before + len(self._places) + self._items_put

    @property
    def taken_so_far(self) -> int:
        """How much has ever been taken."""
        rows = self._base + self._start // WIDTH
        return rows + self._briefs_base + self._briefs_start + self._items_taken

    def __len__(self) -> int:
        return max(0, self.put_so_far - self.taken_so_far)

    def take(self, most: int = BLOCK) -> tuple[list[Any], list[Any], list[Any]]:
        """Take the values of at most `most` rows, and the briefs and other things put in before them or right after."""
        blocks, items = self._blocks, self._items
        while len(blocks) > 1 and self._start >= len(blocks[0].rows) and self._briefs_start >= len(blocks[0].places):
            block = blocks.popleft()
            self._base += len(block.rows) // WIDTH
            self._briefs_base += len(block.places)
            self._start = self._briefs_start = 0
        block, start = blocks[0], self._start
        end = min(len(block.rows), start + most * WIDTH)
        # Those put in before the row at `end` are here by now; one put in after it must wait for that row.
        if len(items) > most:
            end = min(end, max(start, (items[most][0] - self._base) * WIDTH))
        until = self._base + end // WIDTH
        taken: list[Any] = []
        while items and items[0][0] <= until and len(taken) < 2 * most:
            taken.append(items.popleft()[1])
        if items:
            until = min(until, items[0][0] - 1)  # a brief must not come before an event that is left
        first = self._briefs_start
        last = bisect_right(block.places, until, first)
        self._start, self._briefs_start = end, last
        self._items_taken += len(taken)
        return block.rows[start:end], block.briefs[first * BRIEF_WIDTH : last * BRIEF_WIDTH], taken

    def clear(self) -> None:
        """Forget everything; only where nothing is taken any more."""
        self._rows_before += len(self.rows) // WIDTH
        self._briefs_before += len(self._places)
        self._blocks = deque()
        self._begin_block()
        self._items.clear()
