"""Any recorded value: read in bounded time, and shown as entries that open, whatever its size and depth."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol

from process_core.events import NO_DATA
from process_core.runfile import RunFileError, Tagged, to_plain
from process_core.runfile.codec.decode import decode, text_of
from tui.inspector.outline import Item
from tui.text.safe_text import BLOCK, NAME, PREVIEW, safe
from tui.text.spans import Span, Spans, Tone

WHOLE: int = 128 * 1024
"""Bytes up to which a payload is read whole at once."""
_START = 48 * 1024
ABSENT: Final = object()
"""Stands for a value that was not there before."""
UNKNOWN: Final = object()
"""Stands for a value of which nothing earlier is known: nothing is marked then."""

FIRST_CHILDREN: Final = 100
"""Entries of a container that are shown at first; the rest comes in larger and larger parts."""
_MOST_CHILDREN = 10_000
_INLINE = 60  # characters of a text that stand on the line
_LOOKED_AT = 6  # entries of a container that its line shows
_PART = 24  # characters of each
_COPIED = 2_000_000

_SEQUENCES = (list, tuple, deque)
_SETS = (set, frozenset)


class Payloads(Protocol):
    """Where payloads are read; a run file is one."""

    def payload(self, ref: Any) -> Any:
        """Return a payload."""

    def payload_text(self, ref: Any, limit: int) -> tuple[str, int]:
        """Return the beginning of a payload as JSON text, and the size of the whole in bytes."""


class Payload(NamedTuple):
    """A payload as far as it was read.

    Attributes:
        value: It, or the beginning of it.
        size: Bytes of the whole, as JSON.
        shown: Bytes that were read.
        problem: Why it could not be read, empty where it could.
    """

    value: Any
    size: int
    shown: int
    problem: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self.shown >= self.size


def read_payload(source: Payloads, ref: Any, *, whole: bool = False) -> Payload:
    """Read a payload: as much of it as can be read at once, or the whole, however long that takes."""
    try:
        text, size = source.payload_text(ref, _START)
        if whole or size <= WHOLE:
            return Payload(source.payload(ref), size, size)
        return Payload(_beginning(text), size, len(text.encode()))
    except RunFileError as error:
        return Payload(None, 0, 0, str(error))


def size_text(size: int) -> str:
    """Write a number of bytes for a person: `812 B`, `1.2 kB`, `10.0 MB`."""
    if size < 1000:  # noqa: PLR2004 - a kilobyte
        return f"{size} B"
    value, unit = size / 1000, "kB"
    for larger in ("MB", "GB"):
        if value < 999.95:  # noqa: PLR2004 - would be written as 1000.0
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}"


def _beginning(text: str) -> Any:
    """Make a value of JSON that breaks off; where that cannot be done, the text itself."""
    from pydantic_core import from_json  # noqa: PLC0415 - most payloads are whole and do without it

    try:
        return decode(json.dumps(from_json(text, allow_partial="trailing-strings")))
    except (ValueError, RecursionError):
        return text


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
        value: Anything that a run file holds.
        old: What stood there before, `ABSENT`, or `UNKNOWN`.
        label: What to show in place of the key; empty shows none.
        is_open: Whether it is open at first.
        is_cut: Whether only its beginning was read, so that its size is not known.
    """
    mark = change_of(old, value)
    name = safe(key if label is None else label, NAME)
    lead = [*_MARKS[mark]] + ([Span(f"{name}: ", Tone.KEY)] if name else [])
    tone = {"added": Tone.ADDED, "changed": Tone.CHANGED}.get(mark)
    opens = _opener(value, old, is_cut=is_cut)
    spans, glance = describe(value)
    if is_cut and opens is not None:
        spans = (Span("at least ", Tone.WARN), *spans)
    if tone is not None and opens is None:
        spans = tuple(Span(span.text, tone if span.tone is not Tone.QUIET else span.tone) for span in spans)
    was = (Span(f"  was {one_line(old, _PART)}", Tone.QUIET),) if mark == "changed" and opens is None else ()
    return Item(key, (*lead, *spans, *was), glance, opens, is_open=is_open, copy=lambda: copy_text(value))


