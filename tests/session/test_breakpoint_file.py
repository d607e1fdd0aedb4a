"""Breakpoints that outlive a session: `.stepscope/breakpoints.json`."""

import json
import os
import stat

import pytest
from waiting import until

from process_core.events import RunState
from process_core.session.client.in_process import InProcessSession
from process_core.session.client.session import CommandRefused
from process_core.session.client.worker_process import WorkerSession
from process_core.session.protocol.breakpoints import BREAKPOINTS_FILE, BreakpointSpec
from process_core.session.protocol.envelope import Notice
from process_core.session.protocol.verbs import (
    AddBreakpoint,
    Continue,
    EditBreakpoint,
    EnableBreakpoint,
    MuteBreakpoints,
    RemoveBreakpoint,
    Start,
)
from process_core.session.worker.breakpoint_file import BreakpointFile, target_key

SOURCE = """
from process_core import ProcessBuilder, Step, StepContext, function


class Count(Step[dict]):
    @function
    async def count(self, context: StepContext, value: int) -> None:
        self.state["last"] = value
        if value < 5:
            await context.emit_event("Again", value + 1)


def build():
    process = ProcessBuilder("P")
    count = process.add_step(Count)
    process.on_input_event("Go").send_event_to(count)
    count.on_event("Again").send_event_to(count)
    return process
"""


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("a.py", "b.py"):
        (folder / name).write_text(SOURCE)
    return folder


@pytest.fixture
async def opened(project):
    sessions = []

    async def open_session(target="a.py", *, keeps=True):
        session = await InProcessSession.open(
            cwd=project,
            runs_dir=project / "runs",
            breakpoints_file=project / BREAKPOINTS_FILE if keeps else None,
        )
        session.told = []
        session.subscribe(lambda update: session.told.append(update) if isinstance(update, Notice) else None)
        sessions.append(session)
        await session.load(target)
        return session

    yield open_session
    for session in sessions:
        await session.close()


async def add(session, **given):
    return await session.request(AddBreakpoint(breakpoint=BreakpointSpec(**given)))


def kept(project):
    return json.loads((project / BREAKPOINTS_FILE).read_text())["targets"]


def named(session):
    return [(spec.event or spec.step or spec.kind) for spec in session.status.breakpoints]


def texts(session):
    return [notice.text for notice in session.told]


async def test_breakpoints_are_there_again_in_the_next_session(opened, project):
    first = await opened()
    await add(first, event="Again", condition="data > 1", hits=">=2", log="{data}")
    await add(first, kind="error", code="ValueError", step="Count")
    await add(first, kind="quiescence", enabled=False)
    await add(first, kind="state", step="Count", state="last", condition="data > 2")
    before = first.status.breakpoints
    await first.close()
    second = await opened()
    assert second.status.breakpoints == before


async def test_a_watchpoint_of_an_earlier_session_pauses_and_shows_both_values(opened):
    first = await opened()
    await add(first, kind="state", step="Count", state="last", condition="data > 2")
    await first.close()
    session = await opened()
    await session.request(Start(event="Go", data=1, has_data=True))
    await until(session, lambda status: status.paused is not None)
    assert session.status.paused.about == "state Count.last: 2 → 3"


async def test_each_change_is_written_as_it_is_made(opened, project):
    session = await opened()
    one = await add(session, event="Again")
    assert kept(project) == {"a.py:build": [{"event": "Again"}]}
    await session.request(EnableBreakpoint(breakpoint=one.id, enabled=False))
    assert kept(project) == {"a.py:build": [{"event": "Again", "enabled": False}]}
    await session.request(EditBreakpoint(breakpoint=BreakpointSpec(id=one.id, event="Go", condition="data == 3")))
    assert kept(project) == {"a.py:build": [{"event": "Go", "condition": "data == 3"}]}
    await session.request(RemoveBreakpoint(breakpoint=one.id))
    assert kept(project) == {}


async def test_one_that_stops_once_is_gone_from_the_file_after_its_stop(opened, project):
    session = await opened()
    await add(session, event="Again", once=True)
    await session.request(Start(event="Go", data=1, has_data=True))
    await until(session, lambda status: status.paused)
    assert kept(project) == {}
    assert session.status.paused.breakpoint == 1


async def test_one_that_matches_nothing_is_kept_and_shown_as_such(opened, project):
    await add(await opened(), event="Agian")
    (spec,) = (await opened()).status.breakpoints
    assert (spec.event, spec.bound) == ("Agian", False)
    assert "did you mean 'Again'" in spec.problem


async def test_it_is_bound_again_once_the_process_has_what_it_names(opened, project):
    await add(await opened(), event="Later")
    (project / "a.py").write_text(SOURCE.replace("Again", "Later"))
    (spec,) = (await opened()).status.breakpoints
    assert spec.bound


