"""What became of a save that is not in force: what is wrong, where, and what can be done."""

from typing import Final

from process_core.session.protocol.status import ReloadInfo
from tui.inspector.outline import Item
from tui.text.safe_text import NAME, PREVIEW, safe, safe_lines
from tui.text.spans import Span, Tone

_LINES: Final = 400
_WIDTH: Final = 500
_TITLES: Final = {
    "pending": "The save is loaded and waits",
    "failed": "The save failed; the old code goes on",
    "unfit": "A state does not fit the save; the old code goes on",
}
_ADVICE: Final = {
    "pending": "It is in force at the end of the superstep, or when the run pauses.",
    "failed": "Correct it and save again.",
    "unfit": "Save again, or  :reload reset  starts the step again,  :reload keep  waits for the next save,"
    "  :reload back  goes on with the old code.",
}


def banner_text(info: ReloadInfo) -> str:
    """Return in one safe line what became of a save."""
    what = safe(info.message.partition("\n")[0], PREVIEW)
    if info.state == "unfit":
        steps = ", ".join(safe(path, NAME) for path in info.unfit)
        return f"save does not fit the state of {steps} — :reload reset | keep | back"
    return f"save failed: {what} — the old code goes on; :reload why shows more"


def reload_page(info: ReloadInfo) -> list[Item]:
    """Make the page of a save: what became of it, and what can be done."""
    tone = Tone.TITLE if info.state == "pending" else Tone.FAIL
    lines = [(_TITLES[info.state], tone), (_ADVICE[info.state], Tone.QUIET), ("", Tone.TEXT)]
    lines += [(line, _tone_of(line)) for line in safe_lines(info.message, _LINES, _WIDTH)]
    for number, problem in enumerate(info.problems, 1):
        where = ".".join(safe(part, NAME) for part in (problem.step, problem.function) if part)
        head = f"{number}. {safe(problem.code, NAME)}" + (f" at {where}" if where else "")
        lines += [(head, Tone.FAIL), (f"   {safe(problem.message)}", Tone.TEXT)]
        if problem.suggestion:
            lines.append((f"   {safe(problem.suggestion)}", Tone.QUIET))
    if info.traceback:
        lines += [("", Tone.TEXT), ("Traceback of your code", Tone.SECTION)]
        lines += [(line, Tone.TEXT) for line in safe_lines(info.traceback.rstrip(), _LINES, _WIDTH)]
    return [_item(place, text, tone) for place, (text, tone) in enumerate(lines)]


def _item(place: int, text: str, tone: Tone) -> Item:
    """Make a line of the page; what is too long for the panel goes on below."""
    return Item(f"line {place}", (Span(text, tone),), block=text, block_tone=tone, copy=lambda: text)


def _tone_of(line: str) -> Tone:
    return {"+": Tone.ADDED, "-": Tone.REMOVED}.get(line.strip()[:1], Tone.TEXT)
