"""The facts of section 3: names, signatures, what is returned and raised."""

import asyncio
import inspect
import subprocess
import sys
from typing import Any

import pytest
from rules_observing import of
from rules_steps import Ask, Say, Seen, Sink, Trigger

import process_core
from process_core import (
    Process,
    ProcessBuilder,
    ProcessDefinitionError,
    ProcessError,
    ProcessEvent,
    Run,
    RunEndedError,
    RunError,
    RunResult,
    RunState,
    Step,
    StepFailedError,
    SuperstepLimitError,
    UnknownEventError,
    Visibility,
    WorkflowEvent,
    function,
)


def sinking():
    process = ProcessBuilder("P")
    process.on_input_event("startProcess").send_event_to(process.add_step(Sink))
    return process.build()


def test_the_public_names_are_those_of_the_design():
    assert sorted(process_core.__all__) == sorted(
        [
            "EventSource",
            "Inject",
            "Process",
            "ProcessBuilder",
            "ProcessDefinitionError",
            "ProcessError",
            "ProcessEvent",
            "Run",
            "RunEndedError",
            "RunError",
            "RunOptions",
            "RunResult",
            "RunState",
            "Services",
            "Step",
            "StepContext",
            "StepFailedError",
            "StepFailure",
            "StepHandle",
            "SuperstepLimitError",
            "Target",
            "UnknownEventError",
            "Visibility",
            "WorkflowEvent",
            "function",
        ]
    )


def test_every_public_name_is_there_and_documented():
    for name in process_core.__all__:
        assert (inspect.getdoc(getattr(process_core, name)) or "").strip(), name


def test_importing_the_package_loads_neither_pydantic_nor_a_screen():
    heavy = "{'pydantic', 'textual', 'rich', 'watchfiles', 'sqlite3'} & set(sys.modules)"
    code = f"import sys, process_core; print(sorted({heavy}))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_errors_form_one_family():
    for error in (StepFailedError, SuperstepLimitError, RunEndedError):
        assert issubclass(error, RunError)
    for error in (RunError, ProcessDefinitionError, UnknownEventError):
        assert issubclass(error, ProcessError)


async def test_build_gives_a_process_and_run_gives_a_result():
    process = sinking()
    assert isinstance(process, Process)
    result = await process.run("startProcess", 1)
    assert isinstance(result, RunResult)
    assert result.state is RunState.IDLE
    assert (result.outputs, result.public_events, result.pending_requests) == ([], [], [])
    assert result.step_states == {"Sink": Seen([1])}
    assert all(isinstance(event, WorkflowEvent) for event in result.events)


async def test_without_collected_events_the_list_is_empty_and_the_rest_is_there():
    result = await sinking().run("startProcess", 1, collect_events=False)
    assert result.events == []
    assert result.step_states == {"Sink": Seen([1])}


@pytest.mark.parametrize("form", ["run", "run_stream"])
async def test_both_stream_forms_give_the_same_events_as_a_run(form):
    process = sinking()
    stream = process.run("startProcess", 1, stream=True) if form == "run" else process.run_stream("startProcess", 1)
    streamed = [(e.seq, e.type, e.path, e.state) async for e in stream]
    result = await process.run("startProcess", 1)
    assert streamed == [(e.seq, e.type, e.path, e.state) for e in result.events]


async def test_an_unknown_input_event_says_what_was_meant():
    with pytest.raises(UnknownEventError) as caught:
        await sinking().run("startProces", 1)
    assert "startProces" in str(caught.value)
    assert "startProcess" in str(caught.value)


async def test_an_unknown_input_event_raises_in_a_stream_too():
    with pytest.raises(UnknownEventError):
        async for _ in sinking().run_stream("nope"):
            pass


async def test_an_unknown_event_changes_nothing_in_a_run():
    async with sinking().start("startProcess", 1) as run:
        await run.idle()
        before = [e.seq for e in run.events]
        with pytest.raises(UnknownEventError):
            await run.send_event("startProces", 2)
        await run.idle()
        assert [e.seq for e in run.events] == before
        assert run.state is RunState.IDLE