@pytest.mark.parametrize("typed", ["a.py", "./a.py", "a.py:build", "{folder}/a.py", "../project/a.py:build", " a.py "])
async def test_the_same_target_typed_otherwise_has_the_same_breakpoints(opened, project, typed):
    await add(await opened("a.py"), event="Again")
    assert named(await opened(typed.format(folder=project))) == ["Again"]


async def test_each_target_has_its_own(opened, project):
    session = await opened("a.py")
    await add(session, event="Again")
    await session.load("b.py")
    assert named(session) == []
    await add(session, event="Go")
    assert kept(project) == {"a.py:build": [{"event": "Again"}], "b.py:build": [{"event": "Go"}]}
    await session.load("a.py")
    assert named(session) == ["Again"]


async def test_loading_the_same_target_again_keeps_their_numbers(opened):
    session = await opened()
    await add(session, event="Go")
    two = await add(session, event="Again")
    await session.request(RemoveBreakpoint(breakpoint=1))
    await session.load("a.py")
    assert [spec.id for spec in session.status.breakpoints] == [two.id]


async def test_the_same_breakpoint_asked_for_at_each_start_is_there_once(opened, project):
    await add(await opened(), event="Again")
    second = await opened()
    again = await add(second, event="Again")
    assert named(second) == ["Again"]
    assert again.id == second.status.breakpoints[0].id
    assert len(kept(project)["a.py:build"]) == 1


async def test_asking_for_one_that_is_switched_off_switches_it_on(opened):
    session = await opened()
    one = await add(session, event="Again")
    await session.request(EnableBreakpoint(breakpoint=one.id, enabled=False))
    await add(session, event="Again")
    assert [spec.enabled for spec in session.status.breakpoints] == [True]


async def test_two_sessions_do_not_destroy_each_others_targets(opened, project):
    first, second = await opened("a.py"), await opened("b.py")
    await add(first, event="Again")
    await add(second, event="Go")
    await add(first, event="Go")
    assert {target: len(specs) for target, specs in kept(project).items()} == {"a.py:build": 2, "b.py:build": 1}


async def test_a_session_that_keeps_none_neither_reads_nor_writes_them(opened, project):
    await add(await opened(), event="Again")
    before = (project / BREAKPOINTS_FILE).read_bytes()
    session = await opened(keeps=False)
    await add(session, event="Go")
    assert named(session) == ["Go"]
    assert (project / BREAKPOINTS_FILE).read_bytes() == before


async def test_nothing_is_written_before_there_is_a_breakpoint(opened, project):
    await opened()
    assert not (project / BREAKPOINTS_FILE.parent).exists()


async def test_the_folder_is_kept_out_of_version_control(opened, project):
    await add(await opened(), event="Again")
    assert (project / ".stepscope" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"version": 1}', '{"version": 1, "targets": []}', "\0\0", "[" * 100_000],
    ids=["empty", "cut", "list", "none", "no map", "binary", "deep"],
)
async def test_a_corrupt_file_is_kept_aside_and_reported_of(opened, project, content):
    path = project / BREAKPOINTS_FILE
    path.parent.mkdir()
    path.write_text(content)
    session = await opened()
    assert named(session) == []
    assert path.with_name("breakpoints.json.bad").read_text() == content
    assert "kept as breakpoints.json.bad" in texts(session)[0]
    await add(session, event="Again")
    assert kept(project) == {"a.py:build": [{"event": "Again"}]}


async def test_a_file_kept_aside_never_overwrites_an_earlier_one(opened, project):
    path = project / BREAKPOINTS_FILE
    path.parent.mkdir()
    for content in ("one", "two", "three"):
        path.write_text(content)
        await opened()
    found = sorted((p.name, p.read_text()) for p in path.parent.glob("*.bad*"))
    assert found == [
        ("breakpoints.json.bad", "one"),
        ("breakpoints.json.bad.2", "two"),
        ("breakpoints.json.bad.3", "three"),
    ]


@pytest.mark.parametrize("bad", [{"event": 7}, {"evnt": "X"}, "x", {}, {"event": "Go", "condition": "1 +"}], ids=str)
async def test_one_that_cannot_be_understood_is_reported_and_the_others_stay(opened, project, bad):
    path = project / BREAKPOINTS_FILE
    path.parent.mkdir()
    content = json.dumps({"version": 1, "targets": {"a.py:build": [{"event": "Again"}, bad], "b.py:build": []}})
    path.write_text(content)
    session = await opened()
    assert named(session) == ["Again"]
    assert "1 of its breakpoints on a.py:build" in texts(session)[0]
    assert path.with_name("breakpoints.json.bad").read_text() == content


