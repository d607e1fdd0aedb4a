"""What the tests of the screens share."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import pytest_textual_snapshot
from driving import ROOT, Driver, debugging, freeze_cursors
from textual_costs import (
    draw_each_graph_once,
    draw_when_read,
    find_handlers_once,
    keep_no_parts_of_strips,
    share_style_sheets,
)

from tui.faults import Fault, Faults

_CONSTRAINTS = ROOT / "tests" / "constraints.txt"
_STORED = ROOT / "tests" / "snapshots"
PINNED = next(line.partition("==")[2] for line in _CONSTRAINTS.read_text().splitlines() if line.startswith("textual=="))

# Snapshots stand in a tree of their own, a folder for each test module.
pytest_textual_snapshot.SVGImageExtension.dirname = classmethod(
    lambda _, *, test_location: str(_STORED / test_location.basename)
)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("update_snapshots", default=False) and version("textual") != PINNED:
        raise pytest.UsageError(f"snapshots are made with textual {PINNED}, this is {version('textual')}")


@pytest.fixture(autouse=True)
def _still() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patches:  # its own: a test that undoes what it patched undoes none of these
        freeze_cursors(patches.setattr)
        share_style_sheets(patches.setattr)
        keep_no_parts_of_strips(patches.setattr)
        draw_when_read(patches.setattr)
        draw_each_graph_once(patches.setattr)
        find_handlers_once(patches.setattr)
        yield


@pytest.fixture(autouse=True)
def faults(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    """Gather the faults of stepscope itself, which end nothing; a module with `HAS_FAULTS` is about them."""
    noted: list[str] = []
    note = Faults.note

    def noting(self: Faults, where: str, error: BaseException) -> Fault:
        self._folder = tmp_path / ".stepscope" / "faults"
        fault = note(self, where, error)
        noted.append(fault.line)
        return fault

    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(Faults, "note", noting)
        yield noted
    assert not noted or getattr(request.module, "HAS_FAULTS", False), noted


@pytest.fixture
def debug(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Driver]]:
    """Opens the app on a target, with run files in a folder of the test's own."""

    def open_app(target: Path | str, **options: Any) -> AbstractAsyncContextManager[Driver]:
        return debugging(target, tmp_path / "runs", **options)

    return open_app


@pytest.fixture
def process_file(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a process file."""

    def write(source: str) -> Path:
        path = tmp_path / "target.py"
        path.write_text(source)
        return path

    return write


@pytest.fixture
def snap(snap_compare: Any) -> Callable[..., bool]:
    """Compares a screen with the stored one; only under the Textual that drew that."""
    if version("textual") != PINNED:
        pytest.skip(f"snapshots are made with textual {PINNED}")
    return snap_compare
