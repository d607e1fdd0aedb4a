"""Breakpoints that outlive a session: `.stepscope/breakpoints.json`."""

import errno
import fcntl
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


HOSTILE = {
    "a hit count of 5,000 digits": [{"event": "Go", "hits": "==" + "9" * 5000}],
    "a number of 5,000 digits": '[{"event": "Go", "hits": ' + "9" * 5000 + "}]",
    "30,000 breakpoints": [{"event": f"e{number}"} for number in range(30_000)],
    "more bytes than are read": [{"event": "x" * 1_000_000}],
    "deep": "[" * 900 + "]" * 900,
}


@pytest.mark.parametrize("points", HOSTILE.values(), ids=HOSTILE)
async def test_no_content_keeps_the_user_out(opened, project, points):
    path = project / BREAKPOINTS_FILE
    path.parent.mkdir()
    text = points if isinstance(points, str) else json.dumps(points)
    content = f'{{"version": 1, "targets": {{"a.py:build": {text}}}}}'
    path.write_text(content)
    session = await opened()
    assert session.loaded.name == "P"
    assert len(session.status.breakpoints) <= 200
    assert [text for text in texts(session) if "kept as breakpoints.json.bad" in text]
    assert path.with_name("breakpoints.json.bad").read_text() == content


async def test_half_a_character_in_a_name_is_kept_as_any_other(opened, project):
    path = project / BREAKPOINTS_FILE
    path.parent.mkdir()
    path.write_text('{"version": 1, "targets": {"a.py:build": [{"event": "\\ud800"}]}}')
    session = await opened()
    assert named(session) == ["\ud800"]
    await add(session, event="Again")
    assert named(await opened()) == ["\ud800", "Again"]


def link_to_nothing(path, elsewhere):
    path.symlink_to(elsewhere / "missing")


def link_to_itself(path, _):
    path.symlink_to(path.name)


def link_to_a_file(path, elsewhere):
    (elsewhere / "file").write_text('{"version": 1, "targets": {"a.py:build": [{"event": "Go"}]}}')
    path.symlink_to(elsewhere / "file")


def link_to_a_folder(path, elsewhere):
    path.symlink_to(elsewhere)


def link_without_an_end(path, _):
    path.symlink_to("/dev/zero")


def folder(path, _):
    path.mkdir()
    (path / "inside").write_text("x")


def pipe(path, _):
    os.mkfifo(path)


def of_another_user(path, _):
    if os.geteuid():
        pytest.skip("only root can make one")
    path.write_text("{}")
    os.chown(path, 12345, 12345)


SOMETHING_ELSE = [link_to_nothing, link_to_itself, link_to_a_file, link_to_a_folder, link_without_an_end]
SOMETHING_ELSE += [folder, pipe, of_another_user]


@pytest.mark.parametrize("make", SOMETHING_ELSE)
async def test_what_is_no_file_of_the_user_s_is_put_aside_as_it_is_and_breakpoints_are_kept(
    opened, project, tmp_path, make
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = project / BREAKPOINTS_FILE
    path.parent.mkdir()
    make(path, elsewhere)
    before = path.lstat()
    there = {file.name: file.read_text() for file in elsewhere.iterdir()}
    session = await opened()
    assert named(session) == []
    (notice,) = texts(session)
    assert "kept as breakpoints.json.bad" in notice
    assert os.path.samestat(path.with_name("breakpoints.json.bad").lstat(), before)
    await add(session, event="Again")
    assert kept(project) == {"a.py:build": [{"event": "Again"}]}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {file.name: file.read_text() for file in elsewhere.iterdir()} == there


async def test_a_link_where_a_bad_file_would_be_kept_is_not_written_through(opened, project, tmp_path):
    path = project / BREAKPOINTS_FILE
    path.parent.mkdir()
    names = ["breakpoints.json.bad", "breakpoints.json.bad.2"]
    for name in names:
        (path.parent / name).symlink_to(tmp_path / "victim")
    (path.parent / ".gitignore").symlink_to(tmp_path / "victim")
    broken = '{"version": 1, "targets": {"a.py:build": [{"event": 7}]}}'
    for content, kept_as in (("nonsense", ".bad.3"), (broken, ".bad.4")):
        path.write_text(content)
        session = await opened()
        assert path.with_name(f"breakpoints.json{kept_as}").read_text() == content
        await add(session, event="Again")
    assert not (tmp_path / "victim").exists()


async def test_a_copy_that_is_kept_already_is_not_kept_again(opened, project):
    path = project / BREAKPOINTS_FILE
    path.parent.mkdir()
    path.write_text('{"version": 1, "targets": {"a.py:build": [{"event": 7}]}}')
    for _ in range(3):
        await opened()
    assert [file.name for file in path.parent.glob("*.bad*")] == ["breakpoints.json.bad"]


async def test_a_folder_that_is_a_link_keeps_nothing_and_is_reported(opened, project, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (project / ".stepscope").symlink_to(tmp_path / "elsewhere")
    session = await opened()
    await add(session, event="Again")
    assert named(session) == ["Again"]
    (notice,) = texts(session)
    assert ".stepscope is a link" in notice
    assert "not kept" in notice
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("error", [errno.EROFS, errno.EACCES])
async def test_a_project_that_cannot_be_written_says_that_breakpoints_are_not_kept(opened, monkeypatch, error):
    def refuse(*_, **__):
        raise OSError(error, os.strerror(error))

    session = await opened()
    monkeypatch.setattr("process_core.safe_files.Path.mkdir", refuse)
    await add(session, event="Again")
    await add(session, event="Go")
    (notice,) = texts(session)
    assert "breakpoints cannot be kept" in notice
    assert os.strerror(error) in notice


async def test_two_sessions_on_one_target_keep_what_each_adds_and_removes(opened, project):
    await add(await opened(), event="Go")
    first, second = await opened(), await opened()
    await add(first, event="Again")
    await add(second, step="Count")
    assert kept(project) == {"a.py:build": [{"event": "Go"}, {"event": "Again"}, {"step": "Count"}]}
    await first.request(RemoveBreakpoint(breakpoint=1))
    await second.request(EnableBreakpoint(breakpoint=2, enabled=False))
    assert kept(project) == {"a.py:build": [{"event": "Again"}, {"step": "Count", "enabled": False}]}
    await first.request(RemoveBreakpoint(breakpoint=2))
    await second.request(RemoveBreakpoint(breakpoint=1))
    await second.request(RemoveBreakpoint(breakpoint=2))
    assert kept(project) == {}


async def test_a_folder_that_somebody_holds_locked_costs_a_warning(opened, project, monkeypatch):
    monkeypatch.setattr("process_core.session.worker.breakpoint_file._TRIES", 2)
    (project / ".stepscope").mkdir()
    holder = os.open(project / ".stepscope", os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    session = await opened()
    await add(session, event="Again")
    assert "another program holds the folder locked" in texts(session)[0]
    os.close(holder)
    await add(session, event="Go")
    assert len(kept(project)["a.py:build"]) == 2


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
