import asyncio
import os
import sys
import typing
from textwrap import dedent

import pytest
from rich.cells import cell_len

from process_core.process import Process
from process_core.session.worker.target import load_target
from process_core.session.worker.target_error import TargetError, from_exception

GOOD = """
from process_core import ProcessBuilder, Step, function

class Greet(Step):
    @function
    def hello(self, name: str) -> str:
        return name

def build():
    process = ProcessBuilder("Greeter")
    greet = process.add_step(Greet)
    process.on_input_event("Go").send_event_to(greet)
    return process.build()
"""


@pytest.fixture(autouse=True)
def unchanged_imports():
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if not name.startswith("process_core"):
            del sys.modules[name]


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return write


def refusal(target, cwd):
    with pytest.raises(TargetError) as caught:
        load_target(target, cwd)
    return caught.value


# --- what is found


def test_a_file_without_attribute_gives_what_its_build_function_returns(write, tmp_path):
    write("greeter.py", GOOD)
    process = load_target("greeter.py", tmp_path)
    assert isinstance(process, Process)
    assert process.name == "Greeter"


def test_the_name_of_a_file_may_hold_a_colon(write, tmp_path):
    write("a:b.py", GOOD)
    for target in ("a:b.py", "a:b.py:build", "./a:b.py"):
        assert load_target(target, tmp_path).name == "Greeter"


def test_a_script_that_runs_itself_when_it_is_loaded_says_what_to_do(write, tmp_path):
    write("script.py", "import asyncio\nasync def main(): ...\nm = main()\ntry: asyncio.run(m)\nfinally: m.close()")

    async def load():
        return refusal("script.py", tmp_path)

    refused = asyncio.run(load())
    assert refused.code == "import_error"
    assert "put what runs it under `if __name__ == '__main__':`" in refused.message


def test_an_attribute_may_be_a_process_a_builder_or_a_function(write, tmp_path):
    write("greeter.py", GOOD + "\nready = build()\ndef make():\n    return build()\nclass Box:\n    inner = ready\n")
    names = {load_target(f"greeter.py:{name}", tmp_path).name for name in ("ready", "make", "build", "Box.inner")}
    assert names == {"Greeter"}


def test_a_builder_is_built(write, tmp_path):
    text = GOOD.replace("return process.build()", "return process") + "\nbuilder = build()\ndel build\n"
    write("greeter.py", text)
    assert load_target("greeter.py", tmp_path).name == "Greeter"


def test_the_only_process_is_found_whatever_its_name(write, tmp_path):
    write("greeter.py", GOOD.replace("def build", "def _make") + "\nflow = alias = _make()\n")
    assert load_target("greeter.py", tmp_path).name == "Greeter"


def test_the_only_build_function_is_found_by_its_prefix(write, tmp_path):
    write("greeter.py", GOOD.replace("def build", "def build_greeter"))
    assert load_target("greeter.py", tmp_path).name == "Greeter"


def test_a_module_is_found_from_the_working_folder(write, tmp_path):
    write("shop/__init__.py", "")
    write("shop/flows/greeter.py", GOOD)
    assert load_target("shop.flows.greeter:build", tmp_path).name == "Greeter"


def test_a_file_in_a_package_may_import_relatively(write, tmp_path):
    write("shop/__init__.py", "")
    write("shop/names.py", "NAME = 'Shop'\n")
    write("shop/greeter.py", "from .names import NAME\n" + GOOD.replace('"Greeter"', "NAME"))
    assert load_target(str(tmp_path / "shop" / "greeter.py"), "/").name == "Shop"
    assert sys.modules["shop"].greeter is sys.modules["shop.greeter"]


def test_a_file_may_import_what_lies_beside_it(write, tmp_path):
    write("deep/beside_greeter.py", "NAME = 'Beside'\n")
    write("deep/greeter.py", "from beside_greeter import NAME\n" + GOOD.replace('"Greeter"', "NAME"))
    assert load_target("deep/greeter.py", tmp_path).name == "Beside"


def test_annotations_of_the_file_can_be_resolved(write, tmp_path):
    text = """
    from __future__ import annotations
    from pydantic import BaseModel
    from process_core import ProcessBuilder, Step, function

    class Order(BaseModel):
        lines: list[Line]

    class Line(BaseModel):
        price: float

    class Take(Step):
        @function
        def take(self, order: Order) -> None: ...

    process = ProcessBuilder("Shop")
    process.on_input_event("Go").send_event_to(process.add_step(Take))
    """
    write("my-orders 2.py", text)
    spec = load_target("my-orders 2.py", tmp_path).graph.step("Take").functions["take"]
    order = spec.parameters[0].annotation
    assert typing.get_type_hints(order)["lines"]
    assert sys.modules[order.__module__].Order is order


def test_a_name_of_the_standard_library_does_not_replace_it(write, tmp_path):
    import json

    write("json.py", GOOD)
    assert load_target("json.py", tmp_path).name == "Greeter"
    assert sys.modules["json"] is json


