"""`stepscope graph`."""

import os
import pty
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from process_core.graph import Edge, Node, SourceKind, StepKind
from process_core.runfile import RunFileWriter
from tui.cli.graph import fitted

ROOT = Path(__file__).resolve().parents[1]
HOSTILE = "\x1b]52;c;aGk=\x07[/x]\u202e"
NODES = (
    Node("Ask", "Ask", StepKind.STEP, ("ask",)),
    Node("Inner", "Inner", StepKind.PROCESS, ("Go",)),
    Node("Inner/Tell", "Tell", StepKind.STEP, ("tell",)),
)
EDGES = (
    Edge("r1", "", SourceKind.INPUT, "", "Start", "Ask"),
    Edge("r2", "", SourceKind.EVENT, "Ask", "Asked", "Inner"),
    Edge("r3", "Inner", SourceKind.INPUT, "", "Go", "Inner/Tell"),
)


PROCESS = """
from process_core import ProcessBuilder, Step, function

class Ask(Step):
    @function
    async def ask(self) -> None: ...

def build():
    process = ProcessBuilder("Tiny")
    process.on_input_event("Start").send_event_to(process.add_step(Ask))
    return process
"""


@pytest.fixture
def graph(stepscope, loads_in_process):
    def call(*arguments, cwd=ROOT, **options):
        return stepscope("graph", *arguments, cwd=cwd, **options)

    return call


@pytest.fixture
def recorded(tmp_path):
    def write(nodes=NODES, edges=EDGES, name="Recorded"):
        path = tmp_path / "x.run"
        RunFileWriter(path, process=name, run_id="r", started=0.0, graph_nodes=nodes, graph_edges=edges).close()
        return path

    return write


@pytest.fixture
def draw(graph):
    def call(*arguments):
        ended = graph(*arguments)
        return ended.returncode, ended.stdout, ended.stderr

    return call


def test_a_process_is_drawn_plain_where_nobody_sees_colours(graph):
    ended = graph("sample_processes/chatbot.py")
    assert ended.returncode == 0, ended.stderr
    out = ended.stdout
    assert all(word in out for word in ("startProcess", "UserInput", "AssistantResponseGenerated", "STOP", "╭", "▼"))
    assert "\x1b" not in out


def test_a_terminal_gets_colours_and_its_own_width(tmp_path):
    (tmp_path / "tiny.py").write_text(PROCESS)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tui.cli", "graph", "tiny.py"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "NO_COLOR": ""},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait(60) == 0, process.stderr.read()
    process.stderr.close()
    assert b"\x1b[1m" in shown
    assert b"Ask" in shown


def test_the_same_process_gives_the_same_bytes_under_any_hash_seed():
    command = [sys.executable, "-m", "tui.cli", "graph", "sample_processes/nested_order.py"]
    drawn = {
        subprocess.run(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=True,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in (1, 2)
    }
    assert len(drawn) == 1
    assert drawn != {b""}


def test_an_encoding_without_lines_gets_ascii(graph, tmp_path):
    (tmp_path / "tiny.py").write_text(PROCESS)
    ended = graph("tiny.py", cwd=tmp_path, encoding="ascii")
    assert ended.returncode == 0, ended.stderr
    assert "+--" in ended.stdout


def test_mermaid_and_dot_are_those_of_the_process_itself(graph):
    from sample_processes.nested_order import build

    built = build()
    process = built.build() if hasattr(built, "build") else built
    for kind, text in (("mermaid", process.to_mermaid()), ("dot", process.to_dot())):
        assert graph("sample_processes/nested_order.py", "--format", kind).stdout == text


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "there is no file"),
        ("def build(:\n", "syntax"),
        ("x = 1\n", "process"),
        ("raise SystemExit(3)\n", "exit"),
    ],
    ids=["missing", "syntax error", "no process", "sys.exit"],
)
def test_a_target_that_cannot_be_loaded_ends_with_code_2(graph, tmp_path, source, message):
    if source is not None:
        (tmp_path / "target.py").write_text(source)
    ended = graph("target.py", cwd=tmp_path)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert "tui/cli" not in ended.stderr


