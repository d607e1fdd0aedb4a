import io
import json
import random
import sqlite3
import sys
import threading
import time

import pytest
from runfile_cases import STARTED, event, loop_events, program, record, writer

from process_core.runfile import Filter, RunFile, RunFileError, export_jsonl

WRITES = """
import sys
from runfile_cases import loop_events, writer
out = writer(sys.argv[1])
for one in loop_events(60_000):
    out.append(one)
out.close("IDLE")
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Read-only for its tests: ten thousand events of a loop."""
    return record(tmp_path_factory.mktemp("runs") / "x.run", loop_events(10_000))


@pytest.fixture
def run(recorded):
    with RunFile(recorded) as opened:
        yield opened


def test_the_row_at_an_index_is_the_event_after_it(run):
    assert [row.seq for row in run.page(5000, 3)] == [5001, 5002, 5003]


@pytest.mark.parametrize(
    ("start", "limit", "expected"), [(9_999, 5, 1), (10_000, 5, 0), (-5, 2, 2), (3, 0, 0), (3, -1, 0)]
)
def test_a_page_at_the_edge_has_the_rows_that_there_are(run, start, limit, expected):
    assert len(run.page(start, limit)) == expected


def test_a_page_reads_as_few_rows_of_the_file_wherever_it_is(run):
    steps = []
    for start in (0, 5_000, 9_900):
        seen = []
        run._connection._connection.set_progress_handler(lambda seen=seen: seen.append(1) and 0, 10)
        run.page(start, 50)
        steps.append(len(seen))
    run._connection._connection.set_progress_handler(None, 0)
    assert max(steps) <= min(steps) * 1.2


def test_a_missing_event_is_an_error_that_names_the_last(run):
    with pytest.raises(RunFileError, match="no event 20000; the last is 10000"):
        run.row(20_000)


def test_causes_and_effects_name_each_other(tmp_path):
    events = [event(1), event(2, causes=(1,)), event(3, causes=(1,)), event(4, causes=(2, 3)), event(5, causes=(3,))]
    with RunFile(record(tmp_path / "x.run", events)) as run:
        assert run.row(4).causes == (2, 3)
        assert [row.seq for row in run.effects(1)] == [2, 3]
        assert [row.seq for row in run.effects(2)] == [4]
        assert [row.seq for row in run.effects(3)] == [4, 5]
        assert run.row(1).causes == ()


def test_step_counts_follow_the_run(tmp_path):
    path = tmp_path / "x.run"
    with writer(path) as out, RunFile(path) as run:
        out.append(event(1, "executor_invoked", path="A"))
        out.append(event(2, "executor_invoked", path="A"))
        out.append(event(3, "executor_failed", path="A"))
        out.flush()
        first = run.step_counts()["A"]
        out.append(event(4, "executor_completed", path="A"))
        out.append(event(5, "executor_cancelled", path="B"))
        out.flush()
        then = run.step_counts()
    assert (first.invoked, first.completed, first.failed, first.running, first.last_seq) == (2, 0, 1, 1, 3)
    assert (then["A"].completed, then["A"].running, then["A"].last_seq) == (1, 0, 4)
    assert then["B"].cancelled == 1


def test_the_last_input_and_output_of_a_step_are_found(run):
    last = run.last_rows("S1", ["executor_invoked", "executor_completed", "executor_failed"])
    assert set(last) == {"executor_invoked", "executor_completed"}
    assert last["executor_invoked"].seq == max(
        row.seq for row in run.page(0, 10_000) if row.path == "S1" and row.type == "executor_invoked"
    )


def test_an_event_is_found_by_its_time(run):
    assert run.seq_at(STARTED + 1.2345) == 1234
    assert run.seq_at(STARTED - 1) == 0
    assert run.seq_at(STARTED + 1e9) == 10_000
    assert run.seq_at(float("inf")) == 10_000


def test_the_beginning_of_a_large_payload_is_read_without_the_rest(tmp_path):
    path = record(tmp_path / "x.run", [event(1, data=["word"] * 1_000_000)])
    with RunFile(path) as run:
        text, size = run.payload_text(run.row(1).data, 100)
    assert text == ('["word",' + '"word",' * 20)[:100]
    assert size == 7_000_001


