"""Any value that a step can make is shown, sent to be edited and copied, or refused by name."""

import collections
import datetime as dt
import decimal
import enum
import threading
import types
from pathlib import Path
from typing import NamedTuple
from unicodedata import category

import pytest
from driving import debugging
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, model_serializer

from process_core.runfile.codec.decode import decode
from process_core.runfile.codec.encode import encode
from process_core.session.protocol.envelope import Reply
from process_core.session.protocol.framing import Decoder
from process_core.session.protocol.status import answer_frame, read_answer
from process_core.session.worker.command_errors import CommandError
from process_core.session.worker.editable import editable, edited
from process_core.session.worker.status import preview
from tui.inspector.values import UNKNOWN, copy_text, count_changes, value_item
from tui.text.safe_text import copyable

ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
HUGE = 10**5000
TARGET = """
import sys
sys.path.insert(0, {folder!r})
from test_hostile_values import VALUES
from process_core import ProcessBuilder, Step, StepContext, function


class Makes(Step):
    @function
    async def go(self, context: StepContext) -> None:
        for name, value in VALUES.items():
            context.emit_event(name, value)
            await context.yield_output(value)
        await context.request_info("more?")


def build():
    process = ProcessBuilder("Values")
    process.on_input_event("Go").send_event_to(process.add_step(Makes))
    return process.build()
"""


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: object = 1


class Refuses(BaseModel):
    x: int = 1

    @model_serializer
    def write(self):
        raise KeyboardInterrupt


class Hostile:
    def __repr__(self):
        raise SystemExit("\x1b[2J")

    __str__ = __eq__ = __len__ = __iter__ = __getattr__ = __format__ = __reduce__ = __bool__ = __repr__
    __hash__ = object.__hash__


class Lies(str):
    __slots__ = ()

    def __str__(self):
        raise GeneratorExit

    __repr__ = __eq__ = encode = isascii = isprintable = translate = __str__
    __hash__ = str.__hash__


class Pair(NamedTuple):
    a: object
    b: object


class Hue(enum.Enum):
    RED = "\x1b[2J"


def deep(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return value


cyclic = []
cyclic.append(cyclic)
VALUES = {
    "huge key": {HUGE: 1}, "huge": HUGE, "huge inside": {"a": [HUGE, -HUGE]}, "huge tuple key": {(HUGE, 1): 1},
    "huge set": {HUGE, 1}, "huge frozen key": {frozenset([HUGE]): 2}, "huge range": range(HUGE), "range": range(10**30),
    "huge decimal": decimal.Decimal(HUGE), "float keys": {1e308: 1, float("nan"): 2, float("inf"): 3},
    "huge model": Open(a=HUGE), "huge tuple": Pair(HUGE, {HUGE: HUGE}),
    "huge slice": slice(HUGE), "signalling": decimal.Decimal("sNaN"), "exponent": decimal.Decimal("1e999999999999"),
    "complex": complex("nan+infj"), "time": dt.timedelta.max, "bytes": bytes(range(256)), "view": memoryview(b"\x1b"),
    "default": collections.defaultdict(list, {HUGE: [1]}), "space": types.SimpleNamespace(a=HUGE),
    "lock": threading.Lock(),
    "cycle": cyclic, "deep": deep(300), "very deep": deep(20_000), "keys": {None: 1, True: 2, b"\x1b": 3, (1, (2,)): 4},
    "odd keys": {frozenset(): 5, Hue.RED: 6, dt.date.min: 7, Open: 8}, "same keys": {1: "a", "1": "b"},
    "tags": {"$": "repr", "type": 5, "v": "x"}, "wide": {str(number): number for number in range(5000)},
    "long": "x\x1b[2J" * 200_000, "marks": "e" + "\u0301" * 100_000, "surrogates": {"\ud800": "\udfff\ud83d\ude00"},
    "serializer": Refuses(), "hostile": Hostile(), "hostile inside": [Hostile(), {"a": Hostile()}],
    "lies": Lies("x\x1b"),
    "lying key": {Lies("k"): Lies("v")}, "enum": Hue.RED, "error": ValueError("\x1b[2J", HUGE), "function": deep,
}  # fmt: skip

RARE = {
    "huge": HUGE, "negative": -HUGE, "enum": Hue.RED, "signalling": decimal.Decimal("sNaN"), "date": dt.date.min,
    "hostile": Hostile(), "model": Open(a=HUGE), "range": range(HUGE),
}  # fmt: skip
RARE_KEYS = {"huge": HUGE, "pair": (1, HUGE), "enum": Hue.RED, "frozen": frozenset([HUGE])}


def rare(name):
    return RARE[name]


def rare_key(name):
    return RARE_KEYS[name]


ATOMS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(max_size=20)
    | st.sampled_from(sorted(RARE)).map(rare)
)  # fmt: skip
KEYS = st.none() | st.integers() | st.text(st.characters()) | st.sampled_from(sorted(RARE_KEYS)).map(rare_key)
ANY = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def harmless(text):
    return not {category(character) for character in text} & ACTING


