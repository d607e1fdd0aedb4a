"""Hot reload through a session: what a user sees who saves a file while a run goes on."""

import asyncio

import pytest

from process_core.events import RunState
from process_core.runfile import RunFile
from process_core.session.client.in_process import InProcessSession
from process_core.session.client.session import CommandRefused
from process_core.session.client.worker_process import WorkerSession
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.envelope import Notice
from process_core.session.protocol.status import Reloaded
from process_core.session.protocol.verbs import (
    AddBreakpoint,
    Continue,
    HoldMessage,
    ListPending,
    Reload,
    Respond,
    ResumeRun,
    SendEvent,
    Start,
    Stop,
)

CHAT = """
from pydantic import BaseModel
from process_core import ProcessBuilder, Step, StepContext, function
{imports}

class Line(BaseModel):
    text: str

class Memory(BaseModel):
    lines: list[Line] = []
    {field}

class Ask(Step):
    @function
    async def ask(self, context: StepContext):
        text = await context.request_info("You", response_type=str)
        await context.emit_event("Exit" if text == "exit" else "Said", Line(text=text))

class Answer(Step[Memory]):
    {version}
    @function
    async def answer(self, context: StepContext, line: Line):
        self.state.lines.append(line)
        texts = [each.text for each in self.state.lines]
        await context.yield_output(f"{reply}")
        await context.emit_event("Answered")

def build():
    process = ProcessBuilder("Chat")
    ask, answer = process.add_step(Ask), process.add_step(Answer{name})
    process.on_input_event("go").send_event_to(ask)
    ask.on_event("Exit").stop_process()
    ask.on_event("Said").send_event_to(answer)
    answer.on_event("Answered").send_event_to(ask)
    return process.build()
"""


def chat(reply="old {texts}", imports="", field="", version="", name=""):
    return CHAT.format(reply=reply, imports=imports, field=field, version=version, name=name)


class Chat:
    """A chat under a session, driven as a screen drives it."""

    def __init__(self, session, folder, file="chat.py"):
        self.session = session
        self.file = folder / file
        self.updates = []
        session.subscribe(self.updates.append)

    @property
    def status(self):
        return self.session.status

    def save(self, text):
        self.file.write_text(text)

    async def until(self, condition):
        async with asyncio.timeout(8):
            while not condition():
                await asyncio.sleep(0.01)

    async def begin(self, text, *, breakpoints=(), watch=False):
        self.save(text)
        self.session.watch = watch
        await self.session.load(self.file.name)
        for event in breakpoints:
            await self.session.request(AddBreakpoint(breakpoint=BreakpointSpec(event=event)))
        await self.session.request(Start())

    async def asked(self):
        await self.until(lambda: self.status.requests and self.status.paused is None)

    async def paused(self):
        await self.until(lambda: self.status.paused is not None)

    async def say(self, text):
        await self.asked()
        await self.session.request(Respond(request_id=self.status.requests[0].request_id, value=text))

    async def resume(self):
        await self.session.request(Continue())

    async def reload(self, action="now", step=None):
        await self.session.request(Reload(action=action, step=step))

    async def rows(self):
        await self.until(
            lambda: self.status.state in (RunState.IDLE_WITH_PENDING_REQUESTS, RunState.STOPPED, RunState.IDLE)
        )
        await asyncio.sleep(0)
        with RunFile(self.status.run_file) as file:
            return [
                (r.type, r.generation + 1, r.path, file.payload(r.data) if r.data else None) for r in file.page(0, 9999)
            ]

    async def outputs(self, count):
        found = []

        def enough():
            with RunFile(self.status.run_file) as file:
                found[:] = [file.payload(row.data) for row in file.page(0, 9999) if row.type == "output"]
            return len(found) >= count

        await self.until(enough)
        return found


@pytest.fixture
async def session(tmp_path):
    async with await InProcessSession.open(cwd=tmp_path) as opened:
        yield opened


