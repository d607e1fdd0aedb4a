"""The samples that come with stepscope, found without importing them."""

import ast
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sample:
    """A process to try.

    Attributes:
        name: Of its module.
        path: Its file.
        about: What it shows, in one line.
    """

    name: str
    path: Path
    about: str


def samples() -> list[Sample]:
    """List the samples.

    Returns:
        Every module of `sample_processes`, by name; the chatbot first, because that is where to begin.
    """
    spec = find_spec("sample_processes")
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()] if spec is not None else []
    files = [file for folder in folders for file in folder.glob("*.py") if not file.name.startswith("_")]
    all_samples = [Sample(file.stem, file, _about(file)) for file in files]
    return sorted(all_samples, key=lambda sample: (sample.name != "chatbot", sample.name))


def _about(file: Path) -> str:
    try:
        text = ast.get_docstring(ast.parse(file.read_bytes()))
    except (OSError, SyntaxError, ValueError):
        return ""
    return text.partition("\n")[0].strip() if text else ""
