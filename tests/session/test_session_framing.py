import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process_core.session.protocol import framing
from process_core.session.protocol.envelope import Reply
from process_core.session.protocol.framing import (
    BadFrame,
    Decoder,
    FrameTooLargeError,
    UnsendableError,
    encode,
    from_frame,
    to_json,
)
from process_core.session.protocol.status import answer_frame, read_answer
from process_core.session.protocol.verbs import read_command
from process_core.session.worker.command_errors import bad_command

ANY_TEXT = st.text(st.characters())
SENDABLE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=20,
)


def cut(stream, places):
    edges = [0, *sorted({p % (len(stream) + 1) for p in places}), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


def feed_all(decoder, pieces):
    return [frame for piece in pieces for frame in decoder.feed(piece)]


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=8), st.lists(st.integers(0, 5000), max_size=20))
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(bodies, places):
    stream = b"".join(encode(body) for body in bodies)
    decoder = Decoder()
    assert feed_all(decoder, cut(stream, places)) == bodies
    assert decoder.end() is None


@given(st.lists(st.integers(0, 5000), max_size=20))
def test_a_too_large_frame_is_refused_and_the_next_one_is_read(places):
    big = framing.MAX_FRAME + 7
    decoder = Decoder()
    first = decoder.feed(encode(b"one") + struct.pack(">I", big))
    assert first[0] == b"one"
    assert isinstance(first[1], BadFrame)
    assert not first[1].fatal
    assert f"{big:,}" in first[1].reason
    chunk = b"x" * (1 << 20)
    left = big
    while left:
        assert decoder.feed(chunk[:left]) == []
        left -= min(left, len(chunk))
        assert len(decoder._buffer) == 0
    assert feed_all(decoder, cut(encode(b"two"), places)) == [b"two"]


def test_a_too_large_frame_that_arrives_in_one_piece_is_skipped(monkeypatch):
    monkeypatch.setattr(framing, "MAX_FRAME", 10)
    stream = struct.pack(">I", 11) + b"x" * 11 + struct.pack(">I", 2) + b"ok"
    refused, good = Decoder().feed(stream)
    assert isinstance(refused, BadFrame)
    assert good == b"ok"


def test_an_absurd_length_ends_the_stream_instead_of_skipping_gigabytes():
    decoder = Decoder()
    (refused,) = decoder.feed(b"GET / HTTP/1.1\r\n\r\n")
    assert isinstance(refused, BadFrame)
    assert refused.fatal
    assert decoder.feed(encode(b"more")) == []


def test_an_empty_frame_is_refused_and_the_next_one_is_read():
    assert Decoder().feed(encode(b"") + encode(b"{}")) == [BadFrame("an empty frame"), b"{}"]


def test_a_message_that_does_not_fit_is_not_sent():
    with pytest.raises(FrameTooLargeError, match="larger than a frame may be"):
        encode(bytes(framing.MAX_FRAME + 1))


def test_a_stream_that_ends_inside_a_frame_says_so():
    decoder = Decoder()
    decoder.feed(encode(b"hello")[:-1])
    assert decoder.end() == BadFrame("the stream ended inside a frame", fatal=True)


@given(st.binary(max_size=2000))
def test_no_bytes_make_the_decoder_raise(data):
    for frame in Decoder().feed(data):
        assert isinstance(frame, bytes | BadFrame)


@given(SENDABLE)
def test_every_value_of_json_and_every_text_arrives_as_it_was(value):
    (frame,) = Decoder().feed(answer_frame(Reply(id=1, value=value)))
    assert read_answer(frame) == Reply(id=1, value=value)


@pytest.mark.parametrize("value", [10**5000, {"a": [-(10**4300)]}], ids=["alone", "inside"])
def test_an_integer_that_json_readers_refuse_is_not_sent(value):
    with pytest.raises(UnsendableError, match="more than 4,300 digits"):
        to_json(Reply(id=1, value=value))


def test_a_text_may_hold_as_many_digits_as_it_likes():
    reply = Reply(id=1, value={"a": "9" * 10_000, "b": 10**4299})
    assert from_frame(to_json(reply))["value"] == reply.value


def test_an_answer_that_cannot_be_sent_becomes_a_refusal_of_the_same_number():
    deep: list = []
    for _ in range(10_000):
        deep = [deep]
    (frame,) = Decoder().feed(answer_frame(Reply(id=7, value=deep)))
    answer = read_answer(frame)
    assert (answer.id, answer.failure.code) == (7, "unsendable")


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"[" * 1_000_000, "more than 500,000 lists"),
        (b'{"a":' * 400_000, "recursion limit"),
        ("\ud800".encode("utf-8", "surrogatepass").join([b'"', b'"' + b"[" * 200_000]), "JSON|Extra data"),
        (b'["\xed\xa0\x80",' + b"[" * 100_000, "levels"),
        (b"[" + b"[]," * 600_000 + b"1]", "more than 500,000 lists"),
        (b"9" * 5000, "out of range"),
        (b"\xff\xfe", "UTF-8"),
        (b'{"type": NaNa}', "expected"),
    ],
    ids=["deep", "deep objects", "trailing", "deep and no Unicode", "many", "long number", "no text", "no JSON"],
)
def test_what_is_no_message_is_refused_with_the_reason(frame, reason):
    with pytest.raises(ValueError, match=reason):
        read_command(frame)
    with pytest.raises(ValueError, match=reason):
        read_answer(frame)
    assert bad_command(frame, ValueError("no"))[0] == 0


def test_brackets_in_texts_are_no_lists():
    frame = b'{"a": "' + b'[{\\"' * 300_000 + b'\\\\"}'
    assert len(from_frame(frame)["a"]) == 3 * 300_000 + 1


@given(st.binary(max_size=400) | st.text().map(str.encode) | SENDABLE.map(lambda v: to_json(Reply(id=1, value=v))))
def test_no_frame_makes_its_readers_raise_anything_but_a_refusal(frame):
    for read in (read_command, read_answer):
        try:
            read(frame)
        except ValueError as error:
            number, failure = bad_command(frame, error)
            assert type(number) is int
            assert failure.code == "bad_command"