def test_what_a_target_prints_does_not_get_into_the_picture(stepscope, tmp_path):
    (tmp_path / "tiny.py").write_text("print('hello there')\n" + PROCESS)
    ended = stepscope("graph", "tiny.py", "--format", "dot", cwd=tmp_path)
    assert ended.stdout.startswith("digraph")
    assert "hello there" not in ended.stdout


def test_a_recorded_run_is_drawn_without_its_code(recorded, draw):
    code, out, _ = draw(recorded())
    assert code == 0
    assert all(word in out for word in ("Start", "Ask", "Inner", "Tell", "Asked"))


def test_a_recorded_run_is_written_as_mermaid_with_its_nested_process(recorded, draw):
    _, out, _ = draw(recorded(), "--format", "mermaid")
    assert 'subgraph n2 ["Inner"]' in out
    assert '["Tell"]' in out


def test_an_svg_is_an_image_with_the_steps_in_it(recorded, draw):
    _, out, _ = draw(recorded(), "--format", "svg")
    root = ET.fromstring(out)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "Ask" in "".join(root.itertext())


@pytest.mark.parametrize("kind", ["text", "mermaid", "dot", "svg"])
def test_hostile_names_reach_no_output_as_they_are(recorded, draw, kind):
    nodes = (Node(HOSTILE, HOSTILE, StepKind.STEP, (HOSTILE,)),)
    edges = (Edge("r", "", SourceKind.INPUT, "", HOSTILE, HOSTILE, HOSTILE),)
    code, out, _ = draw(recorded(nodes, edges, HOSTILE), "--format", kind)
    assert code == 0
    assert out.replace("\n", "").isprintable()
    if kind == "svg":
        ET.fromstring(out)


@pytest.mark.parametrize(
    "nodes",
    [(Node("", "", StepKind.PROCESS),), (Node("a", "", StepKind.PROCESS),), (Node("a", "b", StepKind.PROCESS),)],
    ids=["no name", "no name of its own", "another name"],
)
@pytest.mark.parametrize("kind", ["text", "mermaid", "dot", "svg"])
def test_a_graph_that_no_process_can_have_is_drawn_or_refused(recorded, draw, nodes, kind):
    code, _, _ = draw(recorded(nodes, ()), "--format", kind)
    assert code in (0, 2)


def test_a_damaged_run_file_is_bad_input(tmp_path, draw):
    (tmp_path / "x.run").write_text("nonsense")
    code, _, err = draw(tmp_path / "x.run")
    assert code == 2
    assert "it is not a run file" in err


def test_zoom_and_direction_are_those_asked_for(recorded, draw):
    path = recorded()
    _, chips, _ = draw(path, "--zoom", "chips", "--direction", "right")
    _, full, _ = draw(path, "--zoom", "full", "--direction", "down")
    assert len(chips.splitlines()) < len(full.splitlines())
    assert "ask()" in full
    assert "ask()" not in chips


def test_the_most_that_fits_the_width_is_drawn():
    chain = [Node(f"Step{n}", f"Step{n}", StepKind.STEP, ("do",)) for n in range(6)]
    edges = [Edge(f"r{n}", "", SourceKind.EVENT, f"Step{n}", f"Event{n}", f"Step{n + 1}") for n in range(5)]

    class Process:
        name, nodes = "P", tuple(chain)

    Process.edges = tuple(edges)
    for width in (30, 60, 200):
        assert fitted(Process, zoom="fit", direction="fit", width=width).width <= width


def test_an_unknown_format_is_refused_with_those_there_are(draw):
    code, _, err = draw("x.py", "--format", "png")
    assert code == 2
    assert "mermaid" in err
