"""The loader of generations: all of what changed, or nothing."""

import gc
import os
import sys
import weakref

import pytest

from process_core.reload import Project, locate_module


class Files:
    """A project on disk, loaded from its target."""

    def __init__(self, folder, files, target="app.py"):
        self.folder = folder
        for name, text in files.items():
            self.write(name, text)
        self.target = target
        self.project = Project(locate_module(folder / target), folder)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def rewrite(self, name, text):
        """Save so that no clock and no size shows it: the same second, the same length."""
        path = self.folder / name
        before = path.stat()
        assert len(text.encode()) == before.st_size
        path.write_text(text)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def load(self, read=lambda module: module):
        return self.project.load(read)

    def reload(self, read=lambda module: module):
        staged = self.project.prepare(read)
        if staged is None:
            return None
        staged.commit()
        return staged.value

    def held(self):
        """Everything that a failed reload must leave as it was."""
        names = sorted(n for n, m in sys.modules.items() if self._is_ours(m))
        return {name: (id(sys.modules[name]), {k: id(v) for k, v in vars(sys.modules[name]).items()}) for name in names}

    def _is_ours(self, module):
        places = [getattr(module, "__file__", None) or "", *map(str, getattr(module, "__path__", ()))]
        return any(place.startswith(str(self.folder)) for place in places)


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    path = list(sys.path)
    made = []

    def make(given, target="app.py"):
        found = Files(tmp_path, given, target)
        made.append(found)
        return found

    yield make
    for each in made:
        each.project.close()
    sys.path[:] = path


def test_an_edit_of_the_target_is_in_force_after_a_reload(files):
    project = files({"app.py": "VALUE = 1"})
    assert project.load().VALUE == 1
    project.write("app.py", "VALUE = 2")
    assert project.reload().VALUE == 2
    assert sys.modules["app"].VALUE == 2


def test_nothing_is_loaded_again_where_no_file_has_changed(files):
    project = files({"app.py": "VALUE = 1"})
    project.load()
    project.write("app.py", "VALUE = 1")
    assert project.reload() is None


@pytest.mark.parametrize("how", ["from rules import LIMIT", "import rules; LIMIT = rules.LIMIT"])
def test_a_constant_taken_from_another_module_is_never_stale(files, how):
    project = files({"app.py": how, "rules.py": "LIMIT = 1"})
    assert project.load().LIMIT == 1
    project.write("rules.py", "LIMIT = 2")
    assert project.reload().LIMIT == 2


@pytest.mark.parametrize("_", range(5))
def test_an_edit_of_the_same_size_in_the_same_second_is_seen_though_bytecode_is_cached(files, _):
    project = files({"app.py": "from rules import LIMIT", "rules.py": "LIMIT = 1"})
    assert project.load().LIMIT == 1
    project.rewrite("rules.py", "LIMIT = 2")
    assert project.reload().LIMIT == 2


def test_a_bytecode_cache_from_before_is_not_believed(files, tmp_path):
    import py_compile

    project = files({"app.py": "from rules import LIMIT", "rules.py": "LIMIT = 1"})
    py_compile.compile(str(tmp_path / "rules.py"))
    project.rewrite("rules.py", "LIMIT = 2")
    assert project.load().LIMIT == 2


def test_a_helper_two_imports_away_brings_its_importers_with_it(files):
    project = files(
        {
            "app.py": "from near import DOUBLE\nimport aside",
            "near.py": "from far import BASE\nDOUBLE = BASE * 2",
            "far.py": "BASE = 1",
            "aside.py": "",
        }
    )
    assert project.load().DOUBLE == 2
    aside = sys.modules["aside"]
    project.write("far.py", "BASE = 5")
    assert project.reload().DOUBLE == 10
    assert sys.modules["aside"] is aside


