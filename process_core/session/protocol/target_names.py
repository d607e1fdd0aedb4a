"""How a target is written, and where the code lies that it names."""

import os
from pathlib import Path


def split_target(target: str) -> tuple[str, str]:
    """Return the file or module of a target, and the attribute after it, which may be empty or wrong."""
    target = target.strip()
    where, colon, attribute = target.rpartition(":")
    if not colon or "/" in attribute or "\\" in attribute or attribute.endswith(".py"):
        return target, ""
    return where, attribute


def is_dotted(text: str) -> bool:
    """Return whether a text is written like the name of a module or of an attribute."""
    return all(part.isidentifier() for part in text.split("."))


def names_module(where: str, path: Path) -> bool:
    """Return whether the first part of a target is a module; `path` is where it would be as a file."""
    return not path.exists() and "/" not in where and not where.endswith(".py") and is_dotted(where)


def code_outside(target: str, folder: Path, project: Path) -> Path | None:
    """Return what would be run outside of a project; None where there is nothing.

    Nothing is imported to find out. Modules that neither the folder nor the project has are installed packages: the
    user has chosen those, as the Python that runs them.

    Args:
        target: As a run file names it.
        folder: The folder that it is relative to, where imports are looked for first.
        project: The folder whose code may be run.

    Returns:
        The file or folder, without links; of a folder that is outside itself, that folder.
    """
    project = project.resolve()
    where, _ = split_target(target)
    try:
        home = folder.resolve()
        path = (folder / Path(where).expanduser()).resolve()
        code = _files_of_module(home, where) if names_module(where, path) else [path]
    except (OSError, RuntimeError, ValueError):
        return None  # nor can it be loaded
    return next((file for file in (*code, home) if not file.is_relative_to(project)), None)


def _files_of_module(folder: Path, name: str) -> list[Path]:
    """Return all that a folder has under the name of a module and of the packages around it, links followed."""
    files = []
    for part in name.split("."):
        if not folder.is_dir():
            break
        files += [Path(entry).resolve() for entry in os.scandir(folder) if entry.name.partition(".")[0] == part]
        folder /= part
    return files
