"""How a payload reads where there is room for one line of it only."""

import re
from typing import Final

from process_core.events import NO_DATA
from process_core.runfile.codec.decode import decode, text_of

PREVIEW: Final = 160
"""Characters of a payload that are shown on one line, wherever that is."""

_SOURCE = 1000
"""Characters of JSON up to which a payload is read, to be shown as its value reads; of a longer one the start is."""
_WORDS = {"null": "None", "true": "True", "false": "False"}
_LEADING_TAG = re.compile(r'\{"\$":"([^":]*:)?([^":]*)",?')


def one_line(text: str, limit: int = PREVIEW) -> str:
    """Return the start of recorded JSON as a person reads it, on one line; it may hold any character but a line end."""
    if not text or text[0] not in '{["':
        return _WORDS.get(text) or text[:limit]
    if len(text) <= _SOURCE:
        try:
            value = decode(text)
            shown = value if isinstance(value, str) else text_of(value)
        except (ValueError, RecursionError):
            pass
        else:
            return "" if value is NO_DATA else _cut(shown, limit)
    start = text[: limit * 2]
    if start[0] == '"':
        return _cut(start[1:].replace("\\n", " ").replace('\\"', '"'), limit)
    return _cut(_LEADING_TAG.sub(r"\2{", start), limit)


def _cut(text: str, limit: int) -> str:
    line = text if text.isprintable() else " ".join(text[: limit * 2].split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