def test_a_base_class_in_another_module_takes_its_subclasses_along(files):
    project = files(
        {
            "app.py": "from shapes import Square\nSIDES = Square().sides()",
            "shapes.py": "import bases\nclass Square(bases.Shape): pass",
            "bases.py": "class Shape:\n    def sides(self): return 3",
        }
    )
    assert project.load().SIDES == 3
    project.write("bases.py", "class Shape:\n    def sides(self): return 4")
    assert project.reload().SIDES == 4


BROKEN = {
    "a syntax error": "VALUE = (",
    "an exception half-way": "VALUE = 2\nimport extra\nraise ValueError('half-way')",
    "an exit": "import sys\nsys.exit(3)",
    "an import of what is not there": "import nothing_of_this_name",
    "a circular import": "from near import DOUBLE\nBASE = 1",
    "a name that is gone": "OTHER = 1",
    "a rebound module": "import sys\nsys.modules['aside'] = None\nraise ValueError",
    "a package attribute": "import pack\npack.inner = 1\npack.more = 2\nraise ValueError",
    "bytes that are no text": "VALUE = '\udc80'",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_whatever_a_save_raises_everything_is_put_back_exactly(files, text):
    project = files(
        {
            "app.py": "import aside\nimport pack.inner\nfrom near import DOUBLE",
            "near.py": "from far import BASE\nDOUBLE = BASE * 2",
            "far.py": "BASE = 1",
            "extra.py": "",
            "aside.py": "",
            "pack/__init__.py": "",
            "pack/inner.py": "",
        }
    )
    project.load()
    before, path = project.held(), list(sys.path)
    (project.folder / "far.py").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BaseException):  # noqa: B017 - the user's code raises what it likes
        project.reload()
    assert project.held() == before
    assert sys.path == path


def test_a_result_that_cannot_be_made_of_the_module_puts_everything_back_too(files):
    project = files({"app.py": "VALUE = 1"})
    project.load()
    before = project.held()
    project.write("app.py", "VALUE = 2")
    with pytest.raises(ZeroDivisionError):
        project.reload(lambda module: 1 / 0)
    assert project.held() == before


def test_the_next_good_save_takes_in_every_edit_that_was_waiting(files):
    project = files({"app.py": "from a import A\nfrom b import B", "a.py": "A = 1", "b.py": "B = 1"})
    project.load()
    project.write("a.py", "A = 2")
    project.write("b.py", "B = (")
    with pytest.raises(SyntaxError):
        project.reload()
    project.write("b.py", "B = 2")
    module = project.reload()
    assert (module.A, module.B) == (2, 2)


def test_a_generation_that_is_staged_changes_nothing_until_it_is_put_in_force(files):
    project = files({"app.py": "from rules import LIMIT", "rules.py": "LIMIT = 1"})
    project.load()
    before = project.held()
    project.write("rules.py", "LIMIT = 2")
    staged = project.project.prepare(lambda module: module)
    assert project.held() == before
    staged.commit()
    assert sys.modules["app"].LIMIT == sys.modules["rules"].LIMIT == 2


def test_a_generation_put_in_force_can_be_taken_back_whole(files):
    project = files({"app.py": "import pack.rules", "pack/__init__.py": "", "pack/rules.py": "LIMIT = 1"})
    project.load()
    before = project.held()
    project.write("pack/rules.py", "LIMIT = 2")
    undo = project.project.prepare(lambda module: module).commit()
    assert sys.modules["pack"].rules.LIMIT == 2
    undo()
    assert project.held() == before
    assert project.reload().pack.rules.LIMIT == 2


def test_a_deleted_module_that_is_still_imported_is_refused(files):
    project = files({"app.py": "import pricing", "pricing.py": ""})
    project.load()
    before = project.held()
    (project.folder / "pricing.py").unlink()
    with pytest.raises(ModuleNotFoundError, match="pricing"):
        project.reload()
    assert project.held() == before


def test_a_module_that_was_renamed_with_its_import_is_found_under_the_new_name_only(files):
    project = files({"app.py": "from rules import LIMIT", "rules.py": "LIMIT = 1"})
    project.load()
    (project.folder / "rules.py").rename(project.folder / "limits.py")
    project.write("app.py", "from limits import LIMIT")
    assert project.reload().LIMIT == 1
    assert "rules" not in sys.modules
    assert "limits" in sys.modules


