import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process_core.session.protocol import framing
from process_core.session.protocol.framing import BadFrame, Decoder, FrameTooLargeError, encode


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
