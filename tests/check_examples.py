"""Type-checks the README's Python examples, and `typed_api.py`, as a user's strict mypy would; run by `make types`."""

import ast
import sys
import tempfile
from pathlib import Path
from typing import Final

from mypy import api

ROOT: Final = Path(__file__).resolve().parents[1]
TYPED_API: Final = ROOT / "tests/typed_api.py"
GIVEN: Final = "process: Process, order: object"
"""What an example that is part of a program finds there."""


def module_of(markdown: str) -> str:
    """Return the Python examples of a text as one module, each line at its own number."""
    lines = [""] * len(markdown.splitlines())
    start: int | None = None
    for number, line in enumerate(markdown.splitlines()):
        if line == "```python":
            start = number
        elif line == "```" and start is not None:
            example = markdown.splitlines()[start + 1 : number]
            if _runs_in_a_coroutine("\n".join(example)):
                lines[start] = f"async def example_{start}({GIVEN}) -> None:"
                example = [f"    {text}".rstrip() for text in example]
            lines[start + 1 : number] = example
            start = None
    return "\n".join(lines) + "\n"


def _runs_in_a_coroutine(example: str) -> bool:
    return any(
        not isinstance(item, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom)
        for item in compile(example, "README.md", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT).body
    )


def problems(markdown: str) -> str:
    """Return what strict mypy finds in the examples of a text and in `typed_api.py`; empty where it finds nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "readme_examples.py")
        path.write_text(module_of(markdown))
        report, errors, code = api.run(["--config-file", str(ROOT / "pyproject.toml"), str(path), str(TYPED_API)])
        return (report + errors).replace(str(path), "README.md") if code else ""


if __name__ == "__main__":
    found = problems((ROOT / "README.md").read_text(encoding="utf-8"))
    sys.stdout.write(found)
    raise SystemExit(bool(found))
