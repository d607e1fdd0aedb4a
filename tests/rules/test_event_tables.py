"""An event type is one entry in `EVENT_TYPES`, a warning code one in `WARNING_CODES`."""

import ast
from pathlib import Path

import pytest

import process_core
from process_core import ProcessBuilder, Step, StepContext, WorkflowEvent, function
from process_core.debug import Debugger
from process_core.events import EVENT_TYPES, WARNING_CODES, EventType
from process_core.runfile import Filter, RunFile
from tui.timeline.event_styles import style_of

SOURCES = sorted(Path(process_core.__file__).parent.rglob("*.py"))


@pytest.fixture(scope="module")
def nodes():
    """Return every node of every source but that of the tables; finding them takes a second."""
    return [node for path in SOURCES if path.name != "events.py" for node in ast.walk(ast.parse(path.read_text()))]


class Toy(Step):
    @function
    async def play(self, context: StepContext) -> None:
        await context.add_event(WorkflowEvent("toy", data=1))


def toy_process():
    process = ProcessBuilder("P")
    process.on_input_event("go").send_event_to(process.add_step(Toy))
    return process.build()


def calls(nodes, name):
    for node in nodes:
        if isinstance(node, ast.Call) and node.args:
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called == name:
                yield node


def texts(node):
    """Every text that an expression may be: both branches of `a if b else c`."""
    if isinstance(node, ast.IfExp):
        return texts(node.body) | texts(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def test_every_warning_code_that_is_used_stands_in_the_table_and_the_other_way_round(nodes):
    used = {"user_warning"}
    for call in calls(nodes, "warn"):
        used |= texts(call.args[0])
    assert used == set(WARNING_CODES)


def recorded_types(nodes):
    """Every text that is the type of an event which the engine makes itself."""
    recorders = [c for c in calls(nodes, "record") if ast.unparse(c.func).endswith("recorder.record")]
    return {text for call in (*recorders, *calls(nodes, "WorkflowEvent")) for text in texts(call.args[0])}


def test_every_event_type_that_is_recorded_stands_in_the_table_and_the_other_way_round(nodes):
    recorded = recorded_types(nodes)
    assert len(recorded) > 10
    assert recorded <= EVENT_TYPES.keys()
    written = {node.value for node in nodes if isinstance(node, ast.Constant)}
    unused = {name for name, kind in EVENT_TYPES.items() if not kind.from_user and name not in written}
    assert not unused


@pytest.mark.parametrize(
    "table", [{n: k.meaning for n, k in EVENT_TYPES.items()}, WARNING_CODES], ids=["types", "codes"]
)
def test_every_entry_has_a_meaning_of_one_line(table):
    for name, meaning in table.items():
        assert name.isidentifier()
        assert 10 < len(meaning) < 100
        assert not meaning.endswith(".")


async def test_a_toy_event_type_is_added_by_one_entry(monkeypatch, tmp_path):
    result = await toy_process().run("go")
    assert [event.type for event in result.events].count("toy") == 1  # a custom type, before

    monkeypatch.setitem(EVENT_TYPES, "toy", EventType("a toy was played with"))
    result = await toy_process().run("go")
    (warning,) = [event for event in result.events if event.type == "warning"]
    assert (warning.code, warning.details["type"]) == ("reserved_event_type", "toy")

    monkeypatch.setitem(EVENT_TYPES, "toy", EventType("a toy was played with", from_user=True))
    await toy_process().run("go", run_file=tmp_path / "x.run")
    with RunFile(tmp_path / "x.run") as run:
        (row,) = run.page(0, 10, Filter(types=("toy",)))
    assert style_of(row.type).word == "toy"


def test_a_toy_warning_code_is_added_by_one_entry(monkeypatch):
    def problem(code):
        return Debugger(toy_process()).add_breakpoint(kind="warning", code=code).problem

    assert problem("toy_cod") is None
    monkeypatch.setitem(WARNING_CODES, "toy_code", "a toy is broken")
    assert problem("toy_code") is None
    assert "did you mean 'toy_code'?" in problem("toy_cod")
