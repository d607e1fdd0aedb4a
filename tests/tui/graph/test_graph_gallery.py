"""Pictures that were looked at and found clear; `python tests/tui/graph/test_graph_gallery.py` draws them again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from graph_cases import CASES
from rich.cells import cell_len

from tui.graph import Direction, Zoom, draw, picture_svg, picture_text

HERE = Path(__file__).parent
GALLERY = HERE / "gallery"
LOOKS = [
    ("chatbot", Zoom.BOXES, Direction.DOWN, 40),
    ("chatbot", Zoom.CHIPS, Direction.DOWN, 40),
    ("chatbot", Zoom.FULL, Direction.DOWN, 16),
    ("chatbot", Zoom.BOXES, Direction.RIGHT, 40),
    ("line", Zoom.BOXES, Direction.RIGHT, 40),
    ("mail", Zoom.BOXES, Direction.DOWN, 40),
    ("documents", Zoom.FULL, Direction.DOWN, 40),
    ("documents", Zoom.BOXES, Direction.RIGHT, 40),
    ("nested", Zoom.BOXES, Direction.DOWN, 40),
    ("deep", Zoom.CHIPS, Direction.DOWN, 40),
    ("fan", Zoom.CHIPS, Direction.DOWN, 40),
    ("machine", Zoom.BOXES, Direction.DOWN, 40),
    ("loops", Zoom.BOXES, Direction.DOWN, 40),
    ("loops", Zoom.CHIPS, Direction.RIGHT, 40),
    ("orders", Zoom.BOXES, Direction.DOWN, 40),
    ("orders", Zoom.CHIPS, Direction.DOWN, 16),
    ("steps30", Zoom.CHIPS, Direction.DOWN, 40),
    ("steps60", Zoom.CHIPS, Direction.DOWN, 40),
]


def name_of(look):
    case, zoom, direction, label_cells = look
    return f"{case}-{zoom}-{direction}" + ("-wrapped" if label_cells < 40 else "")


def drawn(look, *, ascii_only=False):
    case, zoom, direction, label_cells = look
    picture = draw(*CASES[case], zoom=zoom, direction=direction, label_cells=label_cells, ascii=ascii_only)
    return picture_text(picture, colour=False)


def everything():
    return {**{name_of(look): drawn(look) for look in LOOKS}, "chatbot-ascii": drawn(LOOKS[0], ascii_only=True)}


@pytest.mark.parametrize("name", [*map(name_of, LOOKS), "chatbot-ascii"])
def test_the_picture_is_the_one_that_was_looked_at(name):
    assert everything()[name] == (GALLERY / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_the_bytes_are_the_same_under_any_hash_seed(seed):
    script = "from test_graph_gallery import everything; print(repr(everything()))"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stdout == repr(everything()) + "\n"


def test_the_chatbot_fits_a_wide_and_low_panel_with_every_label():
    picture = draw(*CASES["chatbot"], zoom=Zoom.CHIPS)
    assert picture.width <= 74
    assert picture.height <= 10
    text = picture_text(picture, colour=False)
    for label in (
        "startProcess",
        "introduce.OnResult",
        "Exit",
        "UserInputReceived",
        "AssistantResponseGenerated",
        "STOP",
    ):
        assert label in text


def test_the_chatbot_fits_a_narrow_panel_as_boxes():
    picture = draw(*CASES["chatbot"], zoom=Zoom.BOXES, label_cells=16)
    assert picture.width <= 54
    assert picture.height <= 28


@pytest.mark.parametrize("name", CASES)
def test_no_row_ends_in_blanks_or_is_wider_than_the_picture(name):
    picture = draw(*CASES[name])
    rows = picture_text(picture, colour=False).splitlines()
    assert len(rows) == picture.height
    assert all(row == row.rstrip() and cell_len(row) <= picture.width for row in rows)


def test_colours_add_codes_and_change_nothing_else():
    import re

    picture = draw(*CASES["machine"])
    coloured = picture_text(picture, colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == picture_text(picture, colour=False)


def test_the_svg_is_well_formed_and_holds_every_name():
    from xml.etree import ElementTree as ET

    picture = draw(*CASES["orders"])
    image = ET.fromstring(picture_svg(picture))
    words = " ".join(node.text for node in image.iter() if node.text)
    assert all(node.name in words for node in CASES["orders"][0])


def test_drawing_to_plain_text_does_not_load_the_terminal_ui():
    script = "import sys, tui.graph; print('textual' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


if __name__ == "__main__":
    GALLERY.mkdir(exist_ok=True)
    for name, text in everything().items():
        (GALLERY / f"{name}.txt").write_text(text, encoding="utf-8")
