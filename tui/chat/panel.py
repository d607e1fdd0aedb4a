"""The chat panel: the conversation, the question that is open, and the box it is answered in."""

from collections.abc import Callable
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from process_core.runfile import RunFile
from process_core.session.protocol.status import OpenRequest
from tui.chat.conversation import ChatReader
from tui.chat.transcript import KEPT, Transcript
from tui.moment import Moment
from tui.text.safe_content import safe_content
from tui.text.safe_text import safe
from tui.widgets.fault_boundary import FaultBoundary
from tui.widgets.text_box import History, TextBox

_NOTHING: Final = "nothing is asked now"
_ASKED_THEN: Final = "was asked then; cannot be answered from here"


class ChatPanel(FaultBoundary, Vertical):
    """A conversation with the process.

    Attributes:
        on_answer: Takes an answer that was entered: the question, and the text or None for the end of the input.
        on_early: Takes what was entered while nothing is asked; returns whether it waits for the next question.
    """

    DEFAULT_CSS = """
    ChatPanel { height: 1fr; }
    ChatPanel > #chat-note { height: auto; display: none; color: $warning; text-style: bold; }
    ChatPanel > #chat-question { height: auto; display: none; color: $primary; }
    ChatPanel > #chat-problem { height: auto; display: none; color: $error; text-style: bold; }
    ChatPanel > .said, ChatPanel > #chat-note.said, ChatPanel > #chat-question.said, ChatPanel > #chat-problem.said {
        display: block;
    }
    ChatPanel > Horizontal { height: 1; background: $panel; }
    ChatPanel > Horizontal > Static { width: 2; color: $accent; text-style: bold; }
    ChatPanel > Horizontal > TextBox { width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "recall(-1)", show=False),
        Binding("down", "recall(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.transcript = Transcript()
        self.box = TextBox(self._entered, _NOTHING)
        self._note = Static(id="chat-note", markup=False)
        self._question = Static(id="chat-question", markup=False)
        self._problem = Static(id="chat-problem", markup=False)
        self._reader: ChatReader | None = None
        self._requests: tuple[OpenRequest, ...] = ()
        self._current: str | None = None
        self._refused = ""
        self._asked_then: tuple[OpenRequest, ...] = ()
        self._file: RunFile | None = None
        self._drafts: dict[str, str] = {}
        self._answered: set[str] = set()  # accepted, and still listed in the status that is shown
        self._problem_of = ""
        self.on_answer: Callable[[OpenRequest, str | None], None] = lambda _request, _text: None
        self.on_early: Callable[[], bool] = lambda: False
        self._history = History()

    def compose(self) -> ComposeResult:
        """Build the parts; Textual calls this."""
        yield self.transcript
        yield self._note
        yield self._question
        yield self._problem
        with Horizontal():
            yield Static("» ", markup=False)
            yield self.box

    def action_page(self, way: int) -> None:
        """Scroll the conversation back (-1) or forward (1) while the text box has the focus."""
        if way < 0:
            self.transcript.scroll_page_up(animate=False)
        else:
            self.transcript.scroll_page_down(animate=False)

    def show(self, moment: Moment) -> bool:
        """Show what was said by then, and what is asked; what is typed stays.

        Returns:
            Whether the whole conversation was read by now: reading takes a few milliseconds at a time.
        """
        run_file = moment.run.file if moment.run is not None else None
        if run_file is not self._file:
            self._file = run_file
            self._reader = ChatReader(run_file, KEPT) if run_file is not None else None
            self.transcript.clear()
        is_complete = self._read()
        self.transcript.show_until(moment.seq if moment.is_past else None)
        self._ask(moment)
        return is_complete

    def _read(self) -> bool:
        if self._reader is None:
            return True
        entries, is_complete = self._reader.read()
        self.transcript.add(entries, skipped=self._reader.skipped)
        return is_complete

    def _ask(self, moment: Moment) -> None:
        """Offer the open questions; those of the present keep what was typed while others are looked at."""
        requests = moment.status.requests if not moment.has_died else ()
        refused = moment.refused.get("answer", "") if moment.is_past else ""
        then = requests if refused else ()
        if (refused, then) != (self._refused, self._asked_then):
            self._refused, self._asked_then = refused, then
            self._offer()
        if not refused:
            self._set_requests(requests)

    @property
    def request(self) -> OpenRequest | None:
        """The question that Enter answers."""
        if self._refused:
            return None
        return next((request for request in self._requests if request.request_id == self._current), None)

    def _set_requests(self, requests: tuple[OpenRequest, ...]) -> None:
        """Offer the open questions.

        Args:
            requests: All of them, the oldest first.
        """
        self._answered &= {request.request_id for request in requests}
        requests = tuple(request for request in requests if request.request_id not in self._answered)
        if requests == self._requests:
            return
        self._requests = requests
        self._drafts = {key: text for key, text in self._drafts.items() if any(r.request_id == key for r in requests)}
        if self.request is None:
            self._current = requests[0].request_id if requests else None
            if self._current is not None and not self.box.value:
                self._put(self._drafts.pop(self._current, ""))
        self._offer()

    def next_request(self) -> bool:
        """Choose the next of several open questions; return whether there is one. Each keeps what was typed for it."""
        ids = [request.request_id for request in self._requests]
        if len(ids) < 2 or self._current is None:  # noqa: PLR2004 - one is no choice
            return False
        self._drafts[self._current] = self.box.value
        self._current = ids[(ids.index(self._current) + 1) % len(ids)]
        self._put(self._drafts.get(self._current, ""))
        self._offer()
        return True

    def set_note(self, text: str) -> None:
        """Show why nothing moves; empty where it does."""
        self._note.update(safe_content(text))
        self._note.set_class(bool(text), "said")

    def accepted(self, request: OpenRequest, text: str) -> None:
        """The answer was taken: the box is emptied for the next."""
        request_id = request.request_id
        if not request.is_secret:
            self._history.add(text)
        self._drafts.pop(request_id, None)
        if self._current == request_id or self.box.value == text:
            self._put(self._drafts.pop(self._current, "") if self._current != request_id and self._current else "")
        self._say_problem("")
        if any(asked.request_id == request_id for asked in self._requests):
            self._answered.add(request_id)
            self._set_requests(self._requests)

    def refused(self, problem: str) -> None:
        """The answer was not taken: show why, and keep it."""
        self._say_problem(safe(problem))

    def last_text(self) -> str:
        """Return what was said last, for copying."""
        entries = self.transcript.entries
        return entries[-1].text if entries else ""

    def action_recall(self, step: int) -> None:
        """Put an earlier or later answer into the box."""
        line = self._history.older(self.box.value) if step < 0 else self._history.newer()
        if line is not None:
            self._put(line)

    def _put(self, text: str) -> None:
        self.box.value = text
        self.box.cursor_position = len(text)

    def _offer(self) -> None:
        request = self.request
        if request is None:
            self.box.placeholder = _ASKED_THEN if self._asked_then else _NOTHING
        else:
            how = "" if request.response_type.removesuffix(" | None") in _PLAIN_TYPES else " as JSON"
            self.box.placeholder = f"your answer, {_article(safe(request.response_type, 40))}{how}"
        self.box.password = request is not None and request.is_secret
        several = len(self._requests) > 1
        if request is not None and several:
            place = self._requests.index(request) + 1
            who, prompt = safe(request.path, 40), safe(request.prompt, 200)
            text = f"? question {place} of {len(self._requests)} · {who}: {prompt} · Ctrl+N next"
            self._question.update(safe_content(text))
        self._question.set_class(request is not None and several, "said")
        self._say_problem("")

    def keep_text(self) -> None:
        """Report that there is no question for what was entered, which stays in the box."""
        self._say_problem(f"{self._refused or _NOTHING}; text kept")

    @property
    def is_question_behind(self) -> bool:
        """Whether the status still lists a question that was answered, so that the next one is not known yet."""
        return bool(self._answered)

    def _say_problem(self, text: str) -> None:
        self._problem_of = self.box.value if text else ""
        self._problem.update(safe_content(f"✗ {text}" if text else ""))
        self._problem.set_class(bool(text), "said")

    def _entered(self, text: str | None) -> None:
        request = self.request
        if text is None and (request is None or not request.takes_end):
            self._say_problem("this question does not take the end of the input" if request is not None else _NOTHING)
        elif request is None:
            if self._refused or not self.on_early():
                self.keep_text()
        else:
            self.transcript.follow()
            self.on_answer(request, text)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.box.value != self._problem_of:
            self._say_problem("")


_PLAIN_TYPES = frozenset({"", "Any", "bool", "date", "datetime", "float", "int", "str", "SecretStr"})
"""Types whose answers are written as they are read."""


def _article(name: str) -> str:
    name = name.removesuffix(" | None")
    if name in ("str", "", "Any"):
        return "a text"
    if name == "SecretStr":
        return "a secret (not recorded)"
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
