"""Safe text as a Textual content; apart from `safe_text`, because the plain command line needs that without Textual."""

from textual.content import Content

from tui.text.safe_text import LIMIT, safe


def safe_content(text: str, limit: int = LIMIT, style: str = "") -> Content:
    """Return a safe line for a Textual widget; what looks like markup stays text."""
    return Content.styled(safe(text, limit), style)
