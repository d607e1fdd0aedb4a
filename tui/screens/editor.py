"""The editor of a payload or a state: JSON in a box, checked as it is typed; nothing typed is lost to a refusal."""

import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar, Final

from textual import events
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Static, TextArea

from process_core import safe_files
from process_core.session.protocol.verbs import Editable
from tui.queue.controller import json_of
from tui.run_controller import RefusedError
from tui.screens.closes_once import ClosesOnce
from tui.text.safe_text import clip, safe
from tui.widgets.fault_boundary import FaultBoundary

_WRAPPED: Final = 20_000
"""Characters up to which long lines are wrapped; beyond, that would cost at every key."""
_TYPED: Final = 1_500_000
"""Characters up to which a text can be typed into here."""
_LEAST: Final = 12
_AROUND: Final = 10
"""Rows for what is typed, and what is said above and below it."""
_HEAD: Final = 4_000
_CHECK_AFTER: Final = 0.15
_EDITOR: Final = "vi"


def as_text(value: Any) -> str:
    """Write a value as JSON that can be edited on a terminal.

    Args:
        value: Plain JSON.

    Returns:
        Indented JSON; characters that cannot be shown are written as escapes.
    """
    return shown_as_escapes(json.dumps(value, indent=2, ensure_ascii=False))


def shown_as_escapes(text: str) -> str:
    """Replace characters that a terminal acts on, or that cannot be seen, by the escapes JSON has for them.

    Args:
        text: JSON, or what is to become part of it.

    Returns:
        A text that means the same within a JSON string.
    """
    if text.isascii() and all(line.isprintable() for line in text.split("\n")):
        return text
    return "".join(c if c in "\n\t" or safe(c) == c else json.dumps(c)[1:-1] for c in text.replace("\r\n", "\n"))


def edited_outside(editor: str, text: str) -> tuple[int, str]:
    """Let another program edit a text; the terminal is its own meanwhile.

    Args:
        editor: Command line of the program.
        text: The text.

    Returns:
        The code that it ended with, and the text as it is now.

    Raises:
        OSError: It cannot be run.
        ValueError: The command line has an open quote, or what was written is no UTF-8.
    """
    with tempfile.TemporaryDirectory(prefix="stepscope-") as folder:
        path = Path(folder) / "value.json"
        with os.fdopen(safe_files.create(path), "w", encoding="utf-8") as file:
            file.write(text)
        code = subprocess.call([*shlex.split(editor), str(path)])  # noqa: S603 - the user's own editor
        return code, path.read_text(encoding="utf-8")


class JsonArea(FaultBoundary, TextArea):
    """The box; what is pasted into it cannot act on the terminal."""

    DEFAULT_CSS = """
    JsonArea, JsonArea:focus { border: none; padding: 0; height: 1fr; background: $surface; }
    """

    async def _on_paste(self, event: events.Paste) -> None:
        text = shown_as_escapes(event.text).replace("\x7f", "\\u007f")
        await super()._on_paste(events.Paste(text.expandtabs(4)))
        event.stop()
        event.prevent_default()


