"""The screen without colours."""

from pathlib import Path

import pytest
from driving import Driver, opener
from rich.color import Color, ColorSystem
from rich.style import Style
from targets import CHAT

from tui.app import StepscopeApp
from tui.themes import THEMES, plain_style

DARK = (16, 20, 27)


def test_a_background_that_stands_out_is_shown_in_reverse():
    assert plain_style(Style.parse("bold #0c1016 on #f2cc60"), DARK).reverse


def test_a_background_near_that_of_the_screen_is_not():
    assert not plain_style(Style.parse("#d9dfe8 on #1e2632"), DARK).reverse


def test_faint_text_is_dim_and_strong_text_is_not():
    assert plain_style(Style.parse("#5a6472"), DARK).dim
    assert not plain_style(Style.parse("#d9dfe8"), DARK).dim


def test_no_colour_is_left():
    style = plain_style(Style.parse("#f2cc60 on #1e2632"), DARK)
    assert style.color.is_default
    assert style.bgcolor.is_default


async def test_no_color_in_the_environment_takes_every_colour_out(tmp_path, process_file, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = StepscopeApp(opener(tmp_path / "runs", Path(tmp_path)), str(process_file(CHAT)))
    async with app.run_test(size=(120, 40)) as pilot:
        driver = Driver(app, pilot)
        await driver.until("WAITING FOR YOU")
        styles = [s.style for strip in driver.screen._compositor.render_strips() for s in strip if s.style]
        colours = [color for style in styles for color in (style.color, style.bgcolor) if color is not None]
        assert colours
        assert all(color.is_default for color in colours)
    await app.session.close()


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_greys_of_a_theme_stay_grey_with_256_colours(theme):
    for name in ("background", "surface", "panel"):
        shown = Color.parse(getattr(theme, name)).downgrade(ColorSystem.EIGHT_BIT).get_truecolor()
        assert max(shown) - min(shown) < 20, name