def test_a_target_file_that_is_gone_is_refused(files):
    project = files({"app.py": "VALUE = 1"})
    project.load()
    (project.folder / "app.py").unlink()
    with pytest.raises(FileNotFoundError):
        project.reload()
    assert sys.modules["app"].VALUE == 1


def test_an_editor_that_saves_by_renaming_is_seen(files):
    project = files({"app.py": "VALUE = 1"})
    project.load()
    project.write("app.py.tmp", "VALUE = 2")
    (project.folder / "app.py.tmp").replace(project.folder / "app.py")
    assert project.reload().VALUE == 2


def test_a_package_init_is_loaded_again_and_keeps_its_modules(files):
    project = files(
        {
            "pack/__init__.py": "LIMIT = 1",
            "pack/app.py": "from pack import LIMIT\nfrom pack import other",
            "pack/other.py": "VALUE = 7",
        },
        target="pack/app.py",
    )
    assert project.load().LIMIT == 1
    project.write("pack/__init__.py", "LIMIT = 2")
    module = project.reload()
    assert module.LIMIT == 2
    assert sys.modules["pack"].app is module
    assert sys.modules["pack"].other.VALUE == 7


def test_a_folder_that_was_imported_as_a_package_and_gets_its_init_is_loaded_again(files):
    project = files({"app.py": "def value():\n    import pack\n    return pack.VALUE", "pack/unused.txt": ""})
    module = project.load()
    with pytest.raises(AttributeError, match="VALUE"):
        module.value()
    assert project.folder / "pack" in project.project.folders()
    project.write("pack/__init__.py", "VALUE = 1")
    assert project.reload().value() == 1


def test_an_edit_inside_a_package_leaves_the_package_and_its_other_modules_as_they_are(files):
    project = files(
        {
            "pack/__init__.py": "",
            "pack/app.py": "from pack.rules import LIMIT\nimport pack.other",
            "pack/rules.py": "LIMIT = 1",
            "pack/other.py": "",
        },
        target="pack/app.py",
    )
    project.load()
    kept = sys.modules["pack"], sys.modules["pack.other"]
    project.write("pack/rules.py", "LIMIT = 2")
    assert project.reload().LIMIT == 2
    assert (sys.modules["pack"], sys.modules["pack.other"]) == kept


def test_relative_imports_and_attributes_of_packages_are_followed(files):
    project = files(
        {
            "pack/__init__.py": "from . import rules",
            "pack/app.py": "import pack\nLIMIT = pack.rules.LIMIT",
            "pack/rules.py": "from .base import LIMIT",
            "pack/base.py": "LIMIT = 1",
        },
        target="pack/app.py",
    )
    assert project.load().LIMIT == 1
    project.write("pack/base.py", "LIMIT = 2")
    assert project.reload().LIMIT == 2


def test_a_module_in_a_folder_without_init_is_reloaded(files):
    project = files({"app.py": "from space.rules import LIMIT", "space/rules.py": "LIMIT = 1"})
    assert project.load().LIMIT == 1
    project.write("space/rules.py", "LIMIT = 2")
    assert project.reload().LIMIT == 2


def test_a_module_that_could_not_be_imported_counts_as_soon_as_it_is_there(files):
    project = files({"app.py": "try:\n    from extra import VALUE\nexcept ImportError:\n    VALUE = 1"})
    assert project.load().VALUE == 1
    project.write("extra.py", "VALUE = 2")
    assert project.reload().VALUE == 2


def test_a_module_imported_by_name_only_is_followed(files):
    project = files(
        {"app.py": "import importlib\nVALUE = importlib.import_module('ru' + 'les').VALUE", "rules.py": "VALUE = 1"}
    )
    assert project.load().VALUE == 1
    project.write("rules.py", "VALUE = 2")
    assert project.reload().VALUE == 2


