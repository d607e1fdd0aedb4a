"""Reads the conversation out of a run file, a little at a time."""

from typing import Final

from process_core.runfile import Filter, Row, RunFile, to_plain
from tui.chat.conversation import TEXT_LIMIT, TYPES, Entry, entries_of
from tui.timeline.error_text import note_of

_SIZE_LIMIT: Final = 256 * 1024
_PAGE: Final = 400
_SLICE: Final = 0.008


class ChatReader:
    """What was said in one run, from where the last reading ended.

    Args:
        run_file: The run; read on the thread it was opened by.
        skip_to_last: Entries that are read of what was said before; the earlier ones are left to the timeline.
    """

    def __init__(self, run_file: RunFile, skip_to_last: int) -> None:
        self._file = run_file
        self._view = run_file.view(Filter(types=TYPES))
        self._read = 0
        self._kept = skip_to_last
        self.skipped = 0

    def read(self) -> tuple[list[Entry], bool]:
        """Return what was said since, read for a few milliseconds, and whether that is all there is by now."""
        complete = self._view.advance(_SLICE)
        if not complete:
            return [], False
        count = len(self._view)
        if count - self._read > self._kept:
            self.skipped += count - self._read - self._kept
            self._read = count - self._kept
        rows = self._view.page(self._read, _PAGE)
        self._read += len(rows)
        return entries_of(rows, self._text), self._read >= count

    def _text(self, row: Row) -> str:
        if row.data is None:
            return note_of(row, self._file) or row.preview
        if row.type == "failed" or row.size > _SIZE_LIMIT:
            return row.preview
        value = to_plain(self._file.payload(row.data))
        return value[:TEXT_LIMIT] if isinstance(value, str) else row.preview
