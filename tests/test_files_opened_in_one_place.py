"""Nothing but `process_core/safe_files.py` opens a file for writing, makes a folder, or lets SQLite open one."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
THE_PLACE = ROOT / "process_core" / "safe_files.py"
BY_METHOD = {"write_text", "write_bytes", "touch", "mkdir", "symlink_to", "hardlink_to", "mkfifo"}
OF_MODULES = {
    "os": {"mkdir", "makedirs", "link", "symlink", "mkfifo", "mknod", "truncate"},
    "shutil": {"copy", "copy2", "copyfile", "copytree", "move"},
    # Folders of its own with names that nobody can know are safe; files go through the one place.
    "tempfile": {"mkstemp", "TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mktemp"},
}


def writes_a_file(call):
    """Whether a call opens a path for writing, or makes something of that name."""
    match call.func:
        case ast.Name(id="open"):
            is_descriptor = bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value in (1, 2)
            return not is_descriptor and not only_reads(call, 1)
        case ast.Attribute(value=ast.Name(id="os"), attr="open"):
            is_null = ast.unparse(call.args[0]) == "os.devnull"
            return not is_null and "O_WRONLY" in ast.unparse(call) + "O_WRONLY" * ("O_RDONLY" not in ast.unparse(call))
        case ast.Attribute(value=ast.Name(id="io"), attr="open"):
            return not only_reads(call, 1)
        case ast.Attribute(value=ast.Name(id="sqlite3"), attr="connect"):
            return ast.unparse(call.args[0]) != "':memory:'"
        case ast.Attribute(value=ast.Name(id=module), attr=name) if name in OF_MODULES.get(module, ()):
            return True
        case ast.Attribute(attr="open"):
            return not only_reads(call, 0)
        case ast.Attribute(attr=name):
            return name in BY_METHOD
    return False


def only_reads(call, place):
    """Whether a call of an `open` names no mode that writes; methods of other things called `open` take no mode."""
    modes = [keyword.value for keyword in call.keywords if keyword.arg == "mode"] + call.args[place : place + 1]
    texts = [mode.value for mode in modes if isinstance(mode, ast.Constant) and isinstance(mode.value, str)]
    return not any(set(text) <= set("rwaxbt+") and set(text) & set("wax+") for text in texts)


def found_in(source):
    return [node.lineno for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and writes_a_file(node)]


def test_nothing_else_opens_files_for_writing():
    files = [file for package in ("process_core", "tui") for file in (ROOT / package).rglob("*.py")]
    found = [
        f"{file.relative_to(ROOT)}:{line}" for file in files if file != THE_PLACE for line in found_in(file.read_text())
    ]
    assert found == []
    assert len(found_in(THE_PLACE.read_text())) > 3


@pytest.mark.parametrize(
    "source",
    [
        "open(path, 'w')",
        "open(path, mode='ab')",
        "path.open('x')",
        "path.open(mode='r+')",
        "io.open(path, 'w')",
        "os.open(path, os.O_RDWR | os.O_CREAT)",
        "path.write_text('x')",
        "path.parent.mkdir(parents=True)",
        "os.makedirs(path)",
        "tempfile.NamedTemporaryFile(dir=path)",
        "shutil.copy(path, other)",
        "sqlite3.connect(path)",
    ],
)
def test_the_check_finds_what_writes(source):
    assert found_in(source) == [1]


@pytest.mark.parametrize(
    "source",
    [
        "open(path)",
        "open(path, 'rb')",
        "path.open()",
        "os.open(os.devnull, os.O_WRONLY)",
        "os.open(path, os.O_RDONLY)",
        "session.open(cwd=path)",
        "line.open(LineKind.COMMAND, 'wax')",
        "open(1, 'w', closefd=False)",
        "path.read_text()",
        "tempfile.mkdtemp()",
        "sqlite3.connect(':memory:')",
    ],
)
def test_the_check_leaves_what_reads_alone(source):
    assert found_in(source) == []
