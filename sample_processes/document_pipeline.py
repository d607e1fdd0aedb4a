"""A document: written, checked by two reviewers at once, and written again until both approve."""

import asyncio

from pydantic import BaseModel

from process_core import Process, ProcessBuilder, Step, StepContext, function


class Document(BaseModel):
    """What is being written."""

    title: str = "Release notes"
    text: str = ""
    version: int = 0


class Review(BaseModel):
    """What a reviewer says."""

    reviewer: str
    approved: bool
    remark: str = ""


class Drafts(BaseModel):
    """What the writer remembers."""

    document: Document = Document()
    remarks: list[str] = []


class Decisions(BaseModel):
    """What the editor remembers."""

    rounds: int = 0


class Writer(Step[Drafts]):
    """Writes, and writes again."""

    @function
    async def write(self, context: StepContext, title: str = "Release notes") -> None:
        """Write the first draft."""
        self.state.document = Document(title=title, text="teh debugger is fast", version=1)
        await context.emit_event("DraftWritten", self.state.document)

    @function
    async def revise(self, context: StepContext, remarks: list[str]) -> None:
        """Take the remarks in."""
        old = self.state.document
        self.state.remarks.extend(remarks)
        text = old.text
        if "spelling" in remarks:
            text = text.replace("teh", "the")
        if "evidence" in remarks:
            text += ": 21 ms a step, measured"
        self.state.document = old.model_copy(update={"text": text, "version": old.version + 1})
        await context.emit_event("DraftWritten", self.state.document)


class SpellCheck(Step):
    """Looks at the words."""

    @function
    async def check(self, document: Document) -> Review:
        """Find the usual slip."""
        await asyncio.sleep(0.25)
        approved = "teh" not in document.text
        return Review(reviewer="spelling", approved=approved, remark="" if approved else "spelling")


class FactCheck(Step):
    """Looks at the claims."""

    @function
    async def check(self, document: Document) -> Review:
        """Ask for figures."""
        await asyncio.sleep(0)  # no longer than a turn of the loop, so that this review always comes first
        approved = "measured" in document.text
        return Review(reviewer="facts", approved=approved, remark="" if approved else "evidence")


class Editor(Step[Decisions]):
    """Waits for both reviews, then decides."""

    @function
    async def decide(self, context: StepContext, spelling: Review, facts: Review) -> None:
        """Approve, or send it back with the remarks."""
        self.state.rounds += 1
        remarks = [review.remark for review in (spelling, facts) if not review.approved]
        if remarks:
            await context.emit_event("Rejected", remarks)
        else:
            await context.emit_event("Approved", f"after {self.state.rounds} rounds")


class Publisher(Step):
    """Publishes what was approved."""

    @function
    async def publish(self, context: StepContext, verdict: str) -> None:
        """Publish the verdict."""
        await context.yield_output(f"published {verdict}")
        await context.emit_event("Published")


def build() -> Process:
    """Wire the pipeline."""
    process = ProcessBuilder("DocumentPipeline")
    writer = process.add_step(Writer)
    spelling = process.add_step(SpellCheck)
    facts = process.add_step(FactCheck)
    editor = process.add_step(Editor)
    publisher = process.add_step(Publisher)

    process.on_input_event("DocumentWanted").send_event_to(writer, function="write")
    writer.on_event("DraftWritten").send_event_to(spelling).send_event_to(facts)
    spelling.on_function_result().send_event_to(editor, parameter="spelling")
    facts.on_function_result().send_event_to(editor, parameter="facts")
    editor.on_event("Rejected").send_event_to(writer, function="revise")
    editor.on_event("Approved").send_event_to(publisher)
    publisher.on_event("Published").stop_process()
    return process.build()
