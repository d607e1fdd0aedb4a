"""How many characters of what a process says are shown, by what it is and where it stands."""

from typing import Final

LABEL: Final = 40
"""Of a name where room is scarcest: in the mode line."""
NAME: Final = 80
"""Of a name on a line: an event id, a path, a function, a code."""
PREVIEW: Final = 200
"""Of a value, or of what a question or a failure says, beside other things on a line."""
MESSAGE: Final = 300
"""Of a message that has a line of its own."""
BLOCK: Final = 4000
"""Of a text that is wrapped, before the reader has to ask for more."""
