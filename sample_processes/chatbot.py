"""A chat: an introduction, then ask and respond in a loop until you type "exit".

Replies come from an offline service. With the `openai` extra installed, `STEPSCOPE_CHAT=openai` and an API key in the
environment, the same process talks to a model instead: only the service changes.
"""

import os
from typing import Protocol

from pydantic import BaseModel

from process_core import Inject, Process, ProcessBuilder, ProcessEvent, Services, Step, StepContext, function


class Message(BaseModel):
    """One line of the conversation."""

    role: str
    text: str


class ChatState(BaseModel):
    """What the responder remembers."""

    messages: list[Message] = []


class ChatCompletion(Protocol):
    """Anything that can continue a conversation."""

    async def complete(self, messages: list[Message]) -> str:
        """Return the next line."""
        ...


class OfflineChat:
    """Answers from what was said, without a network; the same conversation always gets the same replies."""

    async def complete(self, messages: list[Message]) -> str:
        """Return the next line."""
        said = messages[-1].text.strip()
        turn = sum(message.role == "user" for message in messages)
        if not said:
            return "You said nothing. I can wait."
        if said.endswith("?"):
            return f"Good question. What would you expect {said[:-1].lower().split()[-1]} to be?"
        if said.lower() in {"hello", "hi", "hey"}:
            return "Hello! What are you working on?"
        if turn > 1:
            return f"That is {turn} messages now; the first was {messages[0].text!r}. Go on."
        return f"You said {said!r}. Tell me more."


class OpenAIChat:
    """Asks a model; needs the `openai` extra and OPENAI_API_KEY."""

    def __init__(self, model: str) -> None:
        from openai import AsyncOpenAI  # noqa: PLC0415 - an extra, needed only when it is chosen

        self._client = AsyncOpenAI()
        self._model = model

    async def complete(self, messages: list[Message]) -> str:
        """Return the next line."""
        history = [{"role": message.role, "content": message.text} for message in messages]
        reply = await self._client.chat.completions.create(model=self._model, messages=history)
        return reply.choices[0].message.content or ""


class Intro(Step):
    """Greets."""

    @function
    def introduce(self) -> str:
        """Greet, by printing as any program would."""
        print('Welcome! Say anything; "exit" ends the chat.')
        return "Hello"


class UserInput(Step):
    """Asks for the next line."""

    @function
    async def ask(self, context: StepContext) -> None:
        """Wait for the user, then say which way it goes."""
        text = await context.request_info("You", response_type=str)
        if text.strip().lower() == "exit":
            await context.emit_event("Exit", text)
        else:
            await context.emit_event("UserInputReceived", text)


class Response(Step[ChatState]):
    """Replies, and remembers the conversation."""

    @function(name="GetChatResponse")
    async def respond(self, context: StepContext, user_message: str, chat: Inject[ChatCompletion]) -> None:
        """Continue the conversation."""
        self.state.messages.append(Message(role="user", text=user_message))
        reply = await chat.complete(self.state.messages)
        self.state.messages.append(Message(role="assistant", text=reply))
        await context.yield_output(reply)
        await context.emit_event(ProcessEvent(id="AssistantResponseGenerated", data=reply))


def build_services() -> Services:
    """Choose who replies."""
    chat: ChatCompletion = OfflineChat()
    if os.environ.get("STEPSCOPE_CHAT") == "openai":
        chat = OpenAIChat(os.environ.get("STEPSCOPE_MODEL", "gpt-4o-mini"))
    return Services().add(ChatCompletion, chat)


def build() -> Process:
    """Wire the chat."""
    process = ProcessBuilder("ChatBot")
    intro = process.add_step(Intro)
    user = process.add_step(UserInput)
    response = process.add_step(Response, initial_state=ChatState())

    process.on_input_event("startProcess").send_event_to(intro)
    intro.on_function_result().send_event_to(user)
    user.on_event("Exit").stop_process()
    user.on_event("UserInputReceived").send_event_to(response, parameter="user_message")
    response.on_event("AssistantResponseGenerated").send_event_to(user)
    return process.build()