async def test_a_file_of_a_newer_version_is_left_alone(opened, project):
    path = project / BREAKPOINTS_FILE
    path.parent.mkdir()
    path.write_text('{"version": 99, "targets": {"a.py:build": [{"new": 1}]}}')
    before = path.read_text()
    session = await opened()
    await add(session, event="Again")
    await add(session, event="Go")
    assert path.read_text() == before
    assert len([text for text in texts(session) if "newer" in text]) == 1


async def test_a_folder_that_cannot_be_written_is_reported_once_and_does_no_harm(opened, project):
    (project / ".stepscope").write_text("a file where the folder should be")
    session = await opened()
    await add(session, event="Again")
    await add(session, event="Go")
    assert named(session) == ["Again", "Go"]
    assert len([text for text in texts(session) if "cannot be" in text]) == 1
    await session.request(Start(event="Go", data=4, has_data=True))
    assert (await until(session, lambda status: status.paused)).state is RunState.IN_PROGRESS


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
async def test_a_read_only_folder_is_reported_once(opened, project):
    folder = project / ".stepscope"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        session = await opened()
        await add(session, event="Again")
        await add(session, event="Go")
        assert len([text for text in texts(session) if "cannot be kept" in text]) == 1
    finally:
        folder.chmod(stat.S_IRWXU)


def test_a_write_that_breaks_off_leaves_what_was_there(tmp_path, monkeypatch):
    told = []
    file = BreakpointFile(tmp_path / ".stepscope" / "breakpoints.json", lambda *notice: told.append(notice))
    file.write("a.py:build", [BreakpointSpec(event="Again")])

    def no_room(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", no_room)
    file.write("a.py:build", [BreakpointSpec(event="Go")])
    file.write("a.py:build", [BreakpointSpec(event="Gone")])
    assert [spec.event for spec in file.read("a.py:build")] == ["Again"]
    assert [path.name for path in file.path.parent.iterdir()].count("breakpoints.json") == 1
    assert sorted(path.name for path in file.path.parent.iterdir()) == [".gitignore", "breakpoints.json"]
    assert len(told) == 1


def test_a_module_is_its_own_name_and_a_file_elsewhere_its_whole_path(tmp_path):
    (tmp_path / "far.py").write_text("")
    near = tmp_path / "near"
    near.mkdir()
    assert target_key("shop.orders", "build", near) == "shop.orders:build"
    assert target_key("../far.py", "build", near) == f"{tmp_path}/far.py:build"


async def test_muting_is_reported_outlives_a_restart_and_is_not_kept(opened):
    session = await opened()
    await add(session, event="Again")
    await session.request(MuteBreakpoints(muted=True))
    assert session.status.muted
    await session.request(Start(event="Go", data=1, has_data=True))
    assert (await until(session, lambda status: status.state not in {None, RunState.IN_PROGRESS})).muted
    await session.request(MuteBreakpoints(muted=False))
    await session.request(Start(event="Go", data=1, has_data=True))
    await until(session, lambda status: status.paused)
    assert not (await opened()).status.muted


async def test_an_edited_breakpoint_keeps_its_number_and_counts_again(opened):
    session = await opened()
    await add(session, event="Go")
    await add(session, event="Again")
    await session.request(Start(event="Go", data=1, has_data=True))
    await until(session, lambda status: status.paused)
    made = await session.request(EditBreakpoint(breakpoint=BreakpointSpec(id=1, event="Again", condition="data == 4")))
    assert (made.id, made.hit_count, made.condition) == (1, 0, "data == 4")
    assert [spec.id for spec in session.status.breakpoints] == [1, 2]
    assert session.status.paused.breakpoint == 1
    await session.request(RemoveBreakpoint(breakpoint=2))
    await session.request(Continue())
    status = await until(session, lambda status: status.paused and status.paused.message.event_id == "Again")
    assert (status.paused.breakpoint, status.paused.message.preview) == (1, "4")


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (BreakpointSpec(id=9, event="Again"), "unknown_breakpoint"),
        (BreakpointSpec(event="Again"), "bad_command"),
        (BreakpointSpec(id=1), "bad_breakpoint"),
        (BreakpointSpec(id=1, event="Again", condition="1 +"), "bad_breakpoint"),
    ],
    ids=str,
)
async def test_an_edit_that_makes_no_sense_is_refused_and_changes_nothing(opened, spec, code):
    session = await opened()
    await add(session, event="Go")
    with pytest.raises(CommandRefused) as refused:
        await session.request(EditBreakpoint(breakpoint=spec))
    assert refused.value.failure.code == code
    assert named(session) == ["Go"]


async def test_a_worker_keeps_them_where_it_is_asked_to(project):
    for _ in range(2):
        async with await WorkerSession.open(
            cwd=project, runs_dir=project / "runs", breakpoints_file=project / BREAKPOINTS_FILE
        ) as session:
            await session.load("a.py")
            await add(session, event="Again")
            assert named(session) == ["Again"]
    assert kept(project) == {"a.py:build": [{"event": "Again"}]}