def test_a_module_imported_inside_a_function_is_refused_in_time_where_it_is_broken(files):
    project = files({"app.py": "def value():\n    from late import VALUE\n    return VALUE", "late.py": "VALUE = 1"})
    assert project.load().value() == 1
    project.write("late.py", "VALUE = (")
    with pytest.raises(SyntaxError):
        project.reload()
    assert sys.modules["app"].value() == 1
    project.write("late.py", "VALUE = 2")
    assert project.reload().value() == 2


def test_modules_outside_the_project_are_left_alone(files):
    import json

    project = files({"app.py": "import json\nVALUE = 1"})
    project.load()
    project.write("app.py", "import json\nVALUE = 2")
    assert project.reload().json is json


def test_a_traceback_quotes_the_source_that_runs_whatever_is_on_disk(files):
    import traceback

    project = files({"app.py": "def fail():\n    raise ValueError('old')"})
    module = project.load()
    project.write("app.py", "# a comment\n# another\n(")
    with pytest.raises(SyntaxError):
        project.reload()
    with pytest.raises(ValueError, match="old") as caught:
        module.fail()
    assert "raise ValueError('old')" in "".join(traceback.format_exception(caught.value))


def test_old_generations_are_freed(files):
    project = files({"app.py": "import rules\nclass A(rules.B): pass", "rules.py": "class B: pass"})
    project.load()
    old = [weakref.ref(sys.modules["app"].A), weakref.ref(sys.modules["rules"].B)]
    for number in range(3):
        project.write("rules.py", f"class B: number = {number}")
        project.reload()
    gc.collect()
    assert [ref() for ref in old] == [None, None]


def test_a_closed_project_leaves_no_package_behind_that_had_no_source_and_held_nothing(files):
    project = files({"app.py": "import bare_space", "bare_space/unused.txt": ""})
    project.load()
    assert "bare_space" in sys.modules
    project.project.close()
    assert "bare_space" not in sys.modules


# Two projects in one interpreter.


def two(tmp_path):
    """Load two projects whose modules have the same names."""
    made = []
    for name in ("one", "two"):
        files = {"app.py": "import helper\nVALUE = helper.VALUE", "helper.py": f"VALUE = '{name}'"}
        made.append(Files(tmp_path / name, files))
        made[-1].loaded = made[-1].load()
    return made


def test_a_second_project_gets_its_own_modules_of_the_same_names_and_sees_its_own_edits(tmp_path):
    one, second = two(tmp_path)
    assert (one.loaded.VALUE, second.loaded.VALUE) == ("one", "two")
    second.write("helper.py", "VALUE = 'edited'")
    assert second.reload().VALUE == "edited"
    one.write("helper.py", "VALUE = 'also edited'")
    assert one.reload().VALUE == "also edited"
    assert second.reload() is None
    assert sys.modules["helper"].VALUE == "edited"
    second.project.close()
    assert "helper" not in sys.modules


def test_a_second_project_that_cannot_be_loaded_leaves_the_first_in_place(tmp_path):
    first = Files(tmp_path / "one", {"app.py": "import helper\nVALUE = helper.VALUE", "helper.py": "VALUE = 1"})
    first.load()
    broken = Files(tmp_path / "two", {"app.py": "import helper\n1 / 0", "helper.py": "VALUE = 2"})
    with pytest.raises(ZeroDivisionError):
        broken.load()
    assert sys.modules["helper"].VALUE == 1
    first.write("helper.py", "VALUE = 3")
    assert first.reload().VALUE == 3


def test_a_generation_that_was_staged_while_another_project_took_over_still_comes_into_force(tmp_path):
    one, second = two(tmp_path)
    one.write("helper.py", "VALUE = 'edited'")
    staged = one.project.prepare(lambda module: module)
    second.write("helper.py", "VALUE = 'second'")
    second.reload()
    undo = staged.commit()
    assert sys.modules["helper"].VALUE == "edited"
    undo()
    assert sys.modules["helper"].VALUE == "one"
