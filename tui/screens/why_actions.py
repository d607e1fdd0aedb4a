"""Asking why: what led to an event, or what a step waits for."""

import asyncio

from process_core.errors import ProcessError
from process_core.session.client.explain_file import explain_file
from process_core.session.protocol.explanation import Explanation
from process_core.session.protocol.verbs import Explain
from tui.actions import Panel
from tui.run_controller import RefusedError
from tui.screens.run_actions import RunActions
from tui.text.safe_text import safe
from tui.text.step_names import full_path

_NAME = 60


class WhyActions(RunActions):
    """The handler of the action that explains."""

    async def do_why(self, argument: str = "") -> None:
        """Explain an event or a step, in the inspector."""
        question = self._asked_of(argument) if argument else self._selected_question()
        explanation = await self.explained(question)
        if self.run_file is None:
            raise RefusedError("nothing is recorded yet")
        self.inspected_step = None
        self.inspector.show_explanation(self.run_file, explanation)
        if self.inserting or self.panel is not Panel.INSPECTOR:
            self.go_to(Panel.INSPECTOR)
        else:
            self.workspace.show(Panel.INSPECTOR)

    async def explained(self, question: Explain) -> Explanation:
        """Ask for the answer.

        Args:
            question: Why.

        Returns:
            The answer.
        """
        moment = self.moment_seq
        if moment is not None or self.control.session.died is not None:
            return await self.explained_by_file(question, moment)
        found: Explanation = await self.control.ask(question)
        return found

    @property
    def moment_seq(self) -> int | None:
        """Seq of the event of the past that is looked at; None in the present."""
        return None

    async def explained_by_file(self, question: Explain, until: int | None) -> Explanation:
        """Answer from what is recorded, in a thread with a reader of its own.

        Args:
            question: Why.
            until: The last event that counts; None for the end.

        Returns:
            The answer.

        Raises:
            RefusedError: There is no such thing, or the file cannot be read.
        """
        if self.run_file is None:
            raise RefusedError("nothing is recorded yet")
        try:
            return await asyncio.to_thread(explain_file, self.run_file.path, question, until)
        except ProcessError as error:
            raise RefusedError(str(error)) from None

    def _asked_of(self, argument: str) -> Explain:
        digits = argument.lstrip("@#").replace(",", "")
        if digits.isascii() and digits.isdigit():
            return Explain(seq=int(digits))
        argument = full_path(argument, self.control.steps)
        if argument in self.control.steps:
            return Explain(path=argument)
        argument = full_path(argument, self.control.functions)
        path, dot, function = argument.rpartition(".")
        if dot and argument in self.control.functions:
            return Explain(path=path, function=function)
        known = (*self.control.steps, *self.control.functions)
        raise RefusedError(f"why what? no event number or step {self.control.unknown(argument, known)}")

    def _selected_question(self) -> Explain:
        waiting = self.queue.selected_waiting if self.panel is Panel.QUEUE else None
        if waiting is not None:
            return Explain(path=waiting.path, function=waiting.function)
        message = self.queue.selected if self.panel is Panel.QUEUE else None
        if message is not None:
            if message.seq is not None:
                return Explain(seq=message.seq)
            raise RefusedError(f"{safe(message.event_id, _NAME)} came from outside, and nothing recorded led to it")
        edge = self.selected_edge if self.panel is Panel.GRAPH else None
        if edge is not None and edge.target:
            return Explain(path=edge.target, function=edge.function)
        step = self.selected_step if self.panel is Panel.GRAPH else None
        if step is None and self.panel is Panel.INSPECTOR:
            step = self.inspected_step
        if step is not None:
            return Explain(path=step)
        row = self.timeline.selected
        if row is None:
            raise RefusedError("select an event or a step, or name it: why SEQ or why STEP")
        return Explain(seq=row.seq)
