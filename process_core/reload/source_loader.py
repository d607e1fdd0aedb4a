"""Loads modules from their source, whatever a bytecode cache says, and notes what was loaded."""

import ast
import hashlib
import importlib.util
import linecache
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any


@dataclass(slots=True)
class LoadedSource:
    """A module of the project, as it was loaded.

    Attributes:
        name: Its full name.
        file: Its source.
        digest: Of the source that was run (SHA-256, hexadecimal).
        data: That source.
        imports: Names of modules that it may import; many are no modules.
        code: What the source was compiled to.
    """

    name: str
    file: Path
    digest: str = ""
    data: bytes = b""
    imports: set[str] = field(default_factory=set)
    code: CodeType | None = None
    _lines: list[str] | None = None

    def take(self, data: bytes, before: "LoadedSource | None") -> None:
        """Take the source in; where it is what it was before, what was made of it then serves again."""
        self.data, self.digest = data, digest_of(data)
        if before is not None and (before.digest, before.file) == (self.digest, self.file):
            self.code = before.code
            self.imports |= before.imports

    def show(self) -> None:
        """Let tracebacks quote the source that runs, whatever the file holds by now."""
        if self._lines is None:
            self._lines = self.data.decode("utf-8", "replace").splitlines(keepends=True)
        linecache.cache[str(self.file)] = (len(self.data), None, self._lines, str(self.file))


class SourceLog:
    """What is loaded while it is open.

    Attributes:
        loaded: Every module that was run, by name.
        running: Those that run now, the innermost last.
        failed: Files of those that raised.
        before: The modules of the generation before.
    """

    def __init__(
        self, loaded: dict[str, LoadedSource] | None = None, before: Mapping[str, LoadedSource] | None = None
    ) -> None:
        self.before: Mapping[str, LoadedSource] = {} if before is None else before
        self.loaded: dict[str, LoadedSource] = {} if loaded is None else loaded
        self.running: list[LoadedSource] = []
        self.failed: set[Path] = set()


def digest_of(data: bytes) -> str:
    """Return the digest of a source."""
    return hashlib.sha256(data).hexdigest()


class UncachedSourceLoader(SourceFileLoader):
    """Compiles from source always: a cache misses an edit of the same size in the same second.

    Args:
        fullname: The module.
        path: Its source.
        log: Gives where to note what is loaded.
    """

    def __init__(self, fullname: str, path: str, log: Callable[[], SourceLog]) -> None:
        super().__init__(fullname, path)
        self._log = log

    def get_code(self, fullname: str) -> CodeType:
        """Compile the source as it is now."""
        path = self.get_filename(fullname)
        data = self.get_data(path)
        log = self._log()
        source = log.loaded.get(fullname) or LoadedSource(fullname, Path(path))
        source.take(data, log.before.get(fullname))
        source.show()
        if source.code is None:
            tree = compile(data, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
            assert isinstance(tree, ast.Module)
            source.imports |= imported_names(tree, fullname, is_package=self.is_package(fullname))
            source.code = compile(tree, path, "exec", dont_inherit=True)
        return source.code

    def exec_module(self, module: ModuleType) -> None:
        """Run the module."""
        log = self._log()
        source = log.loaded[module.__name__] = LoadedSource(module.__name__, Path(self.path))
        if hasattr(module, "__path__"):
            _adopt_children(module)
        log.running.append(source)
        try:
            super().exec_module(module)
        except BaseException:
            log.loaded.pop(source.name, None)
            log.failed.add(source.file)
            raise
        finally:
            log.running.pop()


def _adopt_children(package: ModuleType) -> None:
    """Return a new package the modules in it that are there already, as importing them would have."""
    prefix = f"{package.__name__}."
    for name, module in list(sys.modules.items()):
        if name.startswith(prefix) and "." not in name[len(prefix) :]:
            setattr(package, name[len(prefix) :], module)


class ProjectFinder:
    """Has the modules of a project loaded from source; stands where the import system looks along `sys.path`.

    Args:
        owns: Whether a file belongs to the project.
        log: Gives where to note what is loaded.
    """

    def __init__(self, owns: Callable[[Path], bool], log: Callable[[], SourceLog]) -> None:
        self._owns = owns
        self._log = log

    def install(self) -> None:
        """Begin to find modules."""
        finders: list[Any] = sys.meta_path
        at = finders.index(PathFinder) if PathFinder in finders else len(finders)
        finders.insert(at, self)

    def remove(self) -> None:
        """Find modules no more."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module as the import system would, and see that a project's one is loaded from source."""
        running = self._log().running
        if running:
            running[-1].imports.add(fullname)
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or not isinstance(spec.loader, SourceFileLoader) or spec.origin is None:
            return spec
        if self._owns(Path(spec.origin)):
            spec.loader = UncachedSourceLoader(fullname, spec.origin, self._log)
            spec.cached = None
        return spec


def spec_of(name: str, file: Path, log: Callable[[], SourceLog]) -> ModuleSpec:
    """Return the spec of a module at a known file."""
    folders = [str(file.parent)] if file.name == "__init__.py" else None
    loader = UncachedSourceLoader(name, str(file), log)
    spec = importlib.util.spec_from_file_location(name, file, loader=loader, submodule_search_locations=folders)
    assert spec is not None
    spec.cached = None
    return spec


def imported_names(tree: ast.Module, name: str, *, is_package: bool) -> frozenset[str]:
    """Return the full names of the modules that a source may import, at its top or inside its functions.

    `from a import b` may mean the module `a.b` or a name in `a`, and `a.b` in an expression may reach into a module of
    a package that was imported as `a`: both are returned, so that many of the names are no modules.
    """
    package = name if is_package else name.rpartition(".")[0]
    names: set[str] = set()
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                _add(names, alias.name)
                if alias.asname is None:
                    top = alias.name.partition(".")[0]
                    aliases[top] = top
                else:
                    aliases[alias.asname] = alias.name
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            _add(names, base)
            for alias in node.names:
                full = f"{base}.{alias.name}" if base else alias.name
                names.add(full)
                aliases[alias.asname or alias.name] = full
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            _add_chain(names, node, aliases)
    names.discard("")
    return frozenset(names)


def _base(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    parts = parts[: len(parts) - (node.level - 1)]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _add(found: set[str], name: str) -> None:
    """Add a module and the packages it is in, which importing it runs as well."""
    while name:
        found.add(name)
        name = name.rpartition(".")[0]


def _add_chain(found: set[str], node: ast.Attribute, aliases: dict[str, str]) -> None:
    parts: list[str] = []
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        parts.append(inner.attr)
        inner = inner.value
    if isinstance(inner, ast.Name) and inner.id in aliases:
        full = aliases[inner.id]
        for part in reversed(parts):
            full = f"{full}.{part}"
            found.add(full)
