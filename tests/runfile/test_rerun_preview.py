"""What runs again when a recorded run goes on from an earlier superstep."""

from process_core import ProcessBuilder, Step, StepContext, function
from process_core.runfile import RunFile


class Relay(Step):
    @function
    async def relay(self, context: StepContext, value: int) -> None:
        await context.emit_event("Done", value + 1)


def deep():
    process = ProcessBuilder("Deep")
    inner = ProcessBuilder("inner")
    one, two = inner.add_step(Relay, name="One"), inner.add_step(Relay, name="Two")
    inner.on_input_event("go").send_event_to(one)
    one.on_event("Done").send_event_to(two)
    first = process.add_step(Relay, name="First")
    nested = process.add_process(inner)
    process.on_input_event("go").send_event_to(first)
    first.on_event("Done").send_event_to(nested.where_input_event_is("go"))
    return process.build()


async def test_what_is_shown_is_what_happens(tmp_path):
    process, path = deep(), tmp_path / "x.run"
    await process.run("go", 1, run_file=path)
    with RunFile(path) as file:
        preview = file.runs_again(1)
    async with process.start(resume_from=path, superstep=1, run_file=tmp_path / "fork.run") as run:
        await run.idle()
        again = [event.path for event in run.events if event.type == "executor_invoked"]
    assert sorted(again) == sorted(path for path, count in preview.calls for _ in range(count))


async def test_a_loop_is_counted(tmp_path):
    process = ProcessBuilder("Loop")
    count = process.add_step(Relay, name="Count")
    process.on_input_event("go").send_event_to(count)
    count.on_event("Done").when("data < 5").send_event_to(count)
    count.on_event("Done").otherwise().stop_process()
    await process.build().run("go", 0, run_file=tmp_path / "x.run")
    with RunFile(tmp_path / "x.run") as file:
        assert file.runs_again(1).calls == (("Count", 4),)
        assert file.runs_again(9) is None