def change_of(old: Any, value: Any) -> str:
    """Return how a value differs from what stood there before: `added`, `changed`, or nothing."""
    if old is UNKNOWN or old is value:
        return ""
    if old is ABSENT:
        return "added"
    try:
        return "" if type(old) is type(value) and old == value else "changed"
    except RecursionError:  # deeper than Python compares: shown as it is
        return ""
    except ArithmeticError:  # a signalling NaN equals nothing, and says so loudly
        return "changed"


def count_changes(old: Any, value: Any, most: int = 1000) -> int:
    """Count the leaves that were added, changed or removed between two values, up to `most`."""
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


def describe(value: Any) -> tuple[Spans, Spans]:
    """Describe a value on one line of bounded length; the second part is left out where the value is open below."""
    if value is NO_DATA:
        return (Span("no data", Tone.QUIET),), ()
    if value is None or isinstance(value, bool):
        return (Span(str(value), Tone.WORD),), ()
    if isinstance(value, str):
        return _describe_text(value)
    if isinstance(value, int | float):
        return (Span(_number(value), Tone.NUMBER),), ()
    if isinstance(value, bytes | bytearray):
        shown = Span(safe(repr(bytes(value[:_PART])), 4 * _PART), Tone.STRING)
        return (shown, Span("  "), _size(len(value), "byte")), ()
    if isinstance(value, Tagged):
        return _describe_tagged(value)
    if isinstance(value, dict):
        return (_size(len(value), "key"),), (Span(f"  {{{_glance(value)}}}", Tone.QUIET),) if value else ()
    if isinstance(value, (*_SEQUENCES, *_SETS)):
        name = "" if isinstance(value, list) else f"{type(value).__name__} "
        glance = (Span(f"  [{_glance(value)}]", Tone.QUIET),) if value else ()
        return (Span(name, Tone.STRONG), _size(len(value), "item")), glance
    return (Span(safe(_text(value), PREVIEW), Tone.STRING), Span(f"  {type(value).__name__}", Tone.QUIET)), ()


def one_line(value: Any, limit: int) -> str:
    """Return a value's line as plain, safe text."""
    if value is ABSENT or value is UNKNOWN:
        return ""
    if _is_container(value):
        return safe(_brief(value), limit)
    return safe("".join(span.text for spans in describe(value) for span in spans), limit)


def copy_text(value: Any) -> str:
    """Return what is copied of a value: a text as it is, anything else as JSON; not safe to show."""
    if isinstance(value, str):
        return value[:_COPIED]
    try:
        return json.dumps(to_plain(value), indent=2, ensure_ascii=False, default=str)[:_COPIED]
    except (TypeError, ValueError, RecursionError):
        return text_of(value)[:_COPIED]


def text_items(text: str, tone: Tone = Tone.TEXT, start: int = 0) -> list[Item]:
    """Return a block of a long text from `start` on, and an entry that opens to more."""
    end = start + BLOCK
    items = [Item(f"text {start}", block=text[start:end], block_tone=tone, copy=lambda: text[:_COPIED])]
    if end < len(text):
        more = (Span(f"… {len(text) - end:,} more characters", Tone.LINK),)
        items.append(Item(f"more {end}", more, opens=lambda: text_items(text, tone, end), is_splice=True))
    return items


def _opener(value: Any, old: Any, *, is_cut: bool) -> Callable[[], Sequence[Item]] | None:
    if isinstance(value, str):
        if len(value) <= _INLINE and "\n" not in value:
            return None
        return lambda: text_items(value, Tone.STRING)
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
        more = (Span(f"… {'at least ' if is_cut else ''}{rest:,} more", Tone.LINK),)
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
    name = safe(_name(key), NAME)
    line = (*_MARKS["removed"], Span(f"{name}: {one_line(part, _INLINE)}", Tone.REMOVED))
    return Item(f"gone {name}", line, copy=lambda: copy_text(part))


