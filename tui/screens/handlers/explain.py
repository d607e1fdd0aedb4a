"""Asking why: what led to an event, or what a step waits for."""

import asyncio
from functools import partial

from process_core.errors import ProcessError
from process_core.session.client.explain_file import explain_file
from process_core.session.client.session import CommandRefused
from process_core.session.protocol.status import Explanation
from process_core.session.protocol.verbs import Explain
from process_core.suggestions import full_path
from tui.actions import Panel
from tui.commands.parser import read_number
from tui.run_controller import RefusedError
from tui.screens.dispatcher import ActionHandlers
from tui.screens.parts import ScreenParts
from tui.screens.presenter import Presenter
from tui.text.safe_text import safe

_NAME = 60


class ExplainHandler:
    """Explains an event or a step in the inspector, and keeps the answer true to the moment that is looked at."""

    def __init__(self, parts: ScreenParts, presenter: Presenter) -> None:
        self._parts = parts
        self._presenter = presenter
        self._question: Explain | None = None

    @property
    def actions(self) -> ActionHandlers:
        """What it does, by action."""
        return {
            "why": self.why,
        }

    async def why(self, argument: str) -> None:
        """Explain an event or a step, in the inspector."""
        parts, presenter = self._parts, self._presenter
        question = self._named(argument) if argument else self._selected()
        explanation = await self._explain(question)
        if presenter.run_file is None:
            raise RefusedError("nothing is recorded yet")
        self._question = question
        presenter.inspected_step = None
        parts.inspector.show_explanation(explanation)
        if parts.inserting or parts.panel is not Panel.INSPECTOR:
            parts.go_to(Panel.INSPECTOR)
        else:
            parts.workspace.show(Panel.INSPECTOR)

    def refresh(self) -> None:
        """Ask again what the inspector shows the answer to, for the moment that is looked at by now."""
        if self._question is not None and self._parts.inspector.shows_explanation:
            self._parts.later(partial(self._ask_again, self._question), "why")

    async def _ask_again(self, question: Explain) -> None:
        try:
            explanation = await self._explain(question)
        except (RefusedError, CommandRefused):
            return  # the answer of before is still the best there is
        if self._parts.inspector.shows_explanation and question is self._question:
            self._parts.inspector.show_explanation(explanation)

    async def _explain(self, question: Explain) -> Explanation:
        moment = self._presenter.moment
        if not moment.is_past and not moment.has_died:
            explanation: Explanation = await self._parts.control.ask(question)
            return explanation
        if self._presenter.run_file is None:
            raise RefusedError("nothing is recorded yet")
        until = moment.seq if moment.is_past else None
        try:
            return await asyncio.to_thread(explain_file, self._presenter.run_file.path, question, until)
        except ProcessError as error:
            raise RefusedError(str(error)) from None

    def _named(self, argument: str) -> Explain:
        control = self._parts.control
        seq = read_number(argument.lstrip("@#").replace(",", ""))
        if seq is not None:
            return Explain(seq=seq)
        argument = full_path(argument, control.steps)
        if argument in control.steps:
            return Explain(path=argument)
        argument = full_path(argument, control.functions)
        path, dot, function = argument.rpartition(".")
        if dot and argument in control.functions:
            return Explain(path=path, function=function)
        names = (*control.steps, *control.functions)
        raise RefusedError(f"why what? no event number or step {control.unknown(argument, names)}")

    def _selected(self) -> Explain:
        parts = self._parts
        waiting = parts.queue.selected_waiting if parts.panel is Panel.QUEUE else None
        if waiting is not None:
            return Explain(path=waiting.path, function=waiting.function)
        message = parts.queue.selected if parts.panel is Panel.QUEUE else None
        if message is not None:
            if message.seq is not None:
                return Explain(seq=message.seq)
            raise RefusedError(f"{safe(message.event_id, _NAME)} came from outside, and nothing recorded led to it")
        edge = parts.selected_edge if parts.panel is Panel.GRAPH else None
        if edge is not None and edge.target:
            return Explain(path=edge.target, function=edge.function)
        step = parts.selected_step if parts.panel is Panel.GRAPH else None
        if step is None and parts.panel is Panel.INSPECTOR:
            step = self._presenter.inspected_step
        if step is not None:
            return Explain(path=step)
        row = parts.timeline.selected
        if row is None:
            raise RefusedError("select an event or a step, or name it: why SEQ or why STEP")
        return Explain(seq=row.seq)
