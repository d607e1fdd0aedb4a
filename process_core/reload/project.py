"""The modules of a user's project, loaded a generation at a time: all of what changed, or nothing."""

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import ClassVar, Final, TypeVar

from process_core.reload.module_location import ModuleLocation
from process_core.reload.source_loader import (
    LoadedSource,
    ProjectFinder,
    SourceLog,
    UncachedSourceLoader,
    digest_of,
    spec_of,
)
from process_core.reload.staged_modules import ModuleView, StagedModules

T = TypeVar("T")

_INSTALLED: Final = frozenset({"site-packages", "dist-packages"})
_NOT_THE_USERS: Final = (Path(__file__).resolve().parents[1], Path(os.__file__).resolve().parent)


AsError = Callable[[BaseException], BaseException]


def _as_it_is(error: BaseException) -> BaseException:
    return error


class Project:
    """A target's module and all modules that it imports from the project's folders.

    Modules have names that a whole interpreter shares, and two projects may both have a `helpers`. So one project at a
    time is present; another one steps aside when it is, and comes back with its own modules when it is asked again.

    Args:
        place: The target's module.
        cwd: The folder that the user works in; modules under it belong to the project too.

    Attributes:
        root: The folder that imports start from.
        sources: The modules of the generation in force, by name.
    """

    _present: ClassVar["Project | None"] = None

    def __init__(self, place: ModuleLocation, cwd: Path) -> None:
        self._reopen: Callable[[], None] | None = None
        self._place = place
        self.root = place.root
        self._roots = tuple(dict.fromkeys((place.root.resolve(), cwd.resolve())))
        self._log = SourceLog()
        self._finder = ProjectFinder(self.owns, lambda: self._log)
        self._failed: set[Path] = set()
        self.sources: dict[str, LoadedSource] = {}

    def owns(self, file: Path) -> bool:
        """Return whether an absolute path is one of the user's own files."""
        file = file.resolve()
        if not any(file.is_relative_to(root) for root in self._roots) or _INSTALLED & set(file.parts):
            return False
        return not any(file.is_relative_to(folder) for folder in _NOT_THE_USERS)

    def load(self, use: Callable[[ModuleType], T], as_error: AsError = _as_it_is) -> T:
        """Load the first generation.

        Args:
            use: Makes something of the target's module; where it raises, nothing was loaded.
            as_error: Turns what the user's code raised into the error to raise, while its source can be quoted.

        Raises:
            NoSuchModuleError: There is no such module.
            BaseException: What the user's code raised, `SystemExit` included; nothing of it is left behind.
        """
        other, Project._present = Project._present, self
        reopen = other.close() if other is not None and other is not self else None
        self._finder.install()
        try:
            staged = self._load(frozenset(), use, as_error)
        except BaseException:
            self._finder.remove()
            Project._present = None
            if reopen is not None:
                reopen()
            raise
        staged.commit()
        return staged.value

    def edits(self) -> dict[str, str | None]:
        """Return the digest of every file that is not what was loaded, None where it is gone."""
        edited = {}
        for name in self._changed() & self.sources.keys():
            file = self._file_now(self.sources[name])
            edited[str(file)] = _digest(file)
        return edited

    def prepare(self, use: Callable[[ModuleType], T], as_error: AsError = _as_it_is) -> StagedModules[T] | None:
        """Load what has changed and what depends on it, without putting it in force; None where no file has changed."""
        self.come_back()
        changed = self._changed()
        if not changed:
            self._failed = set()
            return None
        return self._load(self._dependents(changed), use, as_error)

    def close(self) -> Callable[[], None]:
        """Forget the project's modules; return what restores them."""
        if self._reopen is not None:
            return self._reopen
        spaces = self._folder_packages()
        if Project._present is self:
            Project._present = None
        loaded = _loaded(self.sources) | spaces
        view = ModuleView(loaded, loaded.values())
        self._finder.remove()
        self._drop(self.sources.keys() | spaces.keys())

        def reopen() -> None:
            self._reopen = None
            Project._present = self
            self._finder.install()
            view.put(())

        self._reopen = reopen
        return reopen

    @staticmethod
    def close_present() -> None:
        """Forget the modules of the project that is present, for an interpreter that goes on without it."""
        if Project._present is not None:
            Project._present.close()

    def come_back(self) -> None:
        """Be the project whose modules are present, where another one has taken that place."""
        other = Project._present
        if other is not self:
            if other is not None:
                other.close()
            if self._reopen is not None:
                self._reopen()

    def folders(self) -> set[Path]:
        """Return the folders whose files the generation in force was loaded from, or would be."""
        parents = {source.file.parent for source in self.sources.values()}
        parents |= {file.parent for file in self._failed} | {self._place.root}
        parents |= {Path(folder) for package in self._folder_packages().values() for folder in package.__path__}
        return {folder for folder in parents if folder.is_dir()}

    def adopt(self, sources: dict[str, LoadedSource]) -> None:
        """Take note of the modules in force."""
        self.sources = sources
        self._go_on()

    # What has changed.

    def _changed(self) -> set[str]:
        """Return the modules whose file is not what was loaded, or whose imports can be found now."""
        changed = {name for name, source in self.sources.items() if _digest(self._file_now(source)) != source.digest}
        for name, source in self.sources.items():
            if name not in changed and any(self._appears(wanted) for wanted in source.imports):
                changed.add(name)
        for package in self._remade_packages():
            changed |= {package, *(name for name in self.sources if name.startswith(f"{package}."))}
        return changed

    def _remade_packages(self) -> Iterator[str]:
        """Yield the packages that have lost their `__init__`, or got one."""
        for name, source in self.sources.items():
            if source.file.name == "__init__.py" and not source.file.is_file():
                yield name
        for name, package in self._folder_packages().items():
            if any(Path(folder, "__init__.py").is_file() for folder in package.__path__):
                yield name

    def _folder_packages(self) -> dict[str, ModuleType]:
        """Return the packages that are loaded without a source; no module of the project need lead to one."""
        return {
            name: module
            for name, module in list(sys.modules.items())
            if getattr(module, "__file__", None) is None and self._is_ours(module)
        }

    @staticmethod
    def _file_now(source: LoadedSource) -> Path:
        """Return the file that the module would be loaded from now; a package hides a module of its name."""
        if source.file.name != "__init__.py":
            package = source.file.with_suffix("") / "__init__.py"
            if package.is_file():
                return package
        return source.file

    def _appears(self, name: str) -> bool:
        """Whether a module that was not there can be found now."""
        if name in sys.modules or name in self.sources:
            return False
        parent, _, last = name.rpartition(".")
        if parent:
            package = sys.modules.get(parent)
            folders = [Path(folder) for folder in getattr(package, "__path__", ())] if package is not None else []
        else:
            folders = list(self._roots)
        return any(
            (folder / f"{last}.py").is_file() or (folder / last / "__init__.py").is_file()
            for folder in folders
            if self.owns(folder / f"{last}.py")
        )

    def _dependents(self, changed: set[str]) -> frozenset[str]:
        """Return the modules that have to be loaded again: those that changed, and all that import them."""
        importers: dict[str, set[str]] = {}
        for name, source in self.sources.items():
            for imported in source.imports:
                importers.setdefault(imported, set()).add(name)
        affected, left = set(changed), list(changed)
        while left:
            for name in importers.get(left.pop(), ()):
                if name not in affected:
                    affected.add(name)
                    left.append(name)
        return frozenset(affected)

    # Loading.

    def _load(self, affected: frozenset[str], use: Callable[[ModuleType], T], as_error: AsError) -> StagedModules[T]:
        loaded = _loaded({*self.sources, *affected, self._place.name})
        staying = [module for name, module in loaded.items() if name not in affected]
        before = ModuleView(loaded, staying)
        already = set(sys.modules)
        self._log = SourceLog(before=self.sources)
        try:
            self._drop(affected)
            _put_first(str(self._place.root))
            importlib.invalidate_caches()
            module = self._import_target()
            self._import_the_rest(affected)
            value = use(module)
            sources = {n: s for n, s in self.sources.items() if n not in affected} | self._log.loaded
            self._look_into(sources)
            replaced = affected & self.sources.keys()
            after = ModuleView(_loaded({*sources, self._place.name}), staying)
        except BaseException as error:
            shown = as_error(error)
            self._failed = self._log.failed | {source.file for source in self._log.loaded.values()}
            before.put(self._new_names(already) | affected)
            self._go_on()
            if shown is error:
                raise
            raise shown from None
        self._failed = set()
        before.put(after.modules)
        self._go_on()
        return StagedModules(self, value, sources, frozenset(replaced), (before, after))

    def _go_on(self) -> None:
        """Note from now on what the generation in force loads, when it comes to that, and quote its sources."""
        self._log = SourceLog(self.sources)
        for source in self.sources.values():
            source.show()

    @staticmethod
    def _drop(names: Iterable[str]) -> None:
        dropped = {name: module for name in names if (module := sys.modules.pop(name, None)) is not None}
        for name, module in dropped.items():  # packages that are dropped themselves keep what they hold
            parent, _, child = name.rpartition(".")
            holder = sys.modules.get(parent)
            if holder is not None and vars(holder).get(child) is module:
                delattr(holder, child)

    def _new_names(self, already: set[str]) -> set[str]:
        brought = {name for name in self._log.loaded if name not in already}
        for name, module in list(sys.modules.items()):
            if name not in already and self._is_ours(module):
                brought.add(name)
        return brought | self._log.loaded.keys()

    def _is_ours(self, module: ModuleType) -> bool:
        """Whether a module is of the project; a package without source is what its folders are."""
        file = file_of(module)
        if file is not None:
            return self.owns(file)
        folders = list(getattr(module, "__path__", ()))
        return bool(folders) and all(self.owns(Path(folder)) for folder in folders)

    def _import_target(self) -> ModuleType:
        place = self._place
        parent, _, child = place.name.rpartition(".")
        name, file = place.name, place.file
        try:
            package = importlib.import_module(parent) if parent else None
            spec = importlib.util.find_spec(name) if file is None else None
        except ModuleNotFoundError as error:
            if error.name and f"{name}.".startswith(f"{error.name}."):
                raise place.missing() from None
            raise
        loaded = sys.modules.get(name)
        if file is None:
            if spec is None:
                raise place.missing()
            if loaded is not None or not isinstance(spec.loader, SourceFileLoader) or spec.origin is None:
                return importlib.import_module(name)
            file = Path(spec.origin)
        elif loaded is not None:
            if file_of(loaded) == file:
                return loaded
            name = f"target_{name.replace('.', '_')}"
            package = None
            if name in self.sources and name in sys.modules:
                return sys.modules[name]
        if not file.is_file():
            raise FileNotFoundError(f"{file} is gone")
        made = spec_of(name, file, lambda: self._log)
        module = importlib.util.module_from_spec(made)
        sys.modules[name] = module  # before it runs: annotations and dataclasses look themselves up there
        assert isinstance(made.loader, UncachedSourceLoader)
        made.loader.exec_module(module)
        if package is not None:
            setattr(package, child, module)
        return sys.modules.get(name, module)

    def _import_the_rest(self, affected: frozenset[str]) -> None:
        """Load again what is imported inside functions only, while the generation can still fail."""
        wanted: set[str] = set().union(*(source.imports for source in self._log.loaded.values()))
        wanted |= {i for name, source in self.sources.items() if name not in affected for i in source.imports}
        for name in sorted((affected & wanted & self.sources.keys()) - self._log.loaded.keys()):
            if self.sources[name].file.is_file():
                importlib.import_module(name)

    def _look_into(self, sources: Mapping[str, LoadedSource]) -> None:
        """Note the modules that others hold, or hold parts of, however they came by them."""
        for name, source in self._log.loaded.items():
            module = sys.modules.get(name)
            for value in list(vars(module).values()) if module is not None else ():
                with contextlib.suppress(Exception):  # a value may do anything when it is asked for its module
                    home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
                    is_own_child = isinstance(value, ModuleType) and str(home).startswith(f"{name}.")
                    if isinstance(home, str) and home != name and home in sources and not is_own_child:
                        source.imports.add(home)


def file_of(module: ModuleType) -> Path | None:
    """Return the file that a module was loaded from."""
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if isinstance(file, str) else None


def _loaded(names: Iterable[str]) -> dict[str, ModuleType]:
    """Return those of the modules that are loaded, with the packages they are in, which may have no source."""
    loaded: dict[str, ModuleType] = {}
    for name in names:
        while name and name not in loaded:
            if name in sys.modules:
                loaded[name] = sys.modules[name]
            name = name.rpartition(".")[0]  # noqa: PLW2901 - up to the package around it
    return loaded


def _digest(file: Path) -> str | None:
    try:
        return digest_of(file.read_bytes())
    except OSError:
        return None


def _put_first(folder: str) -> None:
    if folder in sys.path:
        sys.path.remove(folder)
    sys.path.insert(0, folder)
