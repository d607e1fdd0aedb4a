"""Where a module of the user's is, and what it is called."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from process_core.suggestions import nearest


class NoSuchModuleError(ImportError):
    """There is no module of the name that was asked for."""


@dataclass(frozen=True, slots=True)
class ModuleLocation:
    """Where a module is and what it is called.

    Attributes:
        root: The folder that imports start from.
        name: The module's full name.
        file: Its source, or None where only the import system knows.
    """

    root: Path
    name: str
    file: Path | None = None

    def missing(self) -> NoSuchModuleError:
        """Return the error that there is no such module, with what may have been meant."""
        *folders, last = self.name.split(".")
        folder = self.root.joinpath(*folders)
        near = nearest(last, sorted(p.stem for p in folder.glob("*.py")))
        hint = f"; did you mean {'.'.join([*folders, near])!r}?" if near is not None else ""
        return NoSuchModuleError(f"there is no module {self.name!r} under {self.root}, nor installed{hint}")


def locate_module(file: Path) -> ModuleLocation:
    """Return import root and name of an absolute source file: in a package its full name, else the stem."""
    folder = file.parent
    parts = [] if file.stem == "__init__" else [file.stem]
    while (folder / "__init__.py").is_file() and folder.name.isidentifier() and folder != folder.parent:
        parts.insert(0, folder.name)
        folder = folder.parent
    if len(parts) > 1 or file.stem == "__init__":
        return ModuleLocation(folder, ".".join(parts), file)
    name = re.sub(r"\W", "_", file.stem)
    if not name.isidentifier() or name in sys.stdlib_module_names or name == "__main__":
        name = f"target_{name}"
    return ModuleLocation(folder, name, file)
