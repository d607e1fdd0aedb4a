"""A hostile run file on the screen: an error, or a screen that goes on obeying keys, whatever is looked at."""

import random
from pathlib import Path

import pytest
from driving import Driver
from hostile_run_files import cases, make, make_sound

from process_core.runfile import RunFileError
from process_core.session.client.worker_process import WorkerSession
from tui.app import StepscopeApp
from tui.recorded.recorded_session import RecordedSession
from tui.run_controller import StartOptions

CASES = cases()
KEYS = (
    "2",
    "g",
    "j",
    "j",
    "enter",
    "j",
    "l",
    "j",
    "l",
    "1",
    "j",
    "3",
    "j",
    "l",
    "4",
    "escape",
    "2",
    "G",
    "W",
    "escape",
    "6",
)
TYPICAL = ("payload-number-as-type", "payload-huge-key", "graph-dense")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return make_sound(tmp_path_factory.mktemp("sound"))


async def look_around(path: Path, keys: tuple[str, ...]) -> str:
    """Open a run file on the screen, press keys, and return why it cannot be opened, if it cannot."""

    async def open_session() -> WorkerSession:
        raise AssertionError("a recording starts no worker")

    try:
        recorded = await RecordedSession.open(path)
    except RunFileError as error:
        return str(error)
    try:
        app = StepscopeApp(open_session, str(path), StartOptions(is_begun=True), session=recorded)
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause()
            driver = Driver(app, pilot)
            await driver.press(*keys)
            await driver.press("escape", "question_mark")
            await driver.until(lambda: "help" in type(app.screen).__name__.lower())
    finally:
        await recorded.close()
    return ""


@pytest.mark.parametrize("name", TYPICAL)
async def test_a_screen_shows_what_can_be_shown_and_goes_on(sound, tmp_path, name):
    assert await look_around(make(sound, tmp_path / "x.run", CASES[name]), KEYS) == ""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", CASES)
async def test_every_hostile_file_is_refused_or_shown(sound, tmp_path, name):
    chooser = random.Random(name)
    keys = (*KEYS, *chooser.choices(("j", "k", "l", "h", "enter", "tab", "1", "2", "3", "5", "g", "G"), k=20))
    why = await look_around(make(sound, tmp_path / "x.run", CASES[name]), keys)
    assert "\n" not in why
