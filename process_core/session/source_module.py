"""Runs a user's module from its source, whatever a bytecode cache says, and forgets it again where that fails."""

import difflib
import importlib
import importlib.util
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from process_core.session.target_error import TargetError, from_exception

_fresh: set[str] = set()  # names of the modules that the last load brought in; the next load starts without them


@dataclass(frozen=True, slots=True)
class Place:
    """Where a module is and what it is called.

    Attributes:
        root: The folder that imports start from.
        name: The module's full name.
        file: Its source, or None where only the import system knows.
    """

    root: Path
    name: str
    file: Path | None = None


class _FromSource(SourceFileLoader):
    """Compiles from source always: a cache misses an edit of the same size in the same second."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def place_of(file: Path) -> Place:
    """Settle the import root and the name of a source file.

    Args:
        file: An existing file, absolute.

    Returns:
        For a file in a package the package's own name for it, else the file's stem.
    """
    folder = file.parent
    parts = [] if file.stem == "__init__" else [file.stem]
    while (folder / "__init__.py").is_file() and folder.name.isidentifier() and folder != folder.parent:
        parts.insert(0, folder.name)
        folder = folder.parent
    if len(parts) > 1 or file.stem == "__init__":
        return Place(folder, ".".join(parts), file)
    name = re.sub(r"\W", "_", file.stem)
    if not name.isidentifier() or name in sys.stdlib_module_names or name == "__main__":
        name = f"target_{name}"
    return Place(folder, name, file)


def run_module(place: Place, doing: str) -> ModuleType:
    """Import a module afresh.

    Args:
        place: Which module.
        doing: What to call this in errors, e.g. `loading chatbot.py`.

    Returns:
        The module, registered in `sys.modules` under its name; its root stays on `sys.path` for later imports.

    Raises:
        TargetError: It does not exist, does not compile, raises or exits. Nothing of it is left behind then.
    """
    _forget(_fresh)
    before = set(sys.modules)
    path_before = list(sys.path)
    _put_first(str(place.root))
    importlib.invalidate_caches()
    try:
        module = _import(place)
    except BaseException as error:  # noqa: BLE001 - a module may raise anything, SystemExit included
        _forget(_brought_in(before, place.root))
        sys.path[:] = path_before
        raise from_exception(error, doing) from None
    _fresh.update(_brought_in(before, place.root))
    return module


def _import(place: Place) -> ModuleType:
    parent, _, child = place.name.rpartition(".")
    name, file = place.name, place.file
    try:
        package = importlib.import_module(parent) if parent else None
        spec = importlib.util.find_spec(name) if file is None else None
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise _missing(place) from None
        raise
    known = sys.modules.get(name)
    if file is None:
        if spec is None:
            raise _missing(place)
        if known is not None or not isinstance(spec.loader, SourceFileLoader) or spec.origin is None:
            return importlib.import_module(name)
        file = Path(spec.origin)
    elif known is not None:
        if _file_of(known) == file:
            return known
        name = f"target_{name.replace('.', '_')}"
        package = None
    folders = [str(file.parent)] if file.name == "__init__.py" else None
    loader = _FromSource(name, str(file))
    spec = importlib.util.spec_from_file_location(name, file, loader=loader, submodule_search_locations=folders)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: annotations and dataclasses look themselves up there
    loader.exec_module(module)
    if package is not None:
        setattr(package, child, module)
    return sys.modules.get(name, module)


def _missing(place: Place) -> TargetError:
    *folders, last = place.name.split(".")
    folder = place.root.joinpath(*folders)
    near = difflib.get_close_matches(last, sorted(p.stem for p in folder.glob("*.py")), n=1)
    hint = f"; did you mean {'.'.join([*folders, near[0]])!r}?" if near else ""
    return TargetError("missing_file", f"there is no module {place.name!r} under {place.root}, nor installed{hint}")


def _put_first(folder: str) -> None:
    if folder in sys.path:
        sys.path.remove(folder)
    sys.path.insert(0, folder)


def _brought_in(before: set[str], root: Path) -> set[str]:
    return {
        name
        for name, module in list(sys.modules.items())
        if name not in before and (file := _file_of(module)) is not None and file.is_relative_to(root)
        and "site-packages" not in file.parts
    }  # fmt: skip


def _file_of(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if isinstance(file, str) else None


def _forget(names: Iterable[str]) -> None:
    for name in list(names):
        module = sys.modules.pop(name, None)
        parent, _, child = name.rpartition(".")
        holder = sys.modules.get(parent)
        if module is not None and holder is not None and vars(holder).get(child) is module:
            delattr(holder, child)
    _fresh.difference_update(names)
