"""Draws the screenshots of the README into screenshots/, the same bytes every time; `--check` compares instead."""

import argparse
import asyncio
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.tui.driving import ROOT, Driver, debugging, freeze_cursors

FOLDER = ROOT / "screenshots"


@dataclass(frozen=True, slots=True)
class Shot:
    """One screenshot.

    Attributes:
        name: Of its file, without ending.
        sample: What is run.
        size: Columns and rows.
        story: What is done before it is taken.
        breakpoints: Event ids to break on from the start.
        paused: Whether to start paused.
        theme: The colours.
    """

    name: str
    sample: str
    size: tuple[int, int]
    story: Callable[[Driver], Awaitable[None]]
    breakpoints: tuple[str, ...] = ()
    paused: bool = False
    theme: str = "dark"


async def _rest(driver: Driver) -> None:
    await driver.settle()


async def _hello(driver: Driver) -> None:
    await _rest(driver)
    await driver.answer("hello")
    await driver.until(lambda: driver.status.paused is not None)
    await driver.settle()


async def _commands(driver: Driver) -> None:
    await _hello(driver)
    await driver.press("colon")
    await driver.type("break ")


async def _why(driver: Driver) -> None:
    """Hold one of two reviews back, and ask why the editor has not decided."""
    await driver.until(lambda: driver.status.paused is not None)
    for key in ("6", "s", "s"):
        await driver.press(key)
        await driver.settle()
    await driver.press("h")
    await driver.until("z undoes")
    await driver.command("why Editor")
    await driver.until("why has Editor not run?")


async def _help(driver: Driver) -> None:
    await _hello(driver)
    await driver.press("question_mark")


SHOTS = (
    Shot("debug-120x40", "chatbot", (120, 40), _hello, ("UserInputReceived",)),
    Shot("debug-80x24", "chatbot", (80, 24), _hello, ("UserInputReceived",)),
    Shot("debug-light", "chatbot", (120, 40), _hello, ("UserInputReceived",), theme="light"),
    Shot("pipeline", "document_pipeline", (160, 48), _rest),
    Shot("nested", "nested_order", (120, 40), _rest),
    Shot("why", "document_pipeline", (120, 40), _why, paused=True),
    Shot("commands", "chatbot", (120, 40), _commands, ("UserInputReceived",)),
    Shot("help", "chatbot", (120, 40), _help, ("UserInputReceived",)),
)


async def draw(shot: Shot) -> str:
    """Run a sample in the app and take its picture.

    Args:
        shot: Which.

    Returns:
        SVG.
    """
    with tempfile.TemporaryDirectory() as runs:
        target = f"sample_processes/{shot.sample}.py"
        options = {"breakpoints": shot.breakpoints, "paused": shot.paused}
        async with debugging(target, Path(runs), size=shot.size, **options) as driver:
            driver.app.theme = f"stepscope-{shot.theme}"
            await shot.story(driver)
            driver.screen.query_one("KeysLine").hush() if driver.screen.query("KeysLine") else None
            await driver.pilot.pause(0.3)
            svg = driver.app.export_screenshot(title="stepscope")
    return re.sub(r"terminal-\d+-", "terminal-", svg)


def main(argv: Sequence[str] | None = None) -> int:
    """Draw every screenshot, or compare.

    Args:
        argv: Arguments of the command.

    Returns:
        0, or 1 where a stored screenshot differs.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with what is stored, and change nothing")
    check = parser.parse_args(argv).check
    freeze_cursors(setattr)
    FOLDER.mkdir(exist_ok=True)
    stale = []
    for shot in SHOTS:
        path = FOLDER / f"{shot.name}.svg"
        svg = asyncio.run(draw(shot))
        if not check:
            path.write_text(svg, encoding="utf-8", newline="\n")
        elif not path.exists() or path.read_text(encoding="utf-8") != svg:
            stale.append(path.name)
    if stale:
        print("these screenshots differ; draw them with `make screenshots`:", ", ".join(stale), file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
