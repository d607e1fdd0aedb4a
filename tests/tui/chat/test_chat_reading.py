"""Steps that read standard input or a password, answered in the chat."""

from driving import debugging, freeze_cursors

READS = """
from pydantic import SecretStr

from process_core import ProcessBuilder, Step, StepContext, function


class Reads(Step):
    @function
    async def work(self, context: StepContext) -> None:
        word = await context.request_info("Token", response_type=SecretStr | None)
        lines = []
        while (line := await context.request_info("", response_type=str | None)) is not None:
            lines.append(line)
        await context.yield_output(f"{len(word.get_secret_value())} letters, {len(lines)} lines")


def build():
    process = ProcessBuilder("Reads")
    process.on_input_event("Go").send_event_to(process.add_step(Reads))
    return process
"""


async def test_a_password_is_masked_and_not_recalled_and_ctrl_d_ends_the_input(tmp_path, monkeypatch):
    freeze_cursors(monkeypatch.setattr)
    (tmp_path / "reads.py").write_text(READS)
    async with debugging("reads.py", tmp_path / "runs", cwd=tmp_path) as d:
        await d.until("your answer, a secret (not recorded)")
        await d.command("answer hush")
        await d.until("must not be seen")
        d.screen.parts.line.close()
        await d.press("a")
        await d.type("hush")
        assert "••••" in await d.until("••••")
        await d.press("enter")
        await d.until(lambda: [request.response_type for request in d.status.requests] == ["str | None"])
        await d.until("your answer, a text")
        await d.press("up")
        assert d.screen.chat.box.value == ""
        await d.answer("one")
        await d.until(lambda: d.status.requests and d.status.requests[0].request_id == "request-3")
        await d.press("ctrl+d")
        assert "4 letters, 1 lines" in await d.until("4 letters, 1 lines")
        assert "hush" not in d.text