def _entries(value: Any) -> Iterable[tuple[Any, Any]]:
    return value.items() if isinstance(value, dict) else enumerate(value)


def _part_of(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        return value.get(key, ABSENT)
    if isinstance(value, _SEQUENCES) and isinstance(key, int):
        return value[key] if 0 <= key < len(value) else ABSENT
    return ABSENT


def _removed(old: Any, value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(old, dict) and isinstance(value, dict):
        return ((key, part) for key, part in old.items() if key not in value)
    if isinstance(old, _SEQUENCES) and isinstance(value, _SEQUENCES):
        return islice(enumerate(old), len(value), None)
    return ()


def _pairs(old: Any, value: Any) -> Iterable[tuple[Any, Any]]:
    """Return what stands in the same places of two values."""
    if isinstance(old, Tagged) and isinstance(value, Tagged) and old.type == value.type:
        return [(old.value, value.value)]
    if _is_container(value) and type(old) is type(value) and not isinstance(value, _SETS):
        return ((_part_of(old, key), part) for key, part in _entries(value))
    return ()


def _is_container(value: Any) -> bool:
    return isinstance(value, (dict, *_SEQUENCES, *_SETS))


def _describe_text(value: str) -> tuple[Spans, Spans]:
    if len(value) <= _INLINE and "\n" not in value:
        return (Span(f'"{safe(value)}"', Tone.STRING),), ()
    shown = safe(value[: _INLINE + 1], _INLINE)
    return (_size(len(value), "character"),), (Span(f'  "{shown}', Tone.STRING),)


_WITH_PARTS: Final = frozenset({"object", "sub", "defaultdict", "odict", "std", "near"})
"""Kinds of `Tagged` that show what they hold."""


def _describe_tagged(value: Tagged) -> tuple[Spans, Spans]:
    name = safe(value.type_name, NAME)
    if value.kind == "shared":
        return describe(value.value)
    if value.kind in _WITH_PARTS:
        spans, glance = describe(value.value)
        doubt = () if value.is_exact else (Span("  (not exact)", Tone.WARN),)
        return (Span(f"{name} ", Tone.STRONG), *spans, *doubt), glance
    if value.kind == "enum":
        spans, glance = describe(value.value)
        return (Span(safe(str(value), _INLINE), Tone.WORD), Span(" = ", Tone.QUIET), *spans), glance
    if value.kind == "secret":
        return (Span(f"{name} ", Tone.STRONG), Span("a secret, never recorded", Tone.QUIET)), ()
    if value.kind in ("cut", "ref"):
        return (Span(safe(str(value), PREVIEW), Tone.WARN),), ()
    return (Span(safe(str(value), PREVIEW), Tone.STRING), Span(f"  {name} (by its repr)", Tone.QUIET)), ()


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
        return f"{safe(value.type_name, _PART)}(…)" if value.kind in _WITH_PARTS else safe(str(value), _PART)
    if isinstance(value, int | float):
        return safe(_number(value), _PART)
    return safe(_text(value), _PART)


def _text(value: Any) -> str:
    try:
        return str(value)
    except ValueError:  # a range of integers that are too long to be written
        return text_of(value)


def _name(key: Any) -> str:
    return key[: 2 * NAME] if isinstance(key, str) else _brief(key)


def _number(value: float) -> str:
    if isinstance(value, int) and value.bit_length() > 1000:  # noqa: PLR2004 - writing it out costs its square
        return f"an integer of {value.bit_length():,} bits"
    return repr(value)


def _size(count: int, word: str) -> Span:
    return Span(f"{count:,} {word}{'' if count == 1 else 's'}", Tone.QUIET)


_MARKS: Final[dict[str, tuple[Span, ...]]] = {
    "": (),
    "added": (Span("+ ", Tone.ADDED),),
    "changed": (Span("~ ", Tone.CHANGED),),
    "removed": (Span("- ", Tone.REMOVED),),
}