class EditorScreen(FaultBoundary, ClosesOnce, ModalScreen[str]):
    """Edits a value; gives back what was done with it, or nothing where it was left.

    Args:
        title: What is edited, safe.
        editable: Its value.
        save: Puts another value in its place and says what was done; refuses with a `RefusedError`.
        draft: A text that was left unsaved before.
    """

    DEFAULT_CSS = """
    EditorScreen { align: center middle; }
    EditorScreen > Vertical {
        width: 110; max-width: 96%; height: 80%; max-height: 40; padding: 0 1;
        background: $surface; border: round $accent; border-title-color: $accent;
    }
    EditorScreen #about, EditorScreen #problem { height: auto; max-height: 3; }
    EditorScreen #head { height: 1fr; color: $foreground 80%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f2", "save", show=False, priority=True),
        Binding("ctrl+e", "outside", show=False, priority=True),
        Binding("escape", "leave", show=False, priority=True),
        Binding("ctrl+c", "nothing", show=False),
    ]

    def __init__(self, title: str, editable: Editable, save: Callable[[Any], Awaitable[str]], draft: str = "") -> None:
        super().__init__()
        self._title = title
        self._editable = editable
        self._save = save
        self._began = as_text(editable.value)
        self._text = draft or self._began
        self._is_long = len(self._text) > _TYPED
        self._has_draft = bool(draft) and draft != self._began
        self._box: JsonArea | None = None
        self._checking: Timer | None = None
        self._is_saving = False
        self._asked_to_leave = False
        self.problem = ""
        self.draft = ""

    def compose(self) -> ComposeResult:
        """Build the page; Textual calls this."""
        with Vertical() as page:
            if len(self._text) < _WRAPPED:
                page.styles.height = max(_LEAST, self._text.count("\n") + _AROUND)
                page.styles.max_height = "90%"
            page.border_title = Content(f" {self._title} ")
            page.border_subtitle = "Ctrl+S saves · Ctrl+E $EDITOR · Esc leaves"
            yield Static(self._about(), id="about", markup=False)
            if self._is_long:
                yield Static(id="head", markup=False)
            else:
                is_short = len(self._text) <= _WRAPPED
                self._box = JsonArea(self._text, soft_wrap=is_short, show_line_numbers=True, tab_behavior="indent")
                yield self._box
            yield Static(id="problem", markup=False)

    def on_mount(self) -> None:
        """Begin to type."""
        if self._box is not None:
            self._box.focus()
        else:
            self._show_head()
        if self._has_draft:
            self._say("this is what you left unsaved; Ctrl+Z goes back no further", "warning")
            self._check()

    def _about(self) -> Content:
        lines = []
        if not self._editable.is_exact:
            lines.append("▲ JSON cannot show all of it: what you do not change here stays as it is")
        fields = _fields(self._editable.schema_)
        if fields:
            lines.append(fields)
        return Content.styled("\n".join(lines), "$foreground 75%") if lines else Content("")

    def _show_head(self) -> None:
        head = "\n".join(clip(safe(line, 400), 160) for line in self._text[:_HEAD].split("\n")[:30])
        words = f"{len(self._text):,} characters are too many to type in here: Ctrl+E edits them in $EDITOR.\n\n"
        self.query_one("#head", Static).update(Content.styled(words, "bold") + Content(f"{head}\n…"))

    @property
    def text(self) -> str:
        """What stands there."""
        return self._box.text if self._box is not None else self._text

    # Checking

    def on_text_area_changed(self) -> None:
        """Look whether it is JSON, once the typing rests."""
        self._asked_to_leave = False
        if self._checking is not None:
            self._checking.stop()
        self._checking = self.set_timer(_CHECK_AFTER, self._check)

    def _check(self) -> Any:
        self._checking = None
        try:
            value = json_of(self.text)
        except RefusedError as error:
            self._say(str(error), "error")
            return None
        if self.problem:
            self._say("")
        return value

    def _say(self, text: str, level: str = "error") -> None:
        self.problem = text if level == "error" else ""
        styles = {"error": "bold $error", "warning": "bold $warning"}
        mark = "✗" if level == "error" else "▲"
        self.query_one("#problem", Static).update(
            Content.styled(f"{mark} {safe(text, 600)}", styles[level]) if text else Content("")
        )

    # Keys

    def action_nothing(self) -> None:
        """Let the key mean nothing: it would end the app's run behind this page."""

    async def action_save(self) -> None:
        """Save; where it is refused, the text stays and the reason stands below it."""
        if self._is_saving:
            return
        try:
            value = json_of(self.text)
        except RefusedError as error:
            self._say(str(error))
            return
        self._is_saving = True
        try:
            done = await self._save(value)
        except RefusedError as error:
            self._say(str(error))
        else:
            self.dismiss(done)
        finally:
            self._is_saving = False

    def action_leave(self) -> None:
        """Leave; where something was changed, the second time, and even then it is kept for the next time."""
        changed = self.text not in (self._began, "")
        if changed and not self._asked_to_leave:
            self._asked_to_leave = True
            self._say("not saved: Ctrl+S saves; Esc again leaves, and the text is kept for the next time", "warning")
            return
        self.draft = self.text if changed else ""
        self.dismiss("")

    def action_outside(self) -> None:
        """Edit the text in the editor that the environment names."""
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or _EDITOR
        try:
            with self.app.suspend():
                code, text = edited_outside(editor, self.text)
        except SuspendNotSupported:
            self._say("this terminal cannot be handed to an editor")
            return
        except (OSError, ValueError) as error:
            self._say(f"{editor} could not be run: {error}; set EDITOR")
            return
        if code:
            self._say(f"{editor} ended with code {code}; the text is as before")
            return
        self._text = shown_as_escapes(text.removesuffix("\n"))
        if self._box is not None:
            self._box.load_text(self._text)
        else:
            self._show_head()
        self._check()


def _fields(schema: dict[str, Any] | None) -> str:
    """Return what may be written, in a line."""
    properties = (schema or {}).get("properties")
    if isinstance(properties, dict) and properties:
        required = (schema or {}).get("required") or ()
        named = [f"{name}{'' if name in required else '?'}: {_kind(field)}" for name, field in properties.items()]
        return f"fields: {safe(', '.join(named), 300)}"
    kind = _kind(schema) if schema else ""
    return f"wanted: {safe(kind, 200)}" if kind and kind != "any" else ""


def _kind(schema: Any) -> str:
    if not isinstance(schema, dict):
        return "any"
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema and isinstance(schema["anyOf"], list):
        return " or ".join(_kind(option) for option in schema["anyOf"][:4])
    kind = str(schema.get("type") or "any")
    if kind == "array" and "items" in schema:
        return f"list of {_kind(schema['items'])}"
    return {"object": str(schema.get("title") or "object"), "string": "text"}.get(kind, kind)
