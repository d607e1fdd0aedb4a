"""The palette's entries, from the action registry and the names of the process."""

from collections.abc import Iterator
from typing import NamedTuple

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.actions import Action, action_of, actions, key_text
from tui.commands.command_line import LineKind
from tui.screens.closes_once import ClosesOnce
from tui.screens.debug_screen import DebugScreen
from tui.text.safe_text import safe


class Entry(NamedTuple):
    """Something to choose.

    Attributes:
        text: What it is called, safe.
        help: What it does, safe.
        action: Name of the action.
        argument: As after its verb.
    """

    text: str
    help: str
    action: str
    argument: str = ""


def entries(events: tuple[str, ...]) -> Iterator[Entry]:
    """Yield an entry for each action that the palette lists, then a breakpoint for each event of the process."""
    for action in actions():
        if action.palette:
            yield Entry(action.title, _help(action), action.name)
    for event in events:
        yield Entry(f"Break on {safe(event, 60)}", "Pause before this event is delivered", "break", event)


def _help(action: Action) -> str:
    ways = [key_text(key) for key in action.keys[:1]] + ([f":{action.word}"] if action.word else [])
    return f"{action.help} [{' or '.join(ways)}]" if ways else action.help


class Palette(ClosesOnce, CommandPalette):
    """Textual's palette, which a double click closes once."""


class ActionProvider(Provider):
    """Offers the actions of the debug screen."""

    async def discover(self) -> Hits:
        """Offer everything while nothing is typed; Textual calls this."""
        for entry in self._entries():
            yield DiscoveryHit(Content(entry.text), self._command(entry), entry.text, Content(entry.help))  # type: ignore[arg-type]  # Textual shows any visual

    async def search(self, query: str) -> Hits:
        """Offer what fits; Textual calls this."""
        matcher = self.matcher(query)
        for entry in self._entries():
            score = max(matcher.match(entry.text), 0.6 * matcher.match(entry.help))
            if score > 0:
                shown = Content(entry.text)
                yield Hit(score, shown, self._command(entry), entry.text, Content(entry.help))  # type: ignore[arg-type]  # Textual shows any visual

    def _entries(self) -> Iterator[Entry]:
        screen = self.screen
        return entries(screen.control.events) if isinstance(screen, DebugScreen) else iter(())

    def _command(self, entry: Entry) -> "_Command":
        assert isinstance(self.screen, DebugScreen)
        return _Command(self.screen, entry)


class _Command:
    """Does an entry, once for all clicks on it; those that need an argument ask for it on the command line."""

    def __init__(self, screen: DebugScreen, entry: Entry) -> None:
        self._screen = screen
        self._entry = entry
        self._is_done = False

    def __call__(self) -> None:
        if self._is_done:
            return
        self._is_done = True
        action = action_of(self._entry.action)
        if action.needs_argument and not self._entry.argument:
            self._screen.line.open(LineKind.COMMAND, f"{action.word} ")
        elif self._entry.argument:
            self._screen.perform(action, self._entry.argument)
        else:
            self._screen.action_act(action.name)
