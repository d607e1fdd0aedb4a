"""What the debug screen does with edits of the code: shows what became of a save, and lets the user choose."""

from collections.abc import Awaitable
from typing import Literal

from process_core.session.protocol.status import ReloadInfo, Status
from process_core.session.protocol.verbs import Reload
from tui.actions import Panel
from tui.run_controller import RefusedError
from tui.screens.told import Standing

_CHOICES: dict[str, Literal["reset", "keep", "back"]] = {"reset": "reset", "keep": "keep", "back": "back"}


class ReloadActions(Standing):
    """The debug screen, as far as it deals with saves."""

    _save_shown: ReloadInfo | None = None

    def do_reload(self, argument: str = "") -> Awaitable[None] | None:
        """Take in edits, or settle what becomes of one that cannot be."""
        word, _, rest = argument.strip().partition(" ")
        if word == "why":
            self._show_why()
            return None
        if not word:
            return self._ask(Reload(action="now"))
        if word not in _CHOICES or (rest and word != "reset"):
            raise RefusedError("reload, or reload why, keep, back, reset [STEP]")
        return self._ask(Reload(action=_CHOICES[word], step=rest.strip() or None))

    async def _ask(self, command: Reload) -> None:
        await self.control.ask(command)

    def _show_why(self) -> None:
        info = self.status.reload
        if info is None:
            raise RefusedError("every save is in force")
        self._put_in_inspector(info)
        self.go_to(Panel.INSPECTOR)

    def show_save(self, status: Status) -> None:
        """Show what became of a save beside the graph, and take it away again when that is settled.

        Args:
            status: Where the session stands.
        """
        info = status.reload if status.reload is not None and status.reload.state != "pending" else None
        if info == self._save_shown:
            return
        self._save_shown = info
        if info is not None:
            self._put_in_inspector(info)
        elif self.inspector.shows_reload:
            self.inspector.clear()
            self.show_selected()

    def show_selected(self) -> None:
        """Show the selected event in the inspector again."""
        selected = self.timeline.selected
        row = self.run_file.row(selected.seq) if selected is not None and self.run_file is not None else None
        if row is not None:
            self.inspector.show_event(self.run_file, row)

    def _put_in_inspector(self, info: ReloadInfo) -> None:
        self.inspected_step = None
        self.inspector.show_reload(info)
        shares = self.workspace.area(Panel.INSPECTOR) is self.workspace.area(Panel.CHAT)
        if not (shares and self.inserting):  # who types an answer keeps it in sight; the banner says enough
            self.workspace.show(Panel.INSPECTOR)
