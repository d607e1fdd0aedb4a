"""The check of the project's words finds each kind of use, and no plain English."""

from pathlib import Path

import pytest

from tests.check_words import findings


@pytest.mark.parametrize(
    ("code", "line", "word"),
    [
        ("class StepCrew: ...", 1, "crew"),
        ("x = 1\ndef surgery_of(x): ...", 2, "surgery"),
        ("# nobody is told\n", 1, "told"),
        ('def f():\n    """Read.\n\n    Begins anew.\n    """', 4, "anew"),
        ('def f():\n    """Give it."""', 2, "Give (opens a docstring)"),
        ('raise ValueError("Take the run up")', 1, "Take the run up"),
        ("print(f'{x} is at rest')", 1, "at rest"),
        ("class DebugGate: ...", 1, "DebugGate"),
    ],
)
def test_a_word_is_found_where_it_stands(code, line, word):
    assert (line, word) in [(found[0], found[1]) for found in findings(Path("x.py"), code)]


def test_a_file_is_named_too():
    assert [found[1] for found in findings(Path("inbox.py"), "")] == ["inbox"]


@pytest.mark.parametrize(
    "code",
    ['"""Return the rest of it, and give it a name."""', "x = 1  # of course\n", "frozen = True"],
)
def test_plain_english_is_fine(code):
    assert list(findings(Path("x.py"), code)) == []
