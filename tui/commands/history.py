"""What was typed on the command line before."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class History:
    """What was typed before; `older` and `newer` walk through it.

    Attributes:
        lines: From the oldest to the latest.
        limit: How many are kept.
    """

    lines: list[str] = field(default_factory=list)
    limit: int = 200
    _at: int | None = None
    _draft: str = ""

    def add(self, line: str) -> None:
        """Keep a line; the same one twice in a row is kept once."""
        self._at = None
        if line.strip() and self.lines[-1:] != [line]:
            self.lines.append(line)
            del self.lines[: -self.limit]

    def older(self, draft: str) -> str | None:
        """Return the line before, or None at the oldest; `draft` is what `newer` comes back to."""
        if self._at is None:
            self._draft, self._at = draft, len(self.lines)
        if self._at == 0:
            return None
        self._at -= 1
        return self.lines[self._at]

    def newer(self) -> str | None:
        """Return the line after, at last the draft; None where no walk began."""
        if self._at is None:
            return None
        self._at += 1
        if self._at >= len(self.lines):
            self._at = None
            return self._draft
        return self.lines[self._at]
