"""The text form of a breakpoint: what is written can be read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process_core.session.protocol.breakpoints import BreakpointSpec
from tui.breakpoints.text import BreakTextError, Names, read_breakpoint, write_breakpoint

NAMES = Names(events=("Approved", "Draft Written", "error", "once"), steps=("Editor", "inner/Step", "my step", "log"))


def read(text):
    return read_breakpoint(text, NAMES)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("Approved", {"event": "Approved"}),
        ("Editor", {"step": "Editor"}),
        ("Editor.decide", {"step": "Editor", "function": "decide"}),
        ("inner/*", {"step": "inner/*"}),
        ("Appr*", {"event": "Appr*"}),
        ("Edit*", {"step": "Edit*"}),
        ("*.OnError emit", {"event": "*.OnError", "when": "emit"}),
        ("step Appr*", {"step": "Appr*"}),
        ("Editor[*]", {"step": "Editor[*]"}),
        ("inner/Step[2] after", {"step": "inner/Step[2]", "when": "after"}),
        ("Editor.decide.OnResult emit", {"event": "Editor.decide.OnResult", "when": "emit"}),
        ("Nothing", {"event": "Nothing"}),
        ("Draft Written once", {"event": "Draft Written", "once": True}),
        ('"two words"', {"event": "two words"}),
        ("route r1", {"route": "r1"}),
        ("function decide after", {"function": "decide", "when": "after"}),
        ("event Approved step Editor", {"event": "Approved", "step": "Editor"}),
        ("warning", {"kind": "warning"}),
        ("warning unused_input", {"kind": "warning", "code": "unused_input"}),
        ("event error", {"event": "error"}),
        ("error ValueError", {"kind": "error", "code": "ValueError"}),
        ("error step inner/*", {"kind": "error", "step": "inner/*"}),
        ("quiescence", {"kind": "quiescence"}),
        ("state Editor", {"kind": "state", "step": "Editor", "state": None}),
        ("state Editor.total", {"kind": "state", "step": "Editor", "state": "total"}),
        ("state Step.total once", {"kind": "state", "step": "inner/Step", "state": "total", "once": True}),
        ("state my step.items[0].price", {"kind": "state", "step": "my step", "state": "items[0].price"}),
        ('state Editor["a b"].c if data > 1', {"step": "Editor", "state": '["a b"].c', "condition": "data > 1"}),
        ("state */Step.total", {"kind": "state", "step": "*/Step", "state": "total"}),
        ('state "Other.step".total', {"kind": "state", "step": "Other.step", "state": "total"}),
        ("Approved emit", {"event": "Approved", "when": "emit"}),
        ("Approved hits %3", {"event": "Approved", "hits": "%3"}),
        ("Approved hits >= 3 once", {"event": "Approved", "hits": ">=3", "once": True}),
        ("Approved hits 2", {"event": "Approved", "hits": "==2"}),
        ("Approved if data.total > 10", {"event": "Approved", "condition": "data.total > 10"}),
        ("Approved if data.log > 1 log {data}", {"event": "Approved", "condition": "data.log > 1", "log": "{data}"}),
        ('Approved if data == " log x" once', {"event": "Approved", "condition": 'data == " log x"', "once": True}),
        ("Approved if (1 if data else 2) > 1 once", {"condition": "(1 if data else 2) > 1", "once": True}),
        ("Approved log once upon a time", {"event": "Approved", "log": "once upon a time"}),
        ("Approved log seen {data} once after", {"log": "seen {data}", "once": True, "when": "after"}),
        ('Approved log "only once" hits ==2', {"log": "only once", "hits": "==2"}),
    ],
)
def test_a_text_is_read(text, fields):
    spec = read(text)
    assert {name: getattr(spec, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "break on what"),
        ("Approved whenever", "'whenever' is not understood"),
        ("Approved hits many", "hits is ==N"),
        ("Approved hits ==0", "hits is ==N"),
        ("Approved if", "if needs a condition"),
        ("Approved if data >", "column"),
        ("Approved if open(data)", "column"),
        ("Approved log", "log needs a text"),
        ("Approved log {data.", "column"),
        ("Approved once once", "given twice"),
        ("Approved after before", "given twice"),
        ("route", "route needs a name"),
        ("state", "state of which step"),
        ('state "open', "no closing"),
        ('"open', "no closing"),
    ],
)
def test_a_text_that_is_no_breakpoint_says_why(text, said):
    with pytest.raises(BreakTextError, match=said.replace(">", ".").replace("{", ".")):
        read(text)


names = st.one_of(
    st.sampled_from([*NAMES.events, *NAMES.steps, "if", "hits", "a b", '"', "error x"]), st.text(min_size=1)
)
conditions = st.sampled_from(["data > 1", "data.x == ' once '", "1 if data else 0", 'event_id == "log" and data[")"]'])
logs = st.one_of(
    st.sampled_from(
        ["x {data}", "once", "x once", "hits ==3", ' "quoted" ', "a after", '"a" b', "{data['once']} hits 2"]
    ),
    st.text(alphabet=st.characters(exclude_characters="{}"), min_size=1).filter(str.strip),
)
places = st.fixed_dictionaries({}, optional={"event": names, "step": names, "function": names, "route": names})
codes = st.fixed_dictionaries({"kind": st.sampled_from(["error", "warning"])}, optional={"code": names, "step": names})
paths = st.sampled_from(["total", "items[0].price", "[-1]", '["a b"].c'])
states = st.fixed_dictionaries({"kind": st.just("state"), "step": names}, optional={"state": paths})
extras = st.fixed_dictionaries(
    {},
    optional={
        "when": st.sampled_from(["before", "after", "emit"]),
        "hits": st.sampled_from(["==1", ">=20", "%3"]),
        "once": st.booleans(),
        "condition": conditions,
        "log": logs,
    },
)


@given(st.one_of(places.filter(bool), codes, states, st.just({"kind": "quiescence"})), extras)
def test_what_is_written_is_read_back_the_same(place, more):
    spec = BreakpointSpec.model_validate({**place, **more})
    assert read(write_breakpoint(spec, NAMES)) == spec


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_with_a_reason(text):
    try:
        spec = read(text)
    except BreakTextError as error:
        said = str(error)
    else:
        said = write_breakpoint(spec, NAMES)
        assert read(said) == spec
    assert said


def test_what_is_written_is_what_one_would_type():
    spec = BreakpointSpec(step="Editor", function="decide", when="after", hits="%2", condition="data > 1", log="{data}")
    assert write_breakpoint(spec, NAMES) == "Editor.decide after hits %2 if data > 1 log {data}"
