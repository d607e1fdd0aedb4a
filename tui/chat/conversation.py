"""A run as a conversation: read out of its file, who said what, and how it breaks into lines."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, Protocol, TypeVar

from rich.cells import cell_len

from process_core.runfile import Filter, Row, RunFile, to_plain
from tui.text.safe_text import NAME, clip, safe, safe_lines
from tui.text.spans import wrap
from tui.timeline.error_text import note_of


class Voice(StrEnum):
    """What kind of thing is said."""

    ASKED = "asked"
    ANSWERED = "answered"
    OUTPUT = "output"
    LOG = "log"
    WRONG = "wrong"
    NOTE = "note"


TYPES: Final = ("request_info", "response", "request_withdrawn", "output", "log", "error", "failed", "status")
"""Types of event that make up a conversation."""
_VOICES: Final = {
    "request_info": Voice.ASKED,
    "response": Voice.ANSWERED,
    "request_withdrawn": Voice.NOTE,
    "output": Voice.OUTPUT,
    "log": Voice.LOG,
    "error": Voice.WRONG,
    "failed": Voice.WRONG,
}
_NOTES: Final = {"STOPPED": "the run is STOPPED", "CANCELLED": "the run is CANCELLED", "FAILED": "the run is FAILED"}
MARKS: Final = {
    Voice.ASKED: "?",
    Voice.ANSWERED: "»",
    Voice.OUTPUT: "«",
    Voice.LOG: "·",
    Voice.WRONG: "✗",
    Voice.NOTE: "■",
}
"""One cell that shows each voice without colour."""
TEXT_LIMIT: Final = 8000
"""Characters of one entry that are looked at."""
_LINES: Final = 60


class ChatRow(Protocol):
    """What a conversation needs of a recorded event."""

    @property
    def seq(self) -> int:
        """Place in the run."""

    @property
    def type(self) -> str:
        """Type of the event."""

    @property
    def path(self) -> str:
        """Path of the step."""

    @property
    def state(self) -> str | None:
        """State of the run, for `status`."""


RowType = TypeVar("RowType", bound=ChatRow)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing said.

    Attributes:
        seq: Seq of the event.
        voice: What kind of thing it is.
        who: Path of the step; empty for the user and for the run.
        text: What was said, as it came.
    """

    seq: int
    voice: Voice
    who: str
    text: str


class Line(NamedTuple):
    """A line of the transcript.

    Attributes:
        seq: Of the entry it belongs to.
        voice: Of that entry.
        mark: The sign before the text, on the first line of an entry.
        who: Name of the speaker, on the first line of an entry.
        text: Safe text.
    """

    seq: int
    voice: Voice
    mark: str
    who: str
    text: str


def entries_of(rows: Iterable[RowType], text_of: Callable[[RowType], str]) -> list[Entry]:
    """Pick what belongs to the conversation from recorded events; `text_of` reads the text of one."""
    entries = []
    for row in rows:
        if row.type == "status":
            note = _NOTES.get(str(row.state))
            if note:
                entries.append(Entry(row.seq, Voice.NOTE, "", note))
            continue
        voice = _VOICES.get(row.type)
        if voice is not None:
            who = "" if voice is Voice.ANSWERED else row.path
            entries.append(Entry(row.seq, voice, who, text_of(row)))
    return entries


def lines_of(entry: Entry, width: int) -> list[Line]:
    """Break an entry into lines, at least one, each with its mark no wider than `width`."""
    width = max(width, 8)
    who = clip(safe(entry.who.rpartition("/")[2], NAME), width // 3)
    room = width - 2
    lead = cell_len(who) + 1 if who else 0
    texts: list[str] = []
    for part in safe_lines(entry.text[:TEXT_LIMIT].rstrip("\n"), _LINES, TEXT_LIMIT):
        texts += wrap(part, room, room - lead if not texts else room)
    first, *rest = texts
    return [
        Line(entry.seq, entry.voice, MARKS[entry.voice], who, first),
        *(Line(entry.seq, entry.voice, "", "", text) for text in rest),
    ]


_SIZE_LIMIT: Final = 256 * 1024
_PAGE: Final = 400
_SLICE: Final = 0.008


class ChatReader:
    """Reads what is said in one run, each time from where the reading before ended.

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
