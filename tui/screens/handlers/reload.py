"""What the debug screen does with edits of the code: shows what became of a save, and lets the user choose."""

from typing import Literal

from process_core.session.protocol.status import ReloadInfo
from process_core.session.protocol.verbs import Reload
from tui.actions import Panel
from tui.run_controller import RefusedError
from tui.screens.dispatcher import ActionHandlers
from tui.screens.parts import ScreenParts
from tui.screens.presenter import Presenter

_CHOICES: dict[str, Literal["reset", "keep", "back"]] = {"reset": "reset", "keep": "keep", "back": "back"}


class ReloadHandler:
    """Takes in edits, or settles what becomes of one that does not fit."""

    def __init__(self, parts: ScreenParts, presenter: Presenter) -> None:
        self._parts = parts
        self._presenter = presenter
        self._save_shown: ReloadInfo | None = None

    @property
    def actions(self) -> ActionHandlers:
        """What it does, by action."""
        return {
            "reload": self.reload,
        }

    async def reload(self, argument: str) -> None:
        """Take in edits, or settle what becomes of one that cannot be."""
        word, _, step = argument.strip().partition(" ")
        if word == "why":
            self._show_why()
        elif not word:
            await self._parts.control.ask(Reload(action="now"))
        elif word not in _CHOICES or (step and word != "reset"):
            raise RefusedError("reload, or reload why, keep, back, reset [STEP]")
        else:
            await self._parts.control.ask(Reload(action=_CHOICES[word], step=step.strip() or None))

    def _show_why(self) -> None:
        info = self._parts.status.reload
        if info is None:
            raise RefusedError("the running code is up to date")
        self._put_in_inspector(info)
        self._parts.go_to(Panel.INSPECTOR)

    def show_save(self) -> None:
        """Show what became of a save beside the graph, and take it away again when that is settled."""
        info = self._parts.status.reload
        if info is not None and info.state == "pending":
            info = None
        if info == self._save_shown:
            return
        self._save_shown = info
        if info is not None:
            self._put_in_inspector(info)
        elif self._parts.inspector.shows_reload:
            self._parts.inspector.clear()
            self._presenter.show_selected()

    def _put_in_inspector(self, info: ReloadInfo) -> None:
        parts = self._parts
        self._presenter.inspected_step = None
        parts.inspector.show_reload(info)
        shares = parts.workspace.area(Panel.INSPECTOR) is parts.workspace.area(Panel.CHAT)
        if not (shares and parts.inserting):  # who types an answer keeps it in sight; the banner says enough
            parts.workspace.show(Panel.INSPECTOR)
