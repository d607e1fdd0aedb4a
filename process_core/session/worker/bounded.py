"""Text and payloads as they are sent: bounded, on one line, valid JSON."""

from typing import Any, Final

from process_core.events import NO_DATA
from process_core.runfile.codec.decode import one_line
from process_core.runfile.codec.tags import TaggedWriter

PREVIEW: Final = 160
"""Characters of a payload that a message shows."""
_DEPTH: Final = 6
_NODES: Final = 200


def preview(value: Any) -> str:
    """Return a payload as a person reads it, on one bounded line, whatever its class does; empty for no payload."""
    if value is NO_DATA:
        return ""
    if type(value) is str:
        return bounded(" ".join(value[: PREVIEW * 2].split()) if not value.isprintable() else value, PREVIEW)
    return bounded(one_line(TaggedWriter(_DEPTH, _NODES).write(value).decode(), PREVIEW), PREVIEW)


def bounded(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters that JSON can hold (no unpaired surrogates), `…` where it was cut."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
