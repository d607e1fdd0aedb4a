"""A picture of the debug screen for each sample; the texts are asserted on elsewhere."""

from pathlib import Path

import pytest
from driving import SAMPLES, Driver, opener

from tui.app import StepscopeApp
from tui.run_controller import StartOptions


def picture(snap, runs_dir: Path, sample: str, size: tuple[int, int], story=None, **options) -> bool:
    app = StepscopeApp(opener(runs_dir), f"sample_processes/{sample}.py", StartOptions(**options))

    async def before(pilot) -> None:
        driver = Driver(app, pilot)
        await driver.settle()
        if story is not None:
            await story(driver)
            await driver.settle()

    return snap(app, terminal_size=size, run_before=before)


async def say_hello(driver: Driver) -> None:
    await driver.answer("hello")
    await driver.until(lambda: driver.status.paused is not None)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_chatbot_paused_at_a_breakpoint(snap, tmp_path, size):
    assert picture(snap, tmp_path, "chatbot", size, say_hello, breakpoints=("UserInputReceived",))


@pytest.mark.parametrize("sample", ["mail", "document_pipeline", "nested_order"])
def test_sample_at_its_first_rest(snap, tmp_path, sample):
    assert picture(snap, tmp_path, sample, (120, 40))


def test_every_sample_has_a_picture():
    stored = " ".join(path.name for path in (Path(__file__).parents[1] / "snapshots").rglob("*.svg"))
    assert [sample.stem for sample in SAMPLES.glob("[a-z]*.py") if sample.stem not in stored] == []
