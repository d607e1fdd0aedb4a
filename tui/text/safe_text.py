"""The one door through which text of processes reaches a terminal: nothing that acts gets through, nothing hides.

Neither Rich nor Textual removes escape codes, and both would parse markup. Every character that a terminal acts on, or
that a person cannot see, is replaced by one that stands for it; the result is never parsed.
"""

import re
from typing import Final
from unicodedata import category

from rich.cells import cell_len

# How many characters of what a process says are shown, by what it is and where it stands.
LABEL: Final = 40
"""Of a name where room is scarcest: in the mode line."""
NAME: Final = 80
"""Of a name on a line: an event id, a path, a function, a code."""
PREVIEW: Final = 200
"""Of a value, or of what a question or a failure says, beside other things on a line."""
MESSAGE: Final = 300
"""Of a message that has a line of its own."""
BLOCK: Final = 4000
"""Of a text that is wrapped, before the reader has to ask for more."""
LIMIT: Final = 2000
"""How many characters of a text are shown where nothing else is said."""
LINE_BREAK: Final = "⏎"
"""What a line break is shown as within a line."""
ELLIPSIS: Final = "…"
_TAB_SIZE = 4
_PER_CELL = 8  # characters looked at per cell to fill: beyond a base and seven marks on it nobody reads

# Characters without a picture of their own: format controls (bidi, zero width, tags), line and paragraph separators,
# unpaired surrogates, what Unicode calls default-ignorable, and noncharacters. Written out, because asking unicodedata
# for each of 1.1 million code points at import costs more than the first frame; a test holds the list against it.
_INVISIBLE: Final = (
    (0x80, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F), (0x600, 0x605), (0x61C, 0x61C), (0x6DD, 0x6DD), (0x70F, 0x70F),
    (0x890, 0x891), (0x8E2, 0x8E2), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F),
    (0x2028, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xD800, 0xDFFF), (0xFDD0, 0xFDEF), (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0xFFFE, 0xFFFF), (0x110BD, 0x110BD), (0x110CD, 0x110CD),
    (0x13430, 0x1345F), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip


def _table() -> dict[int, str]:
    table = {code: f"\u2039U+{code:04X}\u203a" for first, last in _INVISIBLE for code in range(first, last + 1)}
    table.update({code: chr(0x2400 + code) for code in range(0x20)})  # the control pictures
    table.update({0x09: "⇥", 0x0A: LINE_BREAK, 0x7F: "␡"})
    return table


_TABLE: Final = _table()


_MARKS: Final = 4
"""Marks on one character that are shown; a flood of them would cover the lines above and below."""
_NOT_LATIN: Final = re.compile("[^\x00-\u02ff]{5,}")


def visible(text: str) -> str:
    """Make a text of any length fit to write on one line; `safe` bounds it as well."""
    if text.isascii() and text.isprintable():
        return text
    return _NOT_LATIN.sub(_few_marks, text.translate(_TABLE))


def copyable(text: str) -> str:
    """Make a text fit for the clipboard, from where it may be pasted into a shell: lines and tabs stay."""
    return "\n".join("\t".join(map(visible, line.split("\t"))) for line in text.replace("\r\n", "\n").split("\n"))


def _few_marks(run: re.Match[str]) -> str:
    """Return characters with few marks on each, and `…` for those that are left out."""
    kept: list[str] = []
    marks = 0
    for character in run[0]:
        marks = marks + 1 if category(character) in ("Mn", "Me") else 0
        if marks <= _MARKS:
            kept.append(character)
        elif marks == _MARKS + 1:
            kept.append(ELLIPSIS)
    return "".join(kept)


def safe(text: str, limit: int = LIMIT) -> str:
    """Make a text fit to show on one line, whatever it holds.

    At most `limit` characters remain, without controls, line breaks or invisible characters; `…` ends one that was cut.
    Cutting comes before everything else, so size costs nothing.
    """
    if len(text) > limit:
        text = _cut(text, limit)
    if text.isascii() and text.isprintable():
        return text
    text = visible(text)
    return _cut(text, limit) if len(text) > limit else text


def safe_lines(text: str, max_lines: int, max_width: int) -> list[str]:
    r"""Make a text fit to show as a block of at least one line: its line breaks are kept, as entries.

    A line ends at `\n` or `\r\n`, and a tab goes to the next multiple of four. Where lines are left out, the last entry
    counts them. No entry is wider than `max_width` cells.
    """
    lines: list[str] = []
    longest = _PER_CELL * max_width + 1
    start = 0
    while len(lines) < max_lines:
        end = text.find("\n", start)
        stop = len(text) if end < 0 else end
        if end > start and text[end - 1] == "\r":
            stop -= 1
        line = text[start : min(stop, start + longest)]
        lines.append(clip(safe(line.expandtabs(_TAB_SIZE), longest), max_width))
        if end < 0:
            return lines
        start = end + 1
    if lines:
        hidden = text.count("\n", start) + 2
        lines[-1] = clip(f"{ELLIPSIS} {hidden} more lines", max_width)
    return lines


def clip(text: str, cells: int) -> str:
    """Cut a safe text to a width on the screen.

    Returns the text, or as much of its beginning as fits with `…` after it; a wide character is never split.
    """
    if cells <= 0:
        return ""
    if len(text) <= cells and text.isascii():
        return text
    longest = _PER_CELL * cells
    if len(text) <= longest and cell_len(text) <= cells:
        return text
    low, high = 0, min(len(text), longest)
    while low < high:  # the width of a beginning never shrinks as it grows
        middle = (low + high + 1) // 2
        if cell_len(text[:middle]) < cells:
            low = middle
        else:
            high = middle - 1
    return text[:low] + ELLIPSIS


def _cut(text: str, limit: int) -> str:
    return text[: limit - 1] + ELLIPSIS if limit > 0 else ""
