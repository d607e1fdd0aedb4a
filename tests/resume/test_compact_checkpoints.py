"""A checkpoint in the compact form says what one written out says."""

import contextlib
import sqlite3

import pytest
from cutting import EndlessError, run_whole
from hypothesis import HealthCheck, given, reject, settings
from random_processes import cases
from real_processes import builder_of
from stories import STORIES

from process_core.engine.checkpoint import dump_checkpoint
from process_core.recording import run_recorder as run_recording
from process_core.recording.compact_checkpoint import CompactCheckpoints
from process_core.runfile import RunFile, RunFileError
from process_core.runfile.codec.decode import decode
from process_core.runfile.codec.encode import encode


class Noted(CompactCheckpoints):
    """Notes what the engine would have written out wherever the compact form is used."""

    written: dict[int, object]

    def write(self, generation, rest):
        compact = super().write(generation, rest)
        if compact is not None:
            self.written[self._run.root.superstep] = decode(encode({**dump_checkpoint(self._run), **rest}))
        return compact


@pytest.fixture
def noted(monkeypatch):
    Noted.written = {}
    monkeypatch.setattr(run_recording, "CompactCheckpoints", Noted)
    return Noted.written


def check(path, noted):
    with RunFile(path) as file:
        read = {c.superstep: file.snapshot(c).extra for c in file.checkpoints() if c.superstep in noted}
        assert all(file.extra_at(c.seq) == read[c.superstep] for c in file.checkpoints() if c.superstep in noted)
    assert read == noted


@pytest.mark.parametrize("name", STORIES)
def test_what_is_read_is_what_the_engine_would_have_written_out(name, noted, tmp_path):
    build, outside = STORIES[name]
    run_whole(build(), outside, tmp_path / "x.run")
    check(tmp_path / "x.run", noted)
    assert name not in ("joins", "typed", "fails") or noted


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_so_it_is_for_random_processes(tmp_path_factory, case):
    described, outside = case
    with pytest.MonkeyPatch.context() as monkeypatch:
        Noted.written = {}
        monkeypatch.setattr(run_recording, "CompactCheckpoints", Noted)
        path = tmp_path_factory.mktemp("compact") / "x.run"
        try:
            run_whole(builder_of(described).build(), list(outside), path, 8)
        except EndlessError:
            reject()
        check(path, Noted.written)


@pytest.mark.parametrize(
    "damage",
    [
        "[]",
        "[0,0,{},{},[[99,1,1]]]",
        "[0,0,{},{},[[0,1]]]",
        '[0,0,{},{"x":1},[]]',
        "[7,0,{},{},[]]",
        "[0,0,[],{},[]]",
        "[[]]",
    ],
)
def test_one_that_makes_no_sense_is_called_damaged(damage, tmp_path):
    path = tmp_path / "x.run"
    build, outside = STORIES["fails"]
    run_whole(build(), outside, path)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE events SET data = ? WHERE typeof(data) = 'blob'", (damage.encode(),))
        database.commit()
    with RunFile(path) as file, pytest.raises(RunFileError, match="damaged"):
        file.snapshot(file.checkpoints()[1])


@pytest.mark.parametrize(
    "keep",
    [
        lambda record: setattr(record.root, "held", {object(): False}),
        lambda record: setattr(record, "undeliverable", [object()]),
        lambda record: record.inputs.append(("event", "Start", 1)),
    ],
    ids=["held", "stranded", "not taken in"],
)
async def test_what_is_kept_back_is_written_out(keep):
    build, outside = STORIES["typed"]
    async with build().start(*outside[0]) as run:
        await run.idle()
        assert CompactCheckpoints(run.record).write(0, {}) is not None
        keep(run.record)
        assert CompactCheckpoints(run.record).write(0, {}) is None
        run.record.root.held = {}
        run.record.undeliverable = ()
        run.record.inputs.clear()
