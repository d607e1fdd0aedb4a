"""Random edits of a random project: after each, what is in force is what a fresh interpreter would have loaded."""

import json
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from process_core.reload import Project, locate_module

NAMES = ("m0", "m1", "m2", "pk", "pk.a", "pk.b")

# Forks for every question: a fresh interpreter at a hundredth of the price.
FRESH = """
import importlib, json, os, sys
for line in sys.stdin:
    folder, name = json.loads(line)
    sys.stdout.flush()
    if os.fork() == 0:
        sys.dont_write_bytecode = True
        sys.path.insert(0, folder)
        try:
            module = importlib.import_module(name)
            told = json.dumps({"value": module.describe() if name == "app" else None})
        except BaseException as error:
            told = json.dumps({"error": type(error).__name__})
        print(told, flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def fresh():
    process = subprocess.Popen([sys.executable, "-c", FRESH], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(folder, name="app"):
        process.stdin.write(f"{json.dumps([str(folder), name])}\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield ask
    process.stdin.close()
    process.wait()
    process.stdout.close()


bodies = st.fixed_dictionaries(
    {
        "value": st.integers(0, 9),
        "fault": st.sampled_from([None] * 9 + ["x = (", "raise ValueError", "import sys; sys.exit(1)"]),
        "imports": st.lists(
            st.tuples(st.sampled_from(["from", "import", "relative", "late", "base"]), st.sampled_from(NAMES)),
            max_size=2,
        ),
    }
)
edits = st.tuples(st.sampled_from(NAMES), st.one_of(bodies, bodies, bodies, st.none()))
apps = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)


def source(name, body):
    lines = [f"VALUE = {body['value']}", "PARTS = [VALUE]", "class Base:", "    kind = VALUE", "LATE = []"]
    for number, (how, other) in enumerate(body["imports"]):
        if other == name:
            continue
        leaf = other.rpartition(".")[2]
        match how:
            case "from":
                lines += [f"from {other} import PARTS as parts_{number}", f"PARTS.append(parts_{number})"]
            case "import":
                lines += [f"import {other}", f"PARTS.append({other}.PARTS)"]
            case "base":
                lines += [f"import {other}", f"class Derived({other}.Base): pass", "PARTS.append(Derived.kind)"]
            case "relative" if name.startswith("pk.") and other.startswith("pk."):
                lines += [f"from . import {leaf} as near_{number}", f"PARTS.append(near_{number}.VALUE)"]
            case _:
                lines += [f"def late_{number}():", f"    import {other}", f"    return {other}.PARTS"]
                lines += [f"LATE.append(late_{number})"]
    if body["fault"]:
        lines.append(body["fault"])
    return "\n".join(lines) + "\n"


APP = """
{imports}
HELD = [{held}]
def describe():
    late = [[call() for call in module.LATE] for module in ({modules},)]
    return [HELD, late]
"""


def app_source(names):
    return APP.format(
        imports="\n".join(f"import {name}" for name in names),
        held=", ".join(f"{name}.PARTS" for name in names),
        modules=", ".join(names),
    )


def path_of(folder, name):
    return folder / "pk" / "__init__.py" if name == "pk" else folder / (name.replace(".", "/") + ".py")


def put(folder, name, body):
    path = path_of(folder, name)
    if body is None:
        path.unlink(missing_ok=True)
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text(source(name, body))


def module_of(folder, error):
    """Return the module whose import ended in an error."""
    files = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        files.append(Path(error.filename))
    last = [file for file in files if file.is_relative_to(folder)][-1]
    return ".".join(last.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")


def told(call):
    try:
        return {"value": json.loads(json.dumps(call()))}
    except BaseException as error:
        return {"error": type(error).__name__}


def check(fresh, first, names, changes):
    before_path = list(sys.path)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        for name, body in zip(NAMES, first, strict=True):
            put(folder, name, body)
        (folder / "app.py").write_text(app_source(names))
        assume("value" in fresh(folder))
        project = Project(locate_module(folder / "app.py"), folder)
        try:
            project.load(lambda module: module)
            shown = told(sys.modules["app"].describe)
            assert shown == fresh(folder)
            for name, body in changes:
                put(folder, name, body)
                wanted = fresh(folder)
                try:
                    staged = project.prepare(lambda module: module)
                except BaseException as error:
                    refused = error
                else:
                    refused = None
                if refused is not None:
                    # What a function may import is loaded as well; that it cannot be is known at once, not in the call.
                    assert "error" in wanted or "error" in fresh(folder, module_of(folder, refused))
                    if "value" in shown:
                        assert told(sys.modules["app"].describe) == shown
                    continue
                if staged is not None:
                    staged.commit()
                shown = told(sys.modules["app"].describe)
                assert ("error" in shown) == ("error" in wanted)
                if "value" in shown:
                    assert shown == wanted
        finally:
            project.close()
            sys.path[:] = before_path


random_projects = given(
    st.lists(bodies, min_size=len(NAMES), max_size=len(NAMES)), apps, st.lists(edits, min_size=1, max_size=5)
)
quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture]


@settings(max_examples=10, deadline=None, suppress_health_check=quiet)
@random_projects
def test_after_random_edits_what_is_in_force_is_what_a_fresh_interpreter_loads(fresh, first, names, changes):
    check(fresh, first, names, changes)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=1000, deadline=None, suppress_health_check=quiet)
@random_projects
def test_after_a_thousand_random_projects_were_edited_what_is_in_force_is_what_a_fresh_interpreter_loads(
    fresh, first, names, changes
):
    check(fresh, first, names, changes)
