"""Processes as Mermaid and Graphviz text."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from process_core.export import to_dot, to_mermaid
from process_core.export.labels import visible
from process_core.graph import (
    FunctionSpec,
    Graph,
    Parameter,
    Route,
    RouteTarget,
    Source,
    SourceKind,
    StepKind,
    StepSpec,
)


def step(name, index=0, *functions, kind=StepKind.STEP, graph=None):
    specs = functions or (FunctionSpec("run", "run"),)
    return StepSpec(name, index, kind, {spec.name: spec for spec in specs}, graph=graph)


def route(index, source, target, *, kind=SourceKind.EVENT, event="Done", function="run", parameter=None, **more):
    end = None if target is None else RouteTarget(target, function, parameter)
    return Route(f"r{index}", index, Source(kind, source, event), end, **more)


def entry(index, event, target, **more):
    return route(index, None, target, kind=SourceKind.INPUT, event=event, **more)


JOIN = FunctionSpec("both", "both", (Parameter("left", int, True), Parameter("right", int, True)))
INNER = Graph("inner", (step("A"),), (entry(0, "go", "A"), route(1, "A", None, event="End")), (), ("go",))
GRAPH = Graph(
    "Orders",
    (
        step("Ask", 0),
        step("Join", 1, JOIN, FunctionSpec("reset", "reset")),
        step("Inner", 2, kind=StepKind.PROCESS, graph=INNER),
        step("Each", 3, kind=StepKind.MAP),
    ),
    (
        entry(0, "start", "Ask"),
        route(1, "Ask", "Join", event="Got", function="both", parameter="left", join=0),
        route(2, "Ask", "Ask", event="Again", condition_text="data.n > 1"),
        route(3, "Ask", "Inner", event="Again", function="go", otherwise=True),
        route(4, "Join", None, kind=SourceKind.STEP_ERROR, event="both.OnError"),
        route(5, None, "Each", kind=SourceKind.PROCESS_ERROR, event="OnError"),
    ),
    (),
    ("start",),
)


def test_a_process_as_mermaid():
    assert to_mermaid(GRAPH).splitlines() == [
        "flowchart TD",
        '    e0(["start"])',
        '    e1(["on error"])',
        '    n2["Ask"]',
        '    n3["Join"]',
        '    subgraph n4 ["Inner"]',
        '        e5(["go"])',
        '        n6["A"]',
        '        s7((("stop")))',
        "    end",
        '    n8[["Each (map)"]]',
        '    s9((("stop")))',
        "    e0 --> n2",
        '    n2 ==>|"Got to both(left)"| n3',
        '    n2 -->|"Again #91;data.n #62; 1#93;"| n2',
        '    n2 -->|"Again #91;otherwise#93;"| n4',
        '    n3 -.->|"both.OnError"| s9',
        "    e1 -.-> n8",
        "    e5 --> n6",
        '    n6 -->|"End"| s7',
    ]


def test_a_process_as_dot():
    assert to_dot(GRAPH).splitlines() == [
        'digraph "Orders" {',
        "    node [shape=box];",
        '    e0 [label="start", shape=oval];',
        '    e1 [label="on error", shape=oval];',
        '    n2 [label="Ask"];',
        '    n3 [label="Join"];',
        "    subgraph cluster_n4 {",
        '        label="Inner";',
        '        n4 [label="Inner", shape=component];',
        '        e5 [label="go", shape=oval];',
        '        n6 [label="A"];',
        '        s7 [label="stop", shape=doublecircle];',
        "    }",
        '    n8 [label="Each (map)", peripheries=2];',
        '    s9 [label="stop", shape=doublecircle];',
        "    e0 -> n2;",
        '    n2 -> n3 [label="Got to both(left)", style=bold];',
        '    n2 -> n2 [label="Again [data.n > 1]"];',
        '    n2 -> n4 [label="Again [otherwise]"];',
        '    n3 -> s9 [label="both.OnError", style=dashed];',
        "    e1 -> n8 [style=dashed];",
        "    e5 -> n6;",
        '    n6 -> s7 [label="End"];',
        "}",
    ]


@pytest.mark.parametrize("draw", [to_mermaid, to_dot])
def test_an_empty_process_is_a_diagram(draw):
    assert len(draw(Graph("empty", (), (), (), ())).splitlines()) < 4


HOSTILE = st.one_of(
    st.text(st.characters(exclude_categories=()), min_size=1, max_size=12),
    st.sampled_from(
        ['"]; evil --> n0', '"', "\\", '\\"', "a\nb", "end", "#quot;", "&quot;", "<b>x</b>", "`x`", "%%{init: {}}%%",
         "__init__", "1. x", "- x", "\\N", "\\", "]", "style:#1;", "\u202e", "\ud800", "click n0 href 'x'", "http://x.y",
         " ", "subgraph", "|", "漢字", "🎉", "x;y", "{}", "-->"]
    ),
)  # fmt: skip


def hostile_graph(names):
    first, second, event, condition = names
    first, second = first.replace("/", "|"), second.replace("/", "|")  # no step is called so: paths are parted by it
    second = second if second != first else second + "2"
    inner = Graph(first, (step(second),), (entry(0, event, second),), (), (event,))
    return Graph(
        condition,
        (step(first, 0), step(second, 1, kind=StepKind.PROCESS, graph=inner)),
        (entry(0, event, first), route(1, first, second, event=event, condition_text=condition, function=event)),
        (),
        (event,),
    )


MERMAID_LINE = re.compile(
    r'flowchart TD| +\w+(\["L"\]|\(\["L"\]\))| +subgraph \w+ \["L"\]| +end| +\w+ --?>(\|"L"\|)? \w+'.replace(
        "L", r"(?:[^\"\x00-\x1f#;]|#\d+;)+"
    )
)
DOT_LABEL = r'"((?:[^"\\\x00-\x1f]|\\["\\])*)"'
DOT_LINE = re.compile(
    r"digraph L \{| +node \[shape=box\];| +\w+ \[label=L(, shape=\w+)?\];| +subgraph \w+ \{| +label=L;| *\}"
    r"| +\w+ -> \w+( \[label=L\])?;".replace("L", DOT_LABEL)
)
STEP = HOSTILE.map(lambda name: name.replace("/", "|"))  # no definition lets a step have what parts its path
NAMES = st.tuples(STEP, STEP, HOSTILE, HOSTILE)


def mermaid_labels(text):
    return [re.sub(r"#(\d+);", lambda m: chr(int(m[1])), label) for label in re.findall(r'"([^"]*)"', text)]


def dot_labels(text):
    return [html.unescape(re.sub(r"\\(.)", r"\1", label)) for label in re.findall(DOT_LABEL, text)]


@settings(max_examples=100)
@given(NAMES)
def test_no_name_breaks_out_of_its_mermaid_label(names):
    text = to_mermaid(hostile_graph(names))
    assert [line for line in text.split("\n")[:-1] if not MERMAID_LINE.fullmatch(line)] == []
    assert len(text.split("\n")) == 11


@settings(max_examples=100)
@given(NAMES)
def test_no_name_breaks_out_of_its_dot_label(names):
    text = to_dot(hostile_graph(names))
    assert [line for line in text.split("\n")[:-1] if not DOT_LINE.fullmatch(line)] == []
    assert len(text.split("\n")) == 15


@settings(max_examples=100)
@given(NAMES)
def test_a_mermaid_label_reads_as_the_name(names):
    assert visible(names[0]) in mermaid_labels(to_mermaid(hostile_graph(names)))


@settings(max_examples=100)
@given(NAMES)
def test_a_dot_label_reads_as_the_name(names):
    assert visible(names[0]) in dot_labels(to_dot(hostile_graph(names)))


@settings(max_examples=100)
@given(NAMES)
def test_a_diagram_can_be_written_to_a_file(names):
    graph = hostile_graph(names)
    assert (to_mermaid(graph) + to_dot(graph)).encode()


@pytest.mark.parametrize("name", ["__init__", "1. x", "`x`", "a*b*c", "http://x.y", "<i>x</i>", "&lt;"])
def test_mermaid_finds_no_markup_in_a_label(name):
    line = to_mermaid(Graph("g", (step(name),), (), (), ())).splitlines()[1]
    assert not re.search(r"[*`<>&:]|__|\. ", line)


@pytest.mark.parametrize(("text", "shown"), [("a\nb", "a<U+000A>b"), ("\u202e", "<U+202E>"), ("é漢", "é漢")])
def test_what_cannot_be_seen_is_spelt_out(text, shown):
    assert visible(text) == shown
