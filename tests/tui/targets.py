"""Processes that the tests of the screens run."""

CHAT = """
from pydantic import BaseModel

from process_core import ProcessBuilder, Step, StepContext, function


class Memory(BaseModel):
    messages: list[str] = []


class Intro(Step):
    @function
    async def introduce(self, context: StepContext) -> str:
        await context.yield_output("Welcome!")
        return "Hello"


class UserInput(Step):
    @function
    async def ask(self, context: StepContext) -> None:
        text = await context.request_info("You", response_type=str)
        await context.emit_event("Exit" if text == "exit" else "UserInputReceived", text)


class Response(Step[Memory]):
    @function
    async def respond(self, context: StepContext, user_message: str) -> None:
        self.state.messages.append(user_message)
        await context.yield_output(f"you said {user_message}")
        await context.emit_event("AssistantResponseGenerated", user_message)


def build():
    process = ProcessBuilder("ChatBot")
    intro = process.add_step(Intro)
    user = process.add_step(UserInput)
    response = process.add_step(Response)
    process.on_input_event("startProcess").send_event_to(intro)
    intro.on_function_result().send_event_to(user)
    user.on_event("Exit").stop_process()
    user.on_event("UserInputReceived").send_event_to(response, parameter="user_message")
    response.on_event("AssistantResponseGenerated").send_event_to(user)
    return process.build()
"""

NUMBERS = """
from process_core import ProcessBuilder, Step, StepContext, function


class Ask(Step):
    @function
    async def age(self, context: StepContext) -> None:
        age = await context.request_info("How old?", response_type=int)
        await context.yield_output(f"next year {age + 1}")


class AskName(Step):
    @function
    async def name(self, context: StepContext) -> None:
        name = await context.request_info("What name?", response_type=str)
        await context.yield_output(f"hello {name}")


def build():
    process = ProcessBuilder("Numbers")
    ages = process.add_step(Ask)
    names = process.add_step(AskName)
    process.on_input_event("Go").send_event_to(ages).send_event_to(names)
    return process.build()
"""

HOSTILE_ID = "ev\\x1b]52;c;aGk=\\x07[/x][@click=app.quit]\\u202e"
HOSTILE = f"""
from process_core import ProcessBuilder, Step, StepContext, function

NASTY = "{HOSTILE_ID}"


class Nasty(Step):
    @function
    async def speak(self, context: StepContext) -> None:
        await context.yield_output(NASTY)
        text = await context.request_info(NASTY, response_type=str)
        await context.emit_event(NASTY, {{NASTY: NASTY}})


class Sink(Step):
    @function
    async def take(self, context: StepContext, value: dict) -> None:
        raise RuntimeError(NASTY)


def build():
    process = ProcessBuilder(NASTY)
    nasty = process.add_step(Nasty, name="N\\x9b2J\\u202eame")
    sink = process.add_step(Sink, name="S\\x1b2Jink")
    process.on_input_event(NASTY + "in").send_event_to(nasty)
    nasty.on_event(NASTY).send_event_to(sink)
    return process.build()
"""

LOOP = """
import asyncio

from process_core import ProcessBuilder, Step, StepContext, function


class Tick(Step):
    @function
    async def tick(self, context: StepContext, number: int = 0) -> None:
        await asyncio.sleep(0.03)
        await context.emit_event("Tick", number + 1)


def build():
    process = ProcessBuilder("Clock")
    tick = process.add_step(Tick)
    process.on_input_event("Go").send_event_to(tick)
    tick.on_event("Tick").send_event_to(tick, parameter="number")
    return process.build()
"""

ASK_AND_LOOP = LOOP.replace(
    'process.on_input_event("Go").send_event_to(tick)',
    'process.on_input_event("Go").send_event_to(tick).send_event_to(process.add_step(Ask))',
).replace(
    "def build",
    """class Ask(Step):
    @function
    async def ask(self, context: StepContext) -> None:
        await context.yield_output(await context.request_info("You", response_type=str))


def build""",
)

LATE_ASK = CHAT.replace(
    "        text = await",
    "        while not Path(__file__).with_name('now').exists():\n"
    "            await asyncio.sleep(0.01)\n"
    "        text = await",
).replace("from pydantic", "import asyncio\nfrom pathlib import Path\n\nfrom pydantic")
"""Asks once there is a file `now` beside it."""

FAILS = """
from process_core import ProcessBuilder, Step, function


class Bad(Step):
    @function
    async def go(self) -> None:
        raise ValueError("no such luck")


def build():
    process = ProcessBuilder("Fails")
    process.on_input_event("Go").send_event_to(process.add_step(Bad))
    return process.build()
"""

FIVE_PROBLEMS = """
from process_core import ProcessBuilder, Step, function


class Lone(Step):
    @function
    async def go(self, value: int) -> None: ...


def build():
    process = ProcessBuilder("Broken")
    lone = process.add_step(Lone)
    for name in ("one", "two", "three", "four", "five"):
        lone.on_event(name).send_event_to(lone, function="nope_" + name)
    return process.build()
"""

ORDERS = """
from dataclasses import dataclass
from process_core import ProcessBuilder, Step, StepContext, function

@dataclass
class Order:
    number: int

class Sends(Step):
    @function
    async def send(self, context: StepContext):
        context.emit_event("Out", Order(7))

class Takes(Step[list]):
    @function
    async def take(self, what: object, context: StepContext):
        raise OSError("closed")

def build():
    process = ProcessBuilder("Orders")
    sends, takes = process.add_step(Sends), process.add_step(Takes)
    process.on_input_event("Go").send_event_to(sends)
    sends.on_event("Out").send_event_to(takes)
    return process.build()
"""
"""A process that fails with a message on its way."""
RENAMED = ORDERS.replace("Order", "Purchase").replace('raise OSError("closed")', "context.yield_output(f'took {what}')")
"""The same, repaired, without the class of the message."""