def test_two_files_of_the_same_name_do_not_get_mixed_up(write, tmp_path):
    write("a/flow.py", GOOD.replace("Greeter", "A") + "\nimport flow_helper\n")
    write("a/flow_helper.py", "")
    write("b/flow.py", GOOD.replace('"Greeter"', "flow_helper.NAME").replace("from", "import flow_helper\nfrom", 1))
    write("b/flow_helper.py", "NAME = 'B'")
    names = [load_target(f"{folder}/flow.py", tmp_path).name for folder in "aba"]
    assert names == ["A", "B", "A"]


def test_an_edit_within_the_same_second_and_size_is_seen(write, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = write("greeter.py", GOOD)
    os.utime(path, (1, 1))
    load_target("greeter.py", tmp_path)
    path.write_text(GOOD.replace("Greeter", "Greeted"))
    os.utime(path, (1, 1))
    assert load_target("greeter.py", tmp_path).name == "Greeted"


def test_a_latin_1_file_with_its_encoding_declared_is_read(tmp_path):
    text = "# -*- coding: latin-1 -*-\n" + GOOD.replace("Greeter", "Grüße")
    (tmp_path / "greeter.py").write_bytes(text.encode("latin-1"))
    assert load_target("greeter.py", tmp_path).name == "Grüße"


# --- what is refused


def test_a_missing_file_is_refused_with_a_near_name(write, tmp_path):
    write("chatbot.py", GOOD)
    error = refusal("chatbto.py", tmp_path)
    assert error.code == "missing_file"
    assert "did you mean 'chatbot.py'" in error.message


def test_a_missing_folder_is_named(tmp_path):
    error = refusal("nowhere/chatbot.py", tmp_path)
    assert error.code == "missing_file"
    assert "no folder nowhere" in error.message


def test_a_missing_module_is_refused_with_a_near_name(write, tmp_path):
    write("chatbot.py", GOOD)
    error = refusal("chatbott:build", tmp_path)
    assert error.code == "missing_file"
    assert "did you mean 'chatbot'" in error.message


def test_a_module_in_a_missing_package_is_refused(tmp_path):
    assert refusal("no_such_package.flow", tmp_path).code == "missing_file"


def test_a_folder_is_refused_with_what_is_in_it(write, tmp_path):
    write("flows/a.py", "")
    error = refusal("flows", tmp_path)
    assert error.code == "is_folder"
    assert "a.py" in error.message


def test_a_file_that_is_not_python_is_refused(write, tmp_path):
    write("notes.txt", "hello")
    assert refusal("notes.txt", tmp_path).code == "not_python"


def test_a_run_file_is_refused_with_the_command_for_it(write, tmp_path):
    write("x.run", "")
    assert "stepscope open x.run" in refusal("x.run", tmp_path).message


@pytest.mark.parametrize("target", ["", ":build", "a.py:not an attribute", "\0.py"])
def test_what_is_no_target_at_all_is_refused(tmp_path, target):
    assert refusal(target, tmp_path).code == "bad_target"


def test_a_syntax_error_is_shown_with_line_column_and_caret(write, tmp_path):
    write("broken.py", "x = 1\nif True\n    y = (\n")
    error = refusal("broken.py", tmp_path)
    assert error.code == "syntax_error"
    assert "broken.py, line 2, column 8" in error.message
    assert error.message.splitlines()[1:] == ["    if True", "           ^"]


@pytest.mark.parametrize("content", [b"x = 1\0", b"x = '\xff'", b"\t\tx\n y\n"])
def test_bytes_that_are_no_source_are_a_syntax_error(tmp_path, content):
    (tmp_path / "broken.py").write_bytes(content)
    assert refusal("broken.py", tmp_path).code == "syntax_error"


def test_a_syntax_error_in_an_imported_file_names_that_file(write, tmp_path):
    write("helper_broken.py", "def (:\n")
    write("greeter.py", "import helper_broken\n")
    error = refusal("greeter.py", tmp_path)
    assert error.code == "syntax_error"
    assert "helper_broken.py, line 1" in error.message


def test_an_exception_on_import_is_reported_with_the_users_frames_only(write, tmp_path):
    write("helper_bad.py", "def fail():\n    raise ValueError('no luck')\n")
    write("greeter.py", "import helper_bad\nhelper_bad.fail()\n")
    error = refusal("greeter.py", tmp_path)
    assert error.code == "import_error"
    assert "ValueError: no luck" in error.message
    assert "greeter.py" in error.traceback
    assert "helper_bad.py" in error.traceback
    assert "process_core" not in error.traceback
    assert "importlib" not in error.traceback


def test_sys_exit_on_import_is_reported(write, tmp_path):
    write("greeter.py", "import sys\nsys.exit(3)\n")
    error = refusal("greeter.py", tmp_path)
    assert error.code == "import_error"
    assert "sys.exit(3)" in error.message


def test_a_missing_dependency_is_named(write, tmp_path):
    write("greeter.py", "import no_such_dependency\n")
    error = refusal("greeter.py", tmp_path)
    assert error.code == "import_error"
    assert "'no_such_dependency'" in error.message


def test_an_exception_whose_text_raises_is_reported_all_the_same(write, tmp_path):
    write("greeter.py", "class Bad(Exception):\n    def __str__(self): raise KeyError\nraise Bad\n")
    assert "Bad" in refusal("greeter.py", tmp_path).message


def test_a_failed_import_leaves_nothing_behind(write, tmp_path):
    write("helper_fine.py", "")
    write("greeter.py", "import helper_fine\n1 / 0\n")
    path = list(sys.path)
    refusal("greeter.py", tmp_path)
    assert {"greeter", "helper_fine"}.isdisjoint(sys.modules)
    assert sys.path == path


def test_a_missing_attribute_is_refused_with_a_near_name(write, tmp_path):
    write("greeter.py", GOOD)
    error = refusal("greeter.py:biuld", tmp_path)
    assert error.code == "missing_attribute"
    assert "did you mean 'build'" in error.message


def test_an_attribute_that_is_no_process_is_refused(write, tmp_path):
    write("greeter.py", GOOD + "\nanswer = 42\n")
    error = refusal("greeter.py:answer", tmp_path)
    assert error.code == "not_a_process"
    assert "of type int" in error.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def build(x): ...", "needs arguments"),
        ("async def build(): ...", "coroutine function"),
        ("def build(): ...", "does the function return it"),
        ("def build():\n    async def inner(): ...\n    return inner()", "of type coroutine"),
        ("class build: ...", "the class build"),
    ],
)
def test_what_cannot_give_a_process_is_refused_with_the_reason(write, tmp_path, text, said):
    write("greeter.py", text + "\n")
    error = refusal("greeter.py:build", tmp_path)
    assert error.code == "not_a_process"
    assert said in error.message


