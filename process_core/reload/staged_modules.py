"""A generation that is loaded and not in force yet: what it would change, and the way there and back."""

import sys
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Generic, TypeVar

from process_core.reload.source_loader import LoadedSource

if TYPE_CHECKING:
    from process_core.reload.project import Project

T = TypeVar("T")


class ModuleView:
    """What `sys.modules` and the modules that stay hold of a project, to be put in force."""

    def __init__(self, modules: Mapping[str, ModuleType], staying: Iterable[ModuleType]) -> None:
        self.modules = dict(modules)
        self._held = [(module, dict(vars(module))) for module in staying]
        self._path = list(sys.path)

    def put(self, other: Iterable[str]) -> None:
        """Restore everything as it was when this was taken; of `other` modules, drop those it does not have."""
        for name in set(other) - self.modules.keys():
            sys.modules.pop(name, None)
        sys.modules.update(self.modules)
        for module, held in self._held:
            now = vars(module)
            for name in now.keys() - held.keys():
                del now[name]
            for name, value in held.items():
                if name not in now or now[name] is not value:
                    now[name] = value
        sys.path[:] = self._path


class StagedModules(Generic[T]):
    """A generation that is loaded and not in force; the one before goes on as if nothing had happened.

    Attributes:
        value: What was made of it.
        digests: Digest of the source by file, of the modules that it replaces and adds.
        replaced: Names of the modules of the generation before that it replaces or drops.
    """

    def __init__(
        self,
        project: "Project",
        value: T,
        sources: dict[str, LoadedSource],
        replaced: frozenset[str],
        views: tuple[ModuleView, ModuleView],
    ) -> None:
        self._project = project
        self._sources = sources
        self._before, self._after = views
        self.value = value
        self.replaced = replaced
        old = project.sources
        self.digests = {
            str(source.file): source.digest for name, source in sources.items() if old.get(name) is not source
        }

    def commit(self) -> Callable[[], None]:
        """Put the generation in force; return what takes it back, as if it had never been."""
        project, before = self._project, self._project.sources
        project.come_back()
        self._after.put({*self._before.modules, *before})
        project.adopt(self._sources)

        def undo() -> None:
            project.come_back()
            self._before.put(self._after.modules)
            project.adopt(before)

        return undo