@pytest.fixture
async def talk(session, tmp_path):
    return Chat(session, tmp_path)


# A run goes on with new code.


async def test_the_next_message_after_a_reload_at_a_breakpoint_runs_the_new_code_with_its_state(talk):
    await talk.begin(chat(), breakpoints=["Said"])
    for text in ("one", "two"):
        await talk.say(text)
        await talk.paused()
        if text == "two":
            talk.save(chat("NEW {texts}"))
            await talk.reload()
            assert talk.status.generation == 2
        await talk.resume()
    assert await talk.outputs(2) == ["old ['one']", "NEW ['one', 'two']"]


LIVES = """
from pathlib import Path

from process_core import ProcessBuilder, Step, StepContext, function

LOG = Path(__file__).with_name("log.txt")  # the session ends an instance after the test

class Holds(Step[list[str]]):
    async def activate(self, state):
        self.context = None

    @function
    async def work(self, context: StepContext, text: str):
        with open(LOG, "a") as log:
            log.write("{name} works\\n")
        await context.request_info("?")

    async def deactivate(self):
        with open(LOG, "a") as log:
            log.write("{name} ends\\n")

def build():
    process = ProcessBuilder("Lives")
    process.on_input_event("go").send_event_to(process.add_step(Holds))
    return process.build()
"""


async def test_rule_44_an_instance_is_ended_before_a_reload_replaces_it_and_when_the_session_goes_back(talk, tmp_path):
    talk.save(LIVES.format(name="old"))
    await talk.session.load("chat.py")
    await talk.session.request(Start(data="a", has_data=True))
    await talk.say("1")
    await talk.until(lambda: talk.status.state is RunState.IDLE)
    talk.save(LIVES.format(name="new"))
    await talk.reload()
    await talk.session.request(SendEvent(event="go", data="b", has_data=True))
    await talk.asked()
    assert (tmp_path / "log.txt").read_text().split("\n") == ["old works", "old ends", "new works", ""]
    await talk.session.resume(talk.status.run_file, superstep=0)
    await talk.asked()
    assert (tmp_path / "log.txt").read_text().split("\n")[3:] == ["new ends", "new works", ""]


async def test_a_reload_while_a_question_waits_leaves_it_open_and_says_who_finishes_on_old_code(talk):
    await talk.begin(chat())
    await talk.asked()
    request = talk.status.requests[0].request_id
    talk.save(chat("NEW {texts}"))
    await talk.reload()
    assert [each.request_id for each in talk.status.requests] == [request]
    await talk.say("one")
    assert await talk.outputs(1) == ["NEW ['one']"]
    told = [update for update in talk.updates if isinstance(update, Reloaded)]
    assert [(each.generation, each.on_old_code) for each in told] == [(2, ("Ask",))]


async def test_a_reload_between_runs_is_what_the_next_run_begins_with(talk):
    await talk.begin(chat())
    await talk.say("exit")
    await talk.until(lambda: talk.status.state is RunState.STOPPED)
    talk.save(chat("NEW {texts}"))
    await talk.reload()
    await talk.session.request(Start())
    await talk.say("one")
    assert await talk.outputs(1) == ["NEW ['one']"]


async def test_a_reload_before_the_first_run_keeps_the_breakpoints(talk):
    talk.save(chat())
    await talk.session.load("chat.py")
    await talk.session.request(AddBreakpoint(breakpoint=BreakpointSpec(event="Said")))
    talk.save(chat("NEW {texts}"))
    await talk.reload()
    await talk.session.request(Start())
    await talk.say("one")
    await talk.paused()
    await talk.resume()
    assert await talk.outputs(1) == ["NEW ['one']"]


BUSY = """
import asyncio, pathlib
from process_core import ProcessBuilder, Step, StepContext, function

class Loop(Step):
    @function
    async def turn(self, context: StepContext):
        await asyncio.sleep(0.005)
        await context.yield_output("{said}")
        await context.emit_event("Again")

def build():
    process = ProcessBuilder("Loop")
    loop = process.add_step(Loop)
    process.on_input_event("go").send_event_to(loop)
    loop.on_event("Again").send_event_to(loop)
    return process.build()
"""


