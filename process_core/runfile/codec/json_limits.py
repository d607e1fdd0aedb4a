"""Bounds on recorded JSON that is read whole: what a small file may not take of the reader's memory, time and stack."""

from array import array
from itertools import accumulate
from typing import Final

MAX_JSON_DEPTH: Final = 500
"""Levels of brackets that are read; a value of the deepest kind that is written, every level marked, has fewer."""
_FEW: Final = 100
"""Brackets that need no second look: they cannot be too deep."""
_PER_CONTAINER: Final = 240
_PER_PART: Final = 56
"""Bytes of memory of a small dict, and of a small text or number with its place in a list."""
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""One level down, or one up as a signed byte."""


def check_depth(text: bytes) -> bool:
    """Return whether the value may be nested deeply; ValueError if it is too deep even to be read."""
    if text.count(b"[") + text.count(b"{") <= _FEW:
        return False
    steps = array("b", _without_texts(text).translate(_STEPS, _NO_BRACKETS))
    levels = max(accumulate(steps), default=0)
    if levels > MAX_JSON_DEPTH:
        raise ValueError(f"it is nested more than {MAX_JSON_DEPTH} levels deep")
    return levels > _FEW


def weight(text: bytes) -> int:
    """Return about how many bytes of memory it takes to read a value from its JSON, rather too many than too few."""
    return _weight(text)


def weight_without_texts(text: bytes) -> int:
    """Return the same, more exactly and more slowly: without taking commas and brackets in texts for parts."""
    return _weight(_without_texts(text)) + 2 * len(text)


def _weight(text: bytes) -> int:
    containers = text.count(b"{") + text.count(b"[")
    return 2 * len(text) + _PER_CONTAINER * containers + _PER_PART * text.count(b",")


def _without_texts(text: bytes) -> bytes:
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b'""'.join(text.split(b'"')[::2])
