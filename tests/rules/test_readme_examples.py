"""The README's Python examples are what they say; `make types` checks their types."""

from process_core import RunState
from tests.check_examples import ROOT, module_of

README = (ROOT / "README.md").read_text(encoding="utf-8")


async def test_the_first_example_does_what_the_text_says(capsys):
    namespace = {"__name__": "readme"}
    exec(compile(module_of(README), "README.md", "exec", dont_inherit=True), namespace)
    result = await namespace["build"]().run("Visitor", "Ada")
    assert (result.state, result.step_states["Greeter"].seen) == (RunState.IDLE, 1)
    assert capsys.readouterr().out == "hello Ada, you are number 1\n"


def test_every_example_stands_at_its_own_line():
    lines = module_of(README).splitlines()
    shown = README.splitlines()
    assert sum(bool(line) and line.strip() == text.strip() for line, text in zip(lines, shown, strict=True)) > 25
