"""From the name of an action to the handler that does it; what goes wrong is reported, and harms nothing."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from process_core.runfile import RunFileError
from process_core.session.client.session import RESTARTED, CommandRefused
from tui.actions import Action
from tui.run_controller import RefusedError
from tui.screens.parts import ScreenParts
from tui.text.safe_text import safe
from tui.widgets.fault_boundary import note_fault

ActionHandlers = Mapping[str, Callable[..., Any]]
"""What does each action, by its name; a handler that takes a verb's argument has one parameter."""


class Dispatcher:
    """Does actions; a verb that no handler knows is sent with what was typed for it.

    Args:
        parts: The screen's parts.
        handlers: The actions of each handler; each action has one.
        refused: Returns the actions that cannot be done now, with the reason.
    """

    def __init__(
        self, parts: ScreenParts, handlers: Iterable[ActionHandlers], refused: Callable[[], Mapping[str, str]]
    ) -> None:
        self._parts = parts
        self._refused = refused
        self.handlers: dict[str, Callable[..., Any]] = {}
        for actions in handlers:
            twice = self.handlers.keys() & actions.keys()
            if twice:
                raise ValueError(f"these actions have two handlers: {', '.join(sorted(twice))}")
            self.handlers.update(actions)

    def perform(
        self,
        action: Action,
        argument: str = "",
        *,
        report: Callable[[str], None] | None = None,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        """Do an action.

        Args:
            action: Which.
            argument: As after its verb.
            report: Takes what was wrong in place of the last line.
            done: Called when it was done or refused: before this returns, or once the worker has answered.
        """
        outcome = self._begin(action, argument, report)
        if outcome is None:
            done()
            return
        work = self._finish(action, outcome, report, done)
        self._parts.screen.run_worker(work, group="actions", exit_on_error=False)

    def _begin(self, action: Action, argument: str, report: Callable[[str], None] | None) -> Awaitable[Any] | None:
        """Begin an action; return what is left to be waited for."""
        handler = self.handlers.get(action.name)
        reason = self._refused().get(action.name)
        if reason is not None:
            self._report(reason, report)
            return None
        try:
            if handler is None:
                outcome = self._send_verb(action, argument)
            else:
                outcome = handler(argument) if _takes_argument(handler) else handler()
        except (RefusedError, RunFileError) as error:
            self._report(str(error), report)
            return None
        except Exception as error:  # noqa: BLE001 - a fault of one action must not end the app and the run with it
            self._broke(action, error)
            return None
        return outcome if inspect.isawaitable(outcome) else None

    async def _send_verb(self, action: Action, argument: str) -> None:
        """Send a verb that needs nothing of the screen but its words."""
        names = self._parts.names().by_kind()
        self._parts.say(await self._parts.control.send_verb(action.verb, argument, names))

    async def _finish(
        self, action: Action, outcome: Awaitable[Any], report: Callable[[str], None] | None, done: Callable[[], None]
    ) -> None:
        try:
            await outcome
        except (RefusedError, RunFileError) as error:
            self._report(str(error), report)
        except CommandRefused as error:
            self._report(error.failure.message if error.failure.code != RESTARTED else "", report)
        except Exception as error:  # noqa: BLE001 - as above
            self._broke(action, error)
        finally:
            done()

    def _broke(self, action: Action, error: Exception) -> None:
        self._parts.say(note_fault(self._parts.screen, f"“{action.title}”", error), "error")

    def _report(self, text: str, report: Callable[[str], None] | None) -> None:
        if not text:
            return
        if report is not None:
            report(text)
        else:
            self._parts.say(safe(text), "error")


def _takes_argument(handler: Callable[..., Any]) -> bool:
    parameters = inspect.signature(handler).parameters.values()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return any(p.kind in positional and p.default is inspect.Parameter.empty for p in parameters)
