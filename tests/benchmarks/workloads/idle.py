"""The loop in a process with five hundred more steps that have nothing to do, beside the loop alone."""

from workloads.loop import QUICK, SIZE, Timed, engine, loop_builder

from process_core import Step, StepContext, function

__all__ = ["QUICK", "SIZE", "SUBJECTS"]

IDLE_STEPS = 500


class Idle(Step):
    @function
    async def go(self, context: StepContext, n: int) -> None:
        context.emit_event("Passed", n)


def crowded(size):
    builder = loop_builder("Crowded")
    idle = [builder.add_step(Idle, name=f"Idle{i}") for i in range(IDLE_STEPS)]
    source = builder.on_input_event("Unused")
    for step in idle:
        source.send_event_to(step)
    process = builder.build()

    async def once():
        await process.run("Start", size, collect_events=False, max_supersteps=size + 2)

    return Timed(once, size + 1)


SUBJECTS = {"engine": crowded, "loop alone": engine}