async def test_start_gives_a_run_with_the_live_attributes_of_a_result():
    async with sinking().start("startProcess", 1) as run:
        assert isinstance(run, Run)
        await run.idle()
        assert run.state is RunState.IDLE
        assert (run.outputs, run.public_events, run.pending_requests) == ([], [], [])
        assert run.step_states == {"Sink": Seen([1])}
        assert run.events[-1].state is RunState.IDLE


async def test_a_run_is_in_progress_until_it_is_at_rest():
    gate = asyncio.Event()

    class Waits(Step):
        @function
        async def work(self) -> None:
            await gate.wait()

    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Waits))
    async with process.build().start("go") as run:
        await asyncio.sleep(0.005)
        assert run.state is RunState.IN_PROGRESS
        gate.set()
        await run.idle()
        assert run.state is RunState.IDLE


async def test_idle_returns_at_once_for_a_run_at_rest():
    async with sinking().start("startProcess", 1) as run:
        await run.idle()
        await asyncio.wait_for(run.idle(), 1)


async def test_several_may_wait_for_the_same_rest():
    async with sinking().start("startProcess", 1) as run:
        await asyncio.gather(run.idle(), run.idle(), run.idle())
        assert run.state is RunState.IDLE


async def test_events_sent_one_after_the_other_are_taken_in_in_that_order():
    async with sinking().start("startProcess", 0) as run:
        for n in range(1, 10):
            await run.send_event("startProcess", n)
        await run.idle()
        assert run.step_states["Sink"].values == list(range(10))


async def test_an_answer_is_given_by_request_id():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Ask))
    async with process.build().start("go", "?") as run:
        await run.idle()
        await run.respond(run.pending_requests[0].request_id, "hi")
        await run.idle()
        assert run.step_states["Ask"].values == ["hi"]


def test_a_process_event_says_whether_it_has_data():
    without, none = ProcessEvent("A"), ProcessEvent("A", None)
    assert (without.has_data, without.data) == (False, None)
    assert (none.has_data, none.data) == (True, None)
    assert without.visibility is Visibility.INTERNAL


async def test_public_events_say_whether_they_had_data():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Say))
    script = [(ProcessEvent("A", visibility=Visibility.PUBLIC),), (ProcessEvent("B", None, Visibility.PUBLIC),)]
    result = await process.build().run("go", script)
    assert [(e.id, e.has_data) for e in result.public_events] == [("A", False), ("B", True)]


def drawn():
    inner = ProcessBuilder("inner")
    say = inner.add_step(Say)
    inner.on_input_event("say").send_event_to(say)
    process = ProcessBuilder("P")
    nested, sink = process.add_process(inner), process.add_step(Sink)
    process.on_input_event("go").send_event_to(nested.where_input_event_is("say"))
    nested.on_event("Done").when("data > 3").send_event_to(sink).otherwise().stop_process()
    return process.build()


def test_the_graph_gives_nodes_and_edges_with_paths():
    graph = drawn().graph
    assert [node.path for node in graph.nodes] == ["inner", "inner/Say", "Sink"]
    assert [(e.scope, e.source, e.event_id, e.target) for e in graph.edges] == [
        ("", "", "go", "inner"),
        ("", "inner", "Done", "Sink"),
        ("", "inner", "Done", ""),
        ("inner", "", "say", "inner/Say"),
    ]
    assert [e.condition for e in graph.edges] == [None, "data > 3", "otherwise", None]
    assert len({e.key for e in graph.edges}) == 4


@pytest.mark.parametrize("form", ["to_mermaid", "to_dot"])
def test_a_process_can_be_drawn_elsewhere(form):
    text = getattr(drawn(), form)()
    assert all(word in text for word in ("Say", "Sink", "Done", "go"))
    assert text == getattr(drawn(), form)()