async def test_a_run_that_never_rests_takes_new_code_in_at_the_end_of_a_superstep(talk):
    await talk.begin(BUSY.format(said="old"))
    await talk.until(lambda: talk.status.superstep > 2)
    talk.save(BUSY.format(said="new"))
    await talk.reload()
    await talk.until(lambda: talk.status.generation == 2)
    await talk.until(lambda: "new" in _outputs(talk.status.run_file))
    await talk.session.request(Stop())
    found = _outputs(talk.status.run_file)
    assert found == sorted(found, reverse=True)


SLOW = BUSY.replace("await asyncio.sleep(0.005)", "while not pathlib.Path('go').exists(): await asyncio.sleep(0.005)")


async def test_a_save_in_the_middle_of_a_long_call_is_pending_until_the_superstep_ends(talk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    await talk.begin(SLOW.format(said="old"))
    await talk.until(lambda: talk.status.running == ("Loop",))
    talk.save(SLOW.format(said="new"))
    await talk.reload()
    assert talk.status.reload.state == "pending"
    assert talk.status.generation == 1
    (tmp_path / "go").touch()
    await talk.until(lambda: talk.status.generation == 2)
    await talk.until(lambda: "new" in _outputs(talk.status.run_file))
    await talk.session.request(Stop())
    assert _outputs(talk.status.run_file)[0] == "old"


async def test_a_save_that_is_pending_is_replaced_by_the_next_one(talk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    await talk.begin(SLOW.format(said="old"))
    await talk.until(lambda: talk.status.running == ("Loop",))
    talk.save(SLOW.format(said="never"))
    await talk.reload()
    talk.save("def (")
    await talk.reload()
    assert talk.status.reload.state == "failed"
    talk.save(SLOW.format(said="new"))
    await talk.reload()
    (tmp_path / "go").touch()
    await talk.until(lambda: "new" in _outputs(talk.status.run_file))
    await talk.session.request(Stop())
    assert "never" not in _outputs(talk.status.run_file)


def _outputs(path):
    with RunFile(path) as file:
        return [file.payload(row.data) for row in file.page(0, 9999) if row.type == "output"]


async def test_every_event_says_which_generation_ran_and_the_reload_names_its_sources(talk):
    await talk.begin(chat())
    await talk.asked()
    talk.save(chat("NEW {texts}"))
    await talk.reload()
    await talk.say("one")
    await talk.outputs(1)
    await talk.asked()
    rows = await talk.rows()
    marks = [place for place, row in enumerate(rows) if row[0] == "reloaded"]
    assert len(marks) == 1
    assert {row[1] for row in rows[: marks[0]]} == {1}
    assert {row[1] for row in rows[marks[0] :]} == {2}
    with RunFile(talk.status.run_file) as file:
        details = next(file.payload(row.details) for row in file.page(0, 999) if row.type == "reloaded")
    assert details["generation"] == 2
    assert list(details["sources"]) == ["chat.py"]


# What fails leaves the old code running.


@pytest.mark.parametrize("text", ["def (", "raise ValueError('half-way')", "import sys; sys.exit()", "x = 1"])
async def test_a_save_that_cannot_be_loaded_is_shown_and_the_old_code_goes_on(talk, text):
    await talk.begin(chat())
    await talk.asked()
    talk.save(text)
    await talk.reload()
    assert talk.status.reload.state == "failed"
    assert talk.status.generation == 1
    await talk.say("one")
    assert await talk.outputs(1) == ["old ['one']"]
    talk.save(chat("NEW {texts}"))
    await talk.reload()
    assert talk.status.reload is None
    await talk.say("two")
    assert await talk.outputs(2) == ["old ['one']", "NEW ['one', 'two']"]


async def test_a_failed_save_shows_a_traceback_of_the_users_own_code(talk):
    await talk.begin(chat())
    await talk.asked()
    talk.save("def helper():\n    return 1 / 0\nhelper()")
    await talk.reload()
    trace = talk.status.reload.traceback
    assert "return 1 / 0" in trace
    assert "process_core" not in trace
    assert "importlib" not in trace


async def test_a_definition_with_problems_is_reported_with_all_of_them(talk):
    await talk.begin(chat())
    await talk.asked()
    talk.save(chat().replace("send_event_to(answer)", 'send_event_to(answer, function="anser")'))
    await talk.reload()
    assert talk.status.reload.state == "failed"
    assert [problem.code for problem in talk.status.reload.problems] == ["unknown_function"]


async def test_a_service_that_new_code_asks_for_and_nobody_gives_is_reported(talk):
    await talk.begin(chat())
    await talk.asked()
    text = chat().replace("line: Line):", "line: Line, more: Inject[Memory]):")
    talk.save(text.replace("import ProcessBuilder", "import Inject, ProcessBuilder"))
    await talk.reload()
    assert talk.status.reload.state == "failed"
    assert "Memory" in talk.status.reload.message
    assert talk.status.generation == 1


async def test_going_back_to_what_is_in_force_takes_the_error_away(talk):
    await talk.begin(chat())
    await talk.asked()
    talk.save("def (")
    await talk.reload()
    talk.save(chat())
    with pytest.raises(CommandRefused, match="nothing has changed"):
        await talk.reload()
    assert talk.status.reload is None


# State.


async def begin_with_history(talk, **given):
    await talk.begin(chat(**given), breakpoints=["Said"])
    await talk.say("one")
    await talk.paused()
    await talk.resume()
    await talk.say("two")
    await talk.paused()


async def test_a_new_field_gets_its_default(talk):
    await begin_with_history(talk)
    talk.save(chat("{texts} {self.state.mood}", field="mood: str = 'fine'"))
    await talk.reload()
    await talk.resume()
    assert (await talk.outputs(2))[1] == "['one', 'two'] fine"


async def test_a_state_of_a_new_version_is_migrated(talk):
    await begin_with_history(talk)
    migrate = (
        "version = '2'\n    @classmethod\n    def migrate(cls, state, from_version):\n"
        "        return {**state, 'count': len(state['lines']) * 10}"
    )
    talk.save(chat("{self.state.count} {texts}", field="count: int = 0", version=migrate))
    await talk.reload()
    await talk.resume()
    assert (await talk.outputs(2))[1] == "10 ['one', 'two']"


def renamed(reply="NEW {texts}"):
    """Code whose state has its field under another name: what the old one holds would be lost."""
    return chat(reply).replace("lines", "history")


async def test_a_state_that_does_not_fit_is_reported_with_what_differs_and_the_old_code_stays(talk):
    await begin_with_history(talk)
    talk.save(renamed())
    await talk.reload()
    info = talk.status.reload
    assert info.state == "unfit"
    assert list(info.unfit) == ["Answer"]
    lines = info.unfit["Answer"].splitlines()
    assert "'lines' is gone" in lines[0]
    assert [line[:12] for line in lines[1:]] == ["  - lines = ", "  + history:"]
    assert talk.status.generation == 1
    await talk.resume()
    assert (await talk.outputs(2))[1] == "old ['one', 'two']"


async def test_a_state_that_does_not_fit_can_be_reset(talk):
    await begin_with_history(talk)
    talk.save(renamed())
    await talk.reload()
    with pytest.raises(CommandRefused, match="Answer"):
        await talk.reload("reset", "Ask")
    await talk.reload("reset", "Answer")
    assert talk.status.reload is None
    await talk.resume()
    assert (await talk.outputs(2))[1] == "NEW ['two']"


async def test_the_old_code_can_be_kept_and_the_next_save_tries_again(talk):
    await begin_with_history(talk)
    talk.save(renamed())
    await talk.reload()
    await talk.reload("keep")
    assert talk.status.reload is None
    assert talk.status.paused is not None
    talk.save(chat("NEW {texts}"))
    await talk.reload()
    await talk.resume()
    assert (await talk.outputs(2))[1] == "NEW ['one', 'two']"


async def test_going_back_to_the_old_code_goes_on_with_it(talk):
    await begin_with_history(talk)
    talk.save(renamed())
    await talk.reload()
    await talk.reload("back")
    assert (await talk.outputs(2))[1] == "old ['one', 'two']"
    assert talk.status.reload is None


async def test_a_run_that_goes_on_is_paused_where_its_state_does_not_fit(talk):
    counting = BUSY.replace("class Loop(Step)", STATEFUL)
    await talk.begin(counting.format(said="old", field="n: int = 0"))
    await talk.until(lambda: talk.status.superstep > 2)
    talk.save(counting.format(said="new", field="n: str = ''"))
    await talk.reload()
    await talk.paused()
    assert talk.status.reload.state == "unfit"
    await talk.session.request(Stop())


STATEFUL = "from pydantic import BaseModel\nclass Count(BaseModel):\n    {field}\nclass Loop(Step[Count])"


# Routes and steps.


async def test_a_message_for_a_step_that_is_gone_is_held_listed_and_delivered_when_it_is_back(talk):
    await talk.begin(chat(), breakpoints=["Said"])
    await talk.say("one")
    await talk.paused()
    talk.save(chat(name=", name='Other'"))
    await talk.reload()
    pending = await talk.session.request(ListPending())
    assert [(message.event_id, message.target, message.held) for message in pending] == [("Said", "Answer", True)]
    assert talk.status.paused.message is None
    assert [node.path for node in talk.session.loaded.nodes] == ["Ask", "Other"]
    await talk.resume()
    await talk.until(lambda: talk.status.state is RunState.IDLE)
    talk.save(chat("BACK {texts}"))
    await talk.reload()
    await talk.paused()
    await talk.resume()
    assert await talk.outputs(1) == ["BACK ['one']"]


async def test_breakpoints_follow_their_steps_through_a_reload(talk):
    await talk.begin(chat(), breakpoints=["Said"])
    await talk.asked()
    talk.save(chat("NEW {texts}"))
    await talk.reload()
    await talk.say("one")
    await talk.paused()
    assert talk.status.paused.breakpoint == 1
    talk.save(chat("NEW {texts}").replace('"Said"', '"Spoke"'))
    await talk.reload()
    assert [point.bound for point in talk.status.breakpoints] == [False]


async def test_an_outside_event_that_the_code_takes_no_more_is_held(talk):
    two = BUSY.format(said="x").replace(
        'process.on_input_event("go")',
        'process.on_input_event("more").send_event_to(loop)\n    process.on_input_event("go")',
    )
    await talk.begin(
        two.replace('emit_event("Again")', 'emit_event("Rest")').replace('"Again")', '"Rest")'), breakpoints=["Rest"]
    )
    await talk.paused()
    await talk.session.request(SendEvent(event="more"))
    talk.save(BUSY.format(said="x").replace('"Again")', '"Rest")'))
    await talk.reload()
    held = [message.event_id for message in await talk.session.request(ListPending()) if message.held]
    assert held == ["more"]
    await talk.session.request(Stop())


JOIN = """
from dataclasses import dataclass
from process_core import ProcessBuilder, Step, StepContext, Target, function

@dataclass
class Part:
    name: str

class Left(Step):
    @function
    async def make(self, context: StepContext):
        await context.emit_event("Half", Part("left"))

class Right(Step):
    @function
    async def make(self, context: StepContext):
        text = await context.request_info("right?", response_type=str)
        await context.emit_event("Half", Part(text))

class Whole(Step):
    @function
    async def join(self, context: StepContext, {parameters}):
        assert type(left) is Part, type(left)
        await context.yield_output(f"{said} {{left.name}} {{right.name}}")

def build():
    process = ProcessBuilder("Join")
    left, right, whole = process.add_step(Left), process.add_step(Right), process.add_step(Whole)
    process.on_input_event("go").send_event_to(left).send_event_to(right)
    left.on_event("Half").send_event_to(whole, parameter="left")
    right.on_event("Half").send_event_to(whole, parameter="right")
    return process.build()
"""


@pytest.mark.parametrize("parameters", ["left: Part, right: Part", "right: Part, left: Part, more: int = 0"])
async def test_a_half_filled_join_is_carried_over_with_its_values_made_of_the_new_classes(talk, parameters):
    await talk.begin(JOIN.format(said="old", parameters="left: Part, right: Part"))
    await talk.asked()
    talk.save(JOIN.format(said="new", parameters=parameters))
    await talk.reload()
    assert talk.status.waiting[0].arrived == ("left",)
    talk.save(JOIN.format(said="newer", parameters=parameters))
    await talk.reload()
    await talk.say("right")
    assert await talk.outputs(1) == ["newer left right"]


NESTED = """
from process_core import ProcessBuilder, Step, StepContext, function

class Count(Step[list]):
    @function
    async def count(self, context: StepContext, text: str):
        answer = await context.request_info("more?", response_type=str)
        self.state.append(text + answer)
        await context.emit_event("Counted", f"{said} {{self.state}}")

class Say(Step):
    @function
    async def say(self, context: StepContext, text: str):
        await context.yield_output(text)

def build():
    inner = ProcessBuilder("inner")
    count, say = inner.add_step(Count), inner.add_step(Say)
    inner.on_input_event("in").send_event_to(count)
    count.on_event("Counted").send_event_to(say)
    outer = ProcessBuilder("Outer")
    nested = outer.add_process(inner)
    outer.on_input_event("go").send_event_to(nested.where_input_event_is("in"))
    return outer.build()
"""


async def test_a_nested_process_that_waits_goes_on_on_new_code_with_its_state(talk):
    talk.save(NESTED.format(said="old"))
    await talk.session.load("chat.py")
    await talk.session.request(Start(data="a", has_data=True))
    await talk.asked()
    talk.save(NESTED.format(said="new"))
    await talk.reload()
    await talk.say("1")
    assert await talk.outputs(1) == ["old ['a1']"]  # the function that asked has finished on old code
    await talk.session.request(SendEvent(event="go", data="b", has_data=True))
    await talk.say("2")
    assert await talk.outputs(2) == ["old ['a1']", "new ['a1', 'b2']"]


# The file, time travel, and the real worker.


async def test_a_run_goes_on_from_its_file_after_a_reload(talk):
    await begin_with_history(talk)
    talk.save(chat("NEW {texts}"))
    await talk.reload()
    await talk.resume()
    await talk.outputs(2)
    await talk.asked()
    path = talk.status.run_file
    await talk.session.load("chat.py")
    await talk.session.request(ResumeRun(run_file=path))
    await talk.say("three")
    await talk.paused()
    await talk.resume()
    assert (await talk.outputs(3))[2] == "NEW ['one', 'two', 'three']"


async def test_stepping_back_after_a_reload_forks_and_runs_on_the_new_code(talk):
    await begin_with_history(talk)
    await talk.resume()
    await talk.outputs(2)
    await talk.asked()
    talk.save(chat("NEW {texts}"))
    await talk.reload()
    before = talk.status.run_file
    await talk.session.request(ResumeRun(run_file=before, superstep=4))
    await talk.until(lambda: talk.status.run_file != before)
    await talk.say("other")
    await talk.paused()
    await talk.resume()
    assert (await talk.outputs(2))[1] == "NEW ['one', 'other']"
    await talk.asked()
    rows = await talk.rows()
    mark = next(place for place, row in enumerate(rows) if row[0] == "reloaded")
    assert [row[1] for row in rows] == [1] * mark + [2] * (len(rows) - mark)
    assert talk.status.generation == 2


async def test_generations_go_on_counting_where_a_run_is_resumed_or_forked_in_another_session(talk, tmp_path):
    await talk.begin(chat(), breakpoints=["Said"])
    await talk.say("one")
    await talk.paused()
    talk.save(chat("NEW {texts}"))
    await talk.reload()
    await talk.resume()
    await talk.asked()
    await talk.session.request(Stop())
    await talk.until(lambda: talk.status.state is RunState.CANCELLED)
    path, superstep = talk.status.run_file, talk.status.superstep
    await talk.session.close()
    async with await InProcessSession.open(cwd=tmp_path) as session:
        for command in (ResumeRun(run_file=path), ResumeRun(run_file=path, superstep=superstep)):
            other = Chat(session, tmp_path)
            await session.request(command)
            await other.asked()
            assert other.status.generation == 2
            await session.request(Stop())
            await other.until(lambda: session.status.state is RunState.CANCELLED)


async def test_a_run_that_is_started_again_begins_with_the_save_that_was_waiting(talk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    await talk.begin(SLOW.format(said="old"))
    await talk.until(lambda: talk.status.running == ("Loop",))
    talk.save(SLOW.format(said="new"))
    await talk.reload()
    await talk.session.request(Start())
    (tmp_path / "go").touch()
    await talk.until(lambda: _outputs(talk.status.run_file)[:1] == ["new"])
    assert talk.status.reload is None
    await talk.session.request(Stop())


async def test_a_save_is_taken_in_by_the_worker_that_watches(tmp_path):
    async with await WorkerSession.open(cwd=tmp_path) as session:
        talk = Chat(session, tmp_path)
        (tmp_path / "words.py").write_text("from deep import GREETING")
        (tmp_path / "deep.py").write_text("GREETING = 'hello'")
        await talk.begin(chat("{GREETING} {texts}", imports="from words import GREETING"), watch=True)
        await talk.asked()
        await asyncio.sleep(0.3)
        (tmp_path / "deep.py.tmp").write_text("GREETING = 'good day'")
        (tmp_path / "deep.py.tmp").replace(tmp_path / "deep.py")
        await talk.until(lambda: talk.status.generation == 2)
        await talk.say("one")
        assert await talk.outputs(1) == ["good day ['one']"]
        assert any(isinstance(update, Notice) and "deep.py" in update.text for update in talk.updates)


async def test_the_code_of_earlier_generations_is_freed_while_the_run_goes_on(talk):
    import gc
    import sys
    import weakref

    await talk.begin(chat())
    await talk.say("one")
    await talk.outputs(1)
    await talk.asked()
    old = [weakref.ref(sys.modules["chat"].Answer), weakref.ref(sys.modules["chat"].Ask)]
    for number in (2, 3):
        talk.save(chat(f"generation {number} {{texts}}"))
        await talk.reload()
        await talk.say("more")
        await talk.outputs(number)
        await talk.asked()
    gc.collect()
    assert [ref() for ref in old] == [None, None]


async def test_a_message_that_is_held_by_hand_stays_held_and_is_delivered_to_the_new_code(talk):
    await talk.begin(chat(), breakpoints=["Said"])
    await talk.say("one")
    await talk.paused()
    number = talk.status.paused.message.id
    await talk.session.request(HoldMessage(message=number))
    talk.save(chat("NEW {texts}"))
    await talk.reload()
    assert talk.status.undo is None
    held = [message for message in await talk.session.request(ListPending()) if message.held]
    assert [message.event_id for message in held] == ["Said"]
    await talk.session.request(HoldMessage(message=held[0].id, held=False))
    await talk.until(lambda: talk.status.paused is not None)
    await talk.resume()
    assert await talk.outputs(1) == ["NEW ['one']"]


async def test_rule_42_going_back_behind_a_change_of_the_routes_goes_on_with_the_new_ones(talk):
    await begin_with_history(talk)
    await talk.resume()
    await talk.outputs(2)
    await talk.asked()
    talk.save(chat("NEW {texts}").replace('"Answered"', '"Replied"'))
    await talk.reload()
    path = talk.status.run_file
    await talk.session.request(ResumeRun(run_file=path, superstep=4))
    await talk.until(lambda: talk.status.run_file != path)
    await talk.say("other")
    await talk.paused()
    await talk.resume()
    assert (await talk.outputs(2))[1] == "NEW ['one', 'other']"


async def test_rule_42_a_reset_is_in_the_file_so_that_a_run_that_fails_after_it_is_resumed(talk):
    await begin_with_history(talk)
    talk.save(chat("{1 / 0}", version='version = "2"'))
    await talk.reload()
    assert "Answer" in talk.status.reload.unfit
    await talk.reload("reset")
    await talk.resume()
    await talk.until(lambda: talk.status.state is RunState.FAILED)
    talk.save(chat("NEW {texts}", version='version = "2"'))
    await talk.session.resume(talk.status.run_file, fresh=True)
    await talk.paused()
    await talk.resume()
    assert (await talk.outputs(2))[1] == "NEW ['two']"


@pytest.mark.parametrize("target", ["pack/chat.py", "pack.chat:build"])
@pytest.mark.parametrize("file", ["pack/__init__.py", "pack/near.py", "pack/deep/far.py"])
async def test_a_process_in_a_package_follows_its_package_and_helpers_two_imports_away(talk, tmp_path, target, file):
    sources = {
        "pack/__init__.py": "GREETING = '{0}'",
        "pack/near.py": "from pack.deep.far import VALUE\nNEAR = '{0}' + VALUE",
        "pack/deep/__init__.py": "",
        "pack/deep/far.py": "VALUE = '{0}'",
    }
    for name, source in sources.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source.format("a"))
    talk.file = tmp_path / "pack/chat.py"
    talk.save(chat("{GREETING}{NEAR} {texts}", imports="from . import GREETING\nfrom .near import NEAR"))
    await talk.session.load(target)
    await talk.session.request(Start())
    await talk.say("one")
    await talk.outputs(1)
    (tmp_path / file).write_text(sources[file].format("b"))
    await talk.asked()
    await talk.reload()
    await talk.say("two")
    first, second = await talk.outputs(2)
    assert first == "aaa ['one']"
    assert second.split(" ")[0].count("b") == 1


async def test_nothing_is_taken_in_by_itself_where_nobody_asked_for_it(tmp_path):
    async with await WorkerSession.open(cwd=tmp_path) as session:
        talk = Chat(session, tmp_path)
        await talk.begin(chat(), watch=False)
        await talk.asked()
        talk.save(chat("NEW {texts}"))
        await talk.say("one")
        assert await talk.outputs(1) == ["old ['one']"]
        await talk.asked()
        await talk.reload()
        await talk.say("two")
        assert await talk.outputs(2) == ["old ['one']", "NEW ['one', 'two']"]


async def test_two_sessions_of_one_interpreter_each_see_their_own_edits(tmp_path):
    talks = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        session = await InProcessSession.open(cwd=tmp_path / name)
        talks.append(Chat(session, tmp_path / name))
        (tmp_path / name / "words.py").write_text(f"GREETING = '{name}'")
        await talks[-1].begin(chat("{GREETING} {texts}", imports="from words import GREETING"), breakpoints=["Said"])
    for name, talk in zip(("first", "second"), talks, strict=True):
        await talk.say("x")
        await talk.paused()
        talk.file.with_name("words.py").write_text(f"GREETING = '{name}'")
        await talk.reload()
    for name, talk in zip(("first", "second"), talks, strict=True):
        await talk.resume()
        assert (await talk.outputs(1))[-1].startswith(name)
        await talk.session.close()