def test_several_processes_are_refused_with_the_choices(write, tmp_path):
    write("greeter.py", GOOD.replace("def build", "def _make") + "\none = _make()\ntwo = _make()\n")
    error = refusal("greeter.py", tmp_path)
    assert error.code == "ambiguous"
    assert "greeter.py:one, greeter.py:two" in error.message


def test_a_file_without_process_is_refused_with_its_functions(write, tmp_path):
    write("greeter.py", "def compute(): ...\n")
    error = refusal("greeter.py", tmp_path)
    assert error.code == "not_a_process"
    assert "compute" in error.message


def test_an_exception_while_building_is_reported(write, tmp_path):
    write("greeter.py", "def build():\n    return {}['missing']\n")
    error = refusal("greeter.py", tmp_path)
    assert error.code == "import_error"
    assert "building greeter.py:build raised KeyError" in error.message
    assert "process_core" not in error.traceback


def test_a_definition_with_five_problems_lists_all_five(write, tmp_path):
    text = """
    from process_core import ProcessBuilder, Step, Target, function

    class A(Step):
        @function
        def one(self, text: str) -> str: ...

    class B(Step):
        @function
        def left(self, x: int): ...
        @function
        def right(self, y: int): ...

    builder = ProcessBuilder("Broken")
    a = builder.add_step(A)
    b = builder.add_step(B)
    builder.on_input_event("Go").send_event_to(a, parameter="txet")
    a.on_event("E1").send_event_to(b)
    a.on_event("E2").send_event_to(Target("Bee", "left", "x"))
    a.on_event("E3").send_event_to(b, function="lefft")
    a.on_event("E4").send_event_to(b, function="right", parameter="z")
    """
    write("broken.py", text)
    error = refusal("broken.py", tmp_path)
    assert error.code == "definition"
    assert len(error.problems) >= 5
    assert f"{len(error.problems)} problems" in error.message


def test_a_build_function_that_needs_arguments_is_reported_with_them(write, tmp_path):
    write("greeter.py", "def build(size, colour='red'): ...\n")
    error = refusal("greeter.py", tmp_path)
    assert error.code == "not_a_process"
    assert "greeter.py:build(size, colour='red') needs arguments" in error.message


def test_a_syntax_error_of_the_target_is_reported_once(write, tmp_path):
    write("broken.py", "def build(:\n")
    assert refusal("broken.py", tmp_path).traceback is None


def test_a_syntax_error_of_an_imported_file_comes_with_the_way_there(write, tmp_path):
    write("broken.py", "def build(:\n")
    write("target.py", "import broken\n")
    assert "import broken" in refusal("target.py", tmp_path).traceback


def test_the_caret_of_a_syntax_error_stands_below_its_place_in_wide_text():
    try:
        compile("漢字e\u0301 = '\u200b' )", "wide.py", "exec")
    except SyntaxError as raised:
        error = raised
    _, source, caret = from_exception(error, "loading wide.py").message.split("\n")
    assert source == "    漢字e\u0301 = '\ufffd' )"
    assert cell_len(caret) == cell_len(source)