def shown_whole(item, left=300):
    """Open an entry and what is below it, to some depth; every line must be harmless."""
    waiting = [item]
    while waiting and left:
        left -= 1
        entry = waiting.pop()
        for span in (*entry.spans, *entry.glance):
            assert harmless(span.text)
        if entry.copy is not None:
            assert harmless(copyable(entry.copy()[:10_000]).replace("\n", "").replace("\t", ""))
        if entry.opens is not None:
            waiting += entry.below[:20]


def assert_bearable(value):
    recorded = decode(encode(value))
    shown_whole(value_item("key", recorded))
    shown_whole(value_item("key", recorded, [1, {"a": 2}]))
    count_changes(recorded, decode(encode(value)))
    count_changes(UNKNOWN, recorded)
    copy_text(recorded)
    assert isinstance(preview(value), str)
    offered = editable(value, object)
    (frame,) = Decoder().feed(answer_frame(Reply(id=1, value=offered.model_dump())))
    answer = read_answer(frame)
    assert answer.failure is None
    unchanged = edited(value, answer.value["value"])
    assert unchanged is value


@pytest.mark.parametrize("name", VALUES)
def test_every_kind_of_value_is_shown_sent_and_comes_back_unchanged(name):
    assert_bearable(VALUES[name])


@given(ANY)
def test_any_nesting_of_them_is_shown_sent_and_comes_back_unchanged(value):
    assert_bearable(value)


def test_an_edit_beside_keys_that_look_the_same_is_refused_rather_than_losing_one():
    value = {1: "a", "1": "b", "x": 0}
    with pytest.raises(CommandError, match="look the same in JSON"):
        edited(value, {"1": "b", "x": 1})


def test_a_huge_integer_that_is_left_alone_stays_while_what_is_beside_it_is_edited():
    value = {"big": HUGE, "small": 1}
    shown = editable(value, object).value
    assert edited(value, {**shown, "small": 2}) == {"big": HUGE, "small": 2}


async def test_a_run_that_makes_them_all_is_gone_through_in_every_panel(tmp_path, faults):
    target = tmp_path / "makes.py"
    target.write_text(TARGET.format(folder=str(Path(__file__).parent)))
    async with debugging(target, tmp_path / "runs") as d:
        await d.until("WAITING FOR YOU")
        await d.settle()
        await d.press("escape")
        screen = d.screen
        with_values = [row for row in screen.run_file.page(0, 500) if row.type in ("event_emitted", "output")]
        assert len(with_values) == 2 * len(VALUES) + 1  # the input event
        for row in with_values:
            screen.inspector.show_event(screen.presenter.moment, row)
            assert harmless(d.text.replace("\n", ""))
        for panel in "123456":
            await d.press(panel)
            assert harmless(d.text.replace("\n", ""))
        assert not faults
        await d.answer("x")
        await d.settle()
