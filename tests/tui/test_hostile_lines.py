"""Whatever is typed after `:`, `/` or into the filter is obeyed or refused in a line; it is never a fault of ours."""

import pytest
from driving import SAMPLES

from tui.commands.command_line import LineKind
from tui.commands.parser import read_number

N = "9" * 5000
LINES = (
    "²", "٣", N, "goto ²", f"goto {N}", "goto -1", "goto 0", "goto 1e5", "@²", "#²", f"hits 1 =={N}", "hits 1 ==²",
    f"resume {N}", "resume ²", "resume -1", f"move 1 {N}", "move 1 ²", "first ²", f"first {N}", "hold ²", f"hold {N}",
    f"edit 1 {N}", "edit 1 NaN", "edit ²", f"cond 1 data > {N}", "cond 1 \ud800", "why ²", "why #²", f"why {N}",
    f"why #{N}", "panel ²", f"filter seq:{N}", "filter seq:²", f"filter seq:1-{N}", "filter since:²",
    f"filter since:{N}",
    "filter text:\ud800", "filter \ud800", "filter [", f"filter {'a' * 60_000}", f"filter {'(' * 2000}",
    f"search {'a' * 60_000}", "search \ud800", "search \x00", "break \ud800", "break \x1b[2J", "break [[[[",
    f"break {'**/' * 500}", f"break {'a' * 100_000}", f"break Exit hits =={N}", "break Exit hits ==²",
    f"break Exit if {'(' * 2000}", f"break Exit log {'{data}' * 200}", f"back-to seq < {N}", "back-to \ud800",
    f"send startProcess {N}", f"send startProcess {'[' * 5000}", 'send startProcess "\ud800"', "send \ud800",
    "answer \ud800", f"answer {N}", "delete ²", f"delete {N}", f"delete {'1 ' * 5000}", "runto ²", "runto \ud800",
    f'state Response {{"messages":[{N}]}}', f"state Response {'[' * 5000}", "state \ud800", "enable ٣", "log 1 \ud800",
    f"complete Response {N}", f"inject Exit {N}", f"inject Exit {'[' * 5000} from UserInput", "inject \ud800",
    "inject Exit 1e999", "theme \ud800", f"theme {'x' * 5000}", f"max-supersteps {N}", "max-supersteps ²", "dup ²",
    f"drop {'1 ' * 5000}", "letgo ²", "zoom ²", f"reload {'x' * 1000}", "\ud800", "\x00", f"help {'²' * 50}",
)  # fmt: skip


@pytest.mark.parametrize(
    ("paused", "step"),
    [(True, 4), pytest.param(True, 1, marks=pytest.mark.slow), pytest.param(False, 1, marks=pytest.mark.slow)],
    ids=["a few", "paused", "waiting"],
)
async def test_no_line_is_a_fault(debug, faults, paused, step):
    async with debug(SAMPLES / "chatbot.py", paused=paused) as d:
        await d.settle()
        await d.command("break Exit")
        for line in LINES[::step]:
            d.screen.set_focus(d.screen.timeline)
            d.screen.line.on_entered(LineKind.COMMAND, line)
            await d.pilot._wait_for_screen()
            await d.app.workers.wait_for_complete()
            assert not faults, ascii(line[:60])
            while len(d.app.screen_stack) > 2:
                d.app.pop_screen()
        await d.press("escape")
        assert d.app.is_running


def test_numbers_are_ascii_and_of_few_digits():
    assert [read_number(text) for text in ("7", "0012", "²", "٣", "", "-1", "1e3", "9" * 16)] == [7, 12] + [None] * 6