def test_payload_text_never_ends_within_a_character(tmp_path):
    path = record(tmp_path / "x.run", [event(1, data="é" * 500)])
    with RunFile(path) as run:
        assert run.payload_text(run.row(1).data, 10)[0] == '"éééé'


def test_a_reader_in_another_process_sees_a_growing_prefix(tmp_path):
    path = tmp_path / "x.run"
    child = program(WRITES, path)
    deadline = time.monotonic() + 30
    while True:
        try:
            run = RunFile(path)
            break
        except RunFileError as error:
            # A file that is still being made is not there yet: nobody ever sees half of one.
            if error.reason != "there is no such file" or time.monotonic() > deadline:
                raise
    counts = []
    with run:
        view = run.view(Filter(types=("event_emitted",)))
        while child.poll() is None:
            counts.append(run.count())
            if counts[-1]:
                page = run.page(max(0, counts[-1] - 50), 50)
                assert page[-1].seq >= counts[-1]
                assert [row.seq for row in page] == list(range(page[0].seq, page[-1].seq + 1))
            view.advance(0.01)
        view.advance()
        assert run.count() == 60_000
        assert list(view.seqs) == list(range(3, 60_001, 5))
    assert child.communicate()[1] == ""
    assert counts == sorted(counts)
    assert any(0 < count < 60_000 for count in counts)


def test_many_readers_share_a_file_with_its_writer(tmp_path):
    path = tmp_path / "x.run"
    stop = threading.Event()
    problems = []

    def read():
        with RunFile(path) as run:
            before = 0
            while not stop.is_set():
                count = run.count()
                rows = len(run.page(0, 20))
                if count < before or not min(20, count) <= rows <= min(20, run.count()):
                    problems.append((before, count, rows))
                before = count

    with writer(path) as out:
        out.append(event(1))
        out.flush()
        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        for one in loop_events(5_000, first=2):
            out.append(one)
        out.flush()
        stop.set()
        for reader in readers:
            reader.join()
    assert problems == []


def test_reading_imports_nothing_of_the_recorded_program(tmp_path):
    path = tmp_path / "x.run"
    (tmp_path / "their_module.py").write_text("import pydantic\nclass State(pydantic.BaseModel):\n    a: int = 1\n")
    made = program(
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "import their_module\nfrom runfile_cases import event, record\n"
        "record(sys.argv[1], [event(1, data=their_module.State())])",
        path,
        tmp_path,
    )
    assert made.communicate()[1] == ""
    with RunFile(path) as run:
        assert str(run.payload(run.row(1).data)) == "State(a=1)"
    assert "their_module" not in sys.modules


def test_a_closed_reader_says_so(recorded):
    run = RunFile(recorded)
    run.close()
    run.close()
    with pytest.raises(RunFileError, match="closed"):
        run.count()


def test_a_reader_does_not_change_the_file(recorded):
    before = recorded.read_bytes()
    with RunFile(recorded) as run:
        run.page(0, 10)
        run.count(Filter(texts=("go",)))
        run.step_counts()
    assert recorded.read_bytes() == before


def test_a_reader_refuses_to_write(run):
    with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        run._connection._connection.execute("DELETE FROM events")


def test_random_pages_agree_with_one_long_page(run):
    everything = run.page(0, 10_000)
    chooser = random.Random(7)
    for _ in range(50):
        start, limit = chooser.randrange(10_000), chooser.randrange(100)
        assert run.page(start, limit) == everything[start : start + limit]


def test_export_writes_every_event_as_a_line_of_json(tmp_path):
    events = [
        event(1, data={"a": [1]}, path="A", details={"code": "c"}),
        event(2, data="x" * 5000),
        event(3, causes=(1, 2)),
    ]
    out = io.StringIO()
    assert export_jsonl(record(tmp_path / "x.run", events), out) == 3
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["seq"] for line in lines] == [1, 2, 3]
    assert (lines[0]["data"], lines[0]["details"], lines[0]["path"]) == ({"a": [1]}, {"code": "c"}, "A")
    assert lines[1]["data"] == "x" * 5000
    assert (lines[2]["causes"], lines[2]["data"]) == ([1, 2], None)


def test_export_of_a_filter_writes_only_what_it_leaves(recorded):
    out = io.StringIO()
    assert export_jsonl(recorded, out, Filter(path="S1", types=("executor_invoked",))) == 667
    assert all(json.loads(line)["path"] == "S1" for line in out.getvalue().splitlines())
