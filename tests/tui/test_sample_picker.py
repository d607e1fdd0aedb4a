"""`stepscope` alone offers the samples."""

from driving import ROOT, SAMPLES, Driver, opener

from tui.app import StepscopeApp
from tui.samples import samples


def test_every_sample_is_listed_with_what_it_shows():
    found = {sample.name: sample.about for sample in samples()}
    assert set(found) == {path.stem for path in SAMPLES.glob("[a-z]*.py")}
    assert all(found.values())


def test_the_chatbot_comes_first():
    assert samples()[0].name == "chatbot"


async def test_enter_opens_the_sample_under_the_cursor(tmp_path):
    app = StepscopeApp(opener(tmp_path, ROOT))
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot)
        await driver.until(samples()[-1].about[:30])
        await driver.press("down", "enter")
        await driver.until("1 Graph")
        assert app.target.endswith(f"{samples()[1].name}.py")
    await app.session.close()


async def test_q_leaves_without_a_worker(tmp_path):
    app = StepscopeApp(opener(tmp_path, ROOT))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q")
        await pilot.pause()
    assert app.session is None
    assert app.return_code == 0
