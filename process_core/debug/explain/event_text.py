"""One event in one line, as somebody who asks why reads it."""

from typing import Final

from process_core.debug.explain.event_history import EventRecord

_SHOWN: Final = 80


def event_text(event: EventRecord) -> str:
    """Report what an event was.

    Args:
        event: The event.

    Returns:
        One line, without its seq.
    """
    path, who, event_id = event.path, _who(event), event.event_id
    data = bounded(event.preview)
    with_data = f" with {data}" if data else ""
    match event.type:
        case "event_emitted" if not path:
            return f"{event_id} came from outside{with_data}"
        case "event_emitted":
            return f"{who} emitted {event_id}{with_data}"
        case "executor_invoked":
            by = f" by {event_id}" if event_id else ""
            return f"{who} was called{by}{with_data}"
        case "executor_completed":
            return f"{who} completed" + (f" and returned {data}" if data and data != "null" else "")
        case "executor_failed":
            return f"{who} failed: {event.details.get('type', 'error')}: {bounded(event.message)}"
        case "executor_cancelled":
            return f"{who} was cancelled"
        case "request_info":
            return f"{who} asked {data}"
        case "response":
            return f"{who} was answered{with_data}"
        case "input_waiting":
            missing = event.details.get("missing")
            named = ", ".join(map(str, missing)) if isinstance(missing, list | tuple) else "its other inputs"
            return f"{event_id} reached {who}, which then still waited for {named}"
        case "warning":
            return f"warning {event.code}: {bounded(event.message)}"
        case "status":
            return f"the run was {event.state}"
        case _:
            return f"{event.type}{f' of {who}' if path else ''}{with_data}"


def bounded(text: str, limit: int = _SHOWN) -> str:
    """Bound a text to one short line.

    Args:
        text: The text.
        limit: The most characters.
    """
    text = " ".join(text.split()) if "\n" in text else text
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _who(event: EventRecord) -> str:
    return f"{event.path}.{event.function}" if event.function else event.path
