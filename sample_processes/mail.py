"""A mail desk: a letter is read, a condition decides its way, it is sent, and the process stops."""

from pydantic import BaseModel

from process_core import Process, ProcessBuilder, Step, StepContext, function


class Letter(BaseModel):
    """What comes in."""

    to: str = "team@example.org"
    subject: str = "Build is red"
    body: str = "The nightly build failed at 03:12."
    urgent: bool = True


class Outbox(BaseModel):
    """What a sender has sent."""

    sent: list[str] = []


class Reader(Step):
    """Reads a letter and passes it on."""

    @function
    async def read(self, context: StepContext, letter: Letter | None = None) -> None:
        """Take the letter, or the example."""
        await context.emit_event("LetterRead", letter or Letter())


class Summarise(Step):
    """Shortens what can wait."""

    @function
    def shorten(self, letter: Letter) -> Letter:
        """Keep the first sentence."""
        return letter.model_copy(update={"body": letter.body.split(".")[0] + "."})


class MailService(Step[Outbox]):
    """Sends letters."""

    @function
    async def send(self, context: StepContext, letter: Letter) -> None:
        """Send one, as far as a sample goes: into the outbox."""
        print(f"Sending {letter.subject!r} to {letter.to}")
        self.state.sent.append(f"{letter.to}: {letter.subject}")
        await context.yield_output(letter)
        await context.emit_event("MailSent", letter.subject)


def build() -> Process:
    """Wire the mail desk."""
    process = ProcessBuilder("MailDesk")
    reader = process.add_step(Reader)
    summarise = process.add_step(Summarise)
    mail = process.add_step(MailService)

    process.on_input_event("LetterArrived").send_event_to(reader)
    read = reader.on_event("LetterRead")
    read.when("data.urgent").send_event_to(mail)
    read.otherwise().send_event_to(summarise)
    summarise.on_function_result().send_event_to(mail)
    mail.on_event("MailSent").stop_process()
    return process.build()
