"""Any recorded value as entries that open: bounded work at each, whatever the size and depth of the whole."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Final

from process_core.events import NO_DATA
from process_core.runfile import Tagged, to_plain
from tui.inspector.items import Item, Piece, Role
from tui.text.safe_text import safe

ABSENT: Final = object()
"""Stands for a value that was not there before."""
UNKNOWN: Final = object()
"""Stands for a value of which nothing earlier is known: nothing is marked then."""

FIRST_CHILDREN: Final = 100
"""Entries of a container that are shown at first; the rest comes in larger and larger parts."""
_MOST_CHILDREN = 10_000
_INLINE = 60  # characters of a text that stand on the line
_BLOCK = 4000  # characters of a text in one block
_LOOKED_AT = 6  # entries of a container that its line shows
_PART = 24  # characters of each
_KEY = 80
_COPIED = 2_000_000

Pieces = tuple[Piece, ...]
_SEQUENCES = (list, tuple, deque)
_SETS = (set, frozenset)


def value_item(
    key: str,
    value: Any,
    old: Any = UNKNOWN,
    *,
    label: str | None = None,
    is_open: bool = False,
    is_cut: bool = False,
) -> Item:
    """Make the entry of a value.

    Args:
        key: What it is called among its siblings; not safe yet.
        value: Anything that a run file gives.
        old: What stood there before, `ABSENT`, or `UNKNOWN`.
        label: What to show in place of the key; empty shows none.
        is_open: Whether it is open at first.
        is_cut: Whether only its beginning was read, so that its size is not known.

    Returns:
        The entry.
    """
    mark = change_of(old, value)
    name = safe(key if label is None else label, _KEY)
    lead = [*_MARKS[mark]] + ([Piece(f"{name}: ", Role.KEY)] if name else [])
    role = {"added": Role.ADDED, "changed": Role.CHANGED}.get(mark)
    opens = _opener(value, old, is_cut=is_cut)
    pieces, glance = describe(value)
    if is_cut and opens is not None:
        pieces = (Piece("at least ", Role.WARN), *pieces)
    if role is not None and opens is None:
        pieces = tuple(Piece(piece.text, role if piece.role is not Role.QUIET else piece.role) for piece in pieces)
    was = (Piece(f"  was {one_line(old, _PART)}", Role.QUIET),) if mark == "changed" and opens is None else ()
    return Item(key, (*lead, *pieces, *was), glance, opens, is_open=is_open, copy=lambda: copy_text(value))


def change_of(old: Any, value: Any) -> str:
    """Say how a value differs from what stood there before.

    Args:
        old: That, `ABSENT`, or `UNKNOWN`.
        value: What stands there now.

    Returns:
        `added`, `changed`, or nothing.
    """
    if old is UNKNOWN or old is value:
        return ""
    if old is ABSENT:
        return "added"
    try:
        return "" if type(old) is type(value) and old == value else "changed"
    except RecursionError:  # deeper than Python compares: shown as it is
        return ""


def count_changes(old: Any, value: Any, most: int = 1000) -> int:
    """Count the leaves in which two values differ.

    Args:
        old: What was.
        value: What is.
        most: When to stop counting.

    Returns:
        How many were added, changed or removed, `most` at most.
    """
    count = 0
    waiting = [(old, value)]
    while waiting and count < most:
        before, now = waiting.pop()
        if not change_of(before, now):
            continue
        pairs = None if before is ABSENT else list(_pairs(before, now))
        if pairs is None or (not pairs and not _is_container(now)):
            count += 1
        else:
            gone = sum(1 for _ in _removed(before, now))
            count += gone + (0 if pairs or gone else 1)
            waiting += pairs
    return min(count, most)


def describe(value: Any) -> tuple[Pieces, Pieces]:
    """Say what a value is, on one line of bounded length.

    Args:
        value: Anything.

    Returns:
        Safe pieces, and what can be left out where the value is open below.
    """
    if value is NO_DATA:
        return (Piece("no data", Role.QUIET),), ()
    if value is None or isinstance(value, bool):
        return (Piece(str(value), Role.WORD),), ()
    if isinstance(value, str):
        return _describe_text(value)
    if isinstance(value, int | float):
        return (Piece(_number(value), Role.NUMBER),), ()
    if isinstance(value, bytes | bytearray):
        shown = Piece(safe(repr(bytes(value[:_PART])), 4 * _PART), Role.STRING)
        return (shown, Piece("  "), _size(len(value), "byte")), ()
    if isinstance(value, Tagged):
        return _describe_tagged(value)
    if isinstance(value, dict):
        return (_size(len(value), "key"),), (Piece(f"  {{{_glance(value)}}}", Role.QUIET),) if value else ()
    if isinstance(value, (*_SEQUENCES, *_SETS)):
        name = "" if isinstance(value, list) else f"{type(value).__name__} "
        glance = (Piece(f"  [{_glance(value)}]", Role.QUIET),) if value else ()
        return (Piece(name, Role.STRONG), _size(len(value), "item")), glance
    return (Piece(safe(str(value), 200), Role.STRING), Piece(f"  {type(value).__name__}", Role.QUIET)), ()


def one_line(value: Any, limit: int) -> str:
    """Give a value's line as plain text.

    Args:
        value: Anything.
        limit: Characters at most.

    Returns:
        Safe text.
    """
    if value is ABSENT or value is UNKNOWN:
        return ""
    if _is_container(value):
        return safe(_brief(value), limit)
    return safe("".join(piece.text for pieces in describe(value) for piece in pieces), limit)


def copy_text(value: Any) -> str:
    """Give what is copied of a value: a text as it is, anything else as JSON.

    Args:
        value: Anything.

    Returns:
        Text; not safe to show.
    """
    if isinstance(value, str):
        return value[:_COPIED]
    try:
        return json.dumps(to_plain(value), indent=2, ensure_ascii=False, default=str)[:_COPIED]
    except (TypeError, ValueError, RecursionError):
        return str(value)[:_COPIED]


def text_items(text: str, role: Role = Role.TEXT, start: int = 0) -> list[Item]:
    """Give a long text as blocks, the next of which comes when it is asked for.

    Args:
        text: The text; not safe yet.
        role: What it is.
        start: Where in it to begin.

    Returns:
        A block, and an entry that opens to more.
    """
    end = start + _BLOCK
    items = [Item(f"text {start}", block=text[start:end], block_role=role, copy=lambda: text[:_COPIED])]
    if end < len(text):
        more = (Piece(f"… {len(text) - end:,} more characters", Role.LINK),)
        items.append(Item(f"more {end}", more, opens=lambda: text_items(text, role, end), is_splice=True))
    return items


def _opener(value: Any, old: Any, *, is_cut: bool) -> Callable[[], Sequence[Item]] | None:
    if isinstance(value, str):
        if len(value) <= _INLINE and "\n" not in value:
            return None
        return lambda: text_items(value, Role.STRING)
    if isinstance(value, Tagged):
        inner = old.value if isinstance(old, Tagged) else old if old is UNKNOWN else ABSENT
        return _opener(value.value, inner, is_cut=is_cut)
    if _is_container(value) and (value or any(True for _ in _removed(old, value))):
        return lambda: _children(value, old, 0, FIRST_CHILDREN, is_cut=is_cut)
    return None


def _children(value: Any, old: Any, start: int, many: int, *, is_cut: bool) -> list[Item]:
    last = len(value) - 1 if is_cut else -1  # where reading broke off
    parts = enumerate(islice(_entries(value), start, start + many), start)
    items = [_child(key, part, old, is_cut=index == last) for index, (key, part) in parts]
    rest = len(value) - start - many
    if rest > 0:
        more = (Piece(f"… {'at least ' if is_cut else ''}{rest:,} more", Role.LINK),)
        following = min(many * 10, _MOST_CHILDREN)
        key = f"more {start + many}"

        def further() -> list[Item]:
            return _children(value, old, start + many, following, is_cut=is_cut)

        items.append(Item(key, more, opens=further, is_splice=True))
    else:
        items += [_gone(key, part) for key, part in islice(_removed(old, value), FIRST_CHILDREN)]
    return items


def _child(key: Any, part: Any, old: Any, *, is_cut: bool) -> Item:
    before = old if old is UNKNOWN else _part_of(old, key)
    return value_item(_name(key), part, before, is_cut=is_cut)


def _gone(key: Any, part: Any) -> Item:
    name = safe(_name(key), _KEY)
    line = (*_MARKS["removed"], Piece(f"{name}: {one_line(part, _INLINE)}", Role.REMOVED))
    return Item(f"gone {name}", line, copy=lambda: copy_text(part))


def _entries(value: Any) -> Iterable[tuple[Any, Any]]:
    return value.items() if isinstance(value, dict) else enumerate(value)


def _part_of(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        return value.get(key, ABSENT)
    if isinstance(value, _SEQUENCES) and isinstance(key, int):
        return value[key] if key < len(value) else ABSENT
    return ABSENT


def _removed(old: Any, value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(old, dict) and isinstance(value, dict):
        return ((key, part) for key, part in old.items() if key not in value)
    if isinstance(old, _SEQUENCES) and isinstance(value, _SEQUENCES):
        return islice(enumerate(old), len(value), None)
    return ()


def _pairs(old: Any, value: Any) -> Iterable[tuple[Any, Any]]:
    """Give what stands in the same places of two values."""
    if isinstance(old, Tagged) and isinstance(value, Tagged) and old.type == value.type:
        return [(old.value, value.value)]
    if _is_container(value) and type(old) is type(value) and not isinstance(value, _SETS):
        return ((_part_of(old, key), part) for key, part in _entries(value))
    return ()


def _is_container(value: Any) -> bool:
    return isinstance(value, (dict, *_SEQUENCES, *_SETS))


def _describe_text(value: str) -> tuple[Pieces, Pieces]:
    if len(value) <= _INLINE and "\n" not in value:
        return (Piece(f'"{safe(value)}"', Role.STRING),), ()
    shown = safe(value[: _INLINE + 1], _INLINE)
    return (_size(len(value), "character"),), (Piece(f'  "{shown}', Role.STRING),)


def _describe_tagged(value: Tagged) -> tuple[Pieces, Pieces]:
    name = safe(value.type_name, _KEY)
    if value.kind == "object":
        pieces, glance = describe(value.value)
        return (Piece(f"{name} ", Role.STRONG), *pieces), glance
    if value.kind == "enum":
        pieces, glance = describe(value.value)
        return (Piece(safe(str(value), _INLINE), Role.WORD), Piece(" = ", Role.QUIET), *pieces), glance
    if value.kind == "cut":
        return (Piece(safe(str(value), 200), Role.WARN),), ()
    return (Piece(safe(str(value), 200), Role.STRING), Piece(f"  {name} (by its repr)", Role.QUIET)), ()


def _glance(value: Any) -> str:
    parts = [
        f"{safe(_name(key), _PART)}: {_brief(part)}" if isinstance(value, dict) else _brief(part)
        for key, part in islice(_entries(value), _LOOKED_AT)
    ]
    return ", ".join(parts) + (", …" if len(value) > _LOOKED_AT else "")


def _brief(value: Any) -> str:
    if isinstance(value, str):
        return f'"{safe(value, _PART)}"'
    if isinstance(value, dict):
        return "{…}" if value else "{}"
    if isinstance(value, (*_SEQUENCES, *_SETS)):
        return "[…]" if value else "[]"
    if isinstance(value, Tagged):
        return f"{safe(value.type_name, _PART)}(…)" if value.kind == "object" else safe(str(value), _PART)
    if isinstance(value, int | float):
        return safe(_number(value), _PART)
    return safe(str(value), _PART)


def _name(key: Any) -> str:
    return key[: 2 * _KEY] if isinstance(key, str) else _brief(key) if not isinstance(key, int) else str(key)


def _number(value: float) -> str:
    if isinstance(value, int) and value.bit_length() > 1000:  # noqa: PLR2004 - writing it out costs its square
        return f"an integer of {value.bit_length():,} bits"
    return repr(value)


def _size(count: int, word: str) -> Piece:
    return Piece(f"{count:,} {word}{'' if count == 1 else 's'}", Role.QUIET)


_MARKS: Final[dict[str, tuple[Piece, ...]]] = {
    "": (),
    "added": (Piece("+ ", Role.ADDED),),
    "changed": (Piece("~ ", Role.CHANGED),),
    "removed": (Piece("- ", Role.REMOVED),),
}
