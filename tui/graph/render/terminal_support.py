"""Whether the terminal can be expected to show box drawing."""

import sys
from typing import Final

_DRAWN: Final = "│─╭▶◔"


def needs_ascii() -> bool:
    """Return whether the terminal's encoding, which the locale decides, has no box drawing."""
    stream = sys.__stderr__  # where the terminal UI writes
    try:
        _DRAWN.encode((stream and stream.encoding) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return True
    return False