def test_mermaid_and_dot_begin_as_they_must():
    assert drawn().to_mermaid().lstrip().startswith(("flowchart", "graph"))
    assert drawn().to_dot().lstrip().startswith("digraph")


async def test_target_names_default_to_the_class_and_process_names():
    inner = ProcessBuilder("Inner")
    inner.on_input_event("x").send_event_to(inner.add_step(Sink))
    process = ProcessBuilder("P")
    nested = process.add_process(inner)
    process.on_input_event("go").send_event_to(nested.where_input_event_is("x"))
    process.on_input_event("go").send_event_to(process.add_step(Trigger))
    result = await process.build().run("go", 1)
    assert {e.path for e in of(result.events, "executor_invoked")} == {"Inner", "Inner/Sink", "Trigger"}


async def test_max_supersteps_must_be_a_positive_number():
    bad: Any
    for bad in (0, -1):
        with pytest.raises((ValueError, ProcessError)):
            await sinking().run("startProcess", 1, max_supersteps=bad)


async def test_a_run_works_in_a_loop_of_its_own():
    def elsewhere() -> Any:
        return asyncio.run(sinking().run("startProcess", 1)).step_states

    assert await asyncio.to_thread(elsewhere) == {"Sink": Seen([1])}


def test_a_process_that_ran_in_one_loop_runs_in_another():
    process = sinking()
    states = [asyncio.run(process.run("startProcess", n)).step_states["Sink"].values for n in (1, 2)]
    assert states == [[1], [2]]


async def test_a_run_leaves_no_tasks_behind():
    before = asyncio.all_tasks()
    await sinking().run("startProcess", 1)
    async with sinking().start("startProcess", 1) as run:
        await run.idle()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_a_process_may_be_run_without_data():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Trigger))
    assert (await process.build().run("go")).step_states["Trigger"].values == ["fired"]


async def test_the_chat_of_the_design_runs_as_written():
    class Intro(Step):
        @function
        def introduce(self) -> str:
            return "Hello"

    class UserInput(Step):
        @function
        async def ask(self, context: process_core.StepContext) -> None:
            text = await context.request_info("You", response_type=str)
            await context.emit_event("Exit" if text == "exit" else "UserInputReceived", text)

    class Response(Step[Seen]):
        @function(name="GetChatResponse")
        async def respond(self, context: process_core.StepContext, user_message: str) -> None:
            self.state.values.append(user_message)
            await context.emit_event(ProcessEvent(id="AssistantResponseGenerated", data=user_message.upper()))

    process = ProcessBuilder("ChatBot")
    intro, user = process.add_step(Intro), process.add_step(UserInput)
    response = process.add_step(Response, name="Response", initial_state=Seen())
    process.on_input_event("startProcess").send_event_to(intro)
    intro.on_function_result().send_event_to(user)
    user.on_event("Exit").stop_process()
    user.on_event("UserInputReceived").send_event_to(response, parameter="user_message")
    response.on_event("AssistantResponseGenerated").send_event_to(user)
    async with process.build().start("startProcess") as run:
        for text in ("hello", "again", "exit"):
            await run.idle()
            assert run.state is RunState.IDLE_WITH_PENDING_REQUESTS
            await run.respond(run.pending_requests[0].request_id, text)
        await run.idle()
        assert run.state is RunState.STOPPED
        assert run.step_states["Response"].values == ["hello", "again"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("services", {"ChatCompletion": 1}),
        ("max_supersteps", "10"),
        ("max_supersteps", True),
        ("run_file", 5),
        ("initial_states", ["Sink"]),
        ("debugger", object()),
        ("run_id", 5),
        ("clock", 5.0),
    ],
)
def test_a_run_option_of_the_wrong_type_is_refused_by_name(option, value):
    with pytest.raises(TypeError, match=f"the run option '{option}' takes"):
        sinking().start("startProcess", 1, **{option: value})
