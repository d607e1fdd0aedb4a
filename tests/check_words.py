"""Fails where the code uses a word that the project has given up: in names, docstrings, comments and messages.

Run by `make words`; prints `file:line: word -> what to write instead`.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOTS: Final = ("process_core", "tui", "sample_processes")

# Anywhere: in a name, a docstring, a comment, a message.
WORDS: Final = {
    "told": "reported, shown, warned",
    "tell": "report, show, warn",
    "tells": "reports, shows, warns",
    "telling": "reporting, showing",
    "anew": "again",
    "crew": "runner",
    "stewardship": "(in the runner)",
    "standing": "run state",
    "ledger": "run state",
    "workbench": "queue",
    "desk": "controller, editor",
    "chronicle": "debug events",
    "stranded": "undeliverable",
    "sieve": "filter",
    "kin": "causality",
    "album": "picture cache",
    "inset": "minimap",
    "surgery": "editing",
    "renewal": "code swap",
    "carrier": "migrator",
    "carry": "migrate, take, hold",
    "backlog": "pending messages, write buffer",
    "misfit": "mismatch",
    "thaw": "load",
    "thawing": "loading",
    "thaws": "loads",
    "freeze": "dump",
    "freezing": "dumping",
    "freezes": "dumps",
    "sleeper": "parkable process",
    "inbox": "join buffer",
}
# In names only: plain English elsewhere.
NAMES: Final = {
    "course": "stepping",
    "moments": "occurrence",
    "yields": "outputs",
    "web": "crossing reduction",
    "stage": "picture view, prepare",
    "armed": "(in Debugger)",
    "endings": "end report",
    "shortfall": "end report",
    "surgeon": "editor",
    "intake": "write queue",
    "tally": "step counts",
    "reviver": "reconstructor",
    "speakers": "attribution",
    "situation": "run state",
    "evidence": "event history",
    "resting": "idle",
}
# Whole identifiers.
IDENTIFIERS: Final = {
    "MapCrew": "MapRunner",
    "StepSlot": "StepInstance",
    "Firing": "ReadyCall",
    "Rebinder": "PlanSwap",
    "Rebound": "SwapResult",
    "Kept": "MapElementStates",
    "Forced": "ForcedResult",
    "Lost": "DiscardedWork",
    "DebugGate": "PauseController",
    "LastWords": "CrashFlush",
    "FromSource": "UncachedSourceLoader",
    "RunUntil": "RunAtEvent",
    "Opened": "LoadedTarget",
    "Outcomes": "(in the runner)",
    "Questions": "requests",
    "Refused": "CommandError",
    "Place": "EventSite",
    "Stranded": "Undeliverable",
    "SurgeryDesk": "edit handlers",
    "Act": "EditResult",
}
# In docstrings, comments and messages.
PHRASES: Final = {
    r"\bat rest\b": "idle",
    r"\b(?:comes?|came|coming) to rest\b": "become idle",
    r"\bresting\b": "idle",
    r"\bno rest\b": "did not become idle",
    r"\b(?:take|takes|took|taken|taking|takeup) (?:\w+ ){0,3}up\b": "resume",
    r"\bgone on with\b": "resumed",
}
DOCSTRING_OPENINGS: Final = {
    r"Gives?\b": "Return",
    r"Says?\b": "Return, Report",
    r"Tells?\b": "Return, Report",
}

# (end of a path, word): reason.
ALLOWED: Final[dict[tuple[str, str], str]] = {
    ("sample_processes/chatbot.py", "tell"): "the chatbot talks like that",
    ("sample_processes/mail.py", "desk"): "where mail is sorted",
    ("sample_processes/nested_order.py", "desk"): "something to order",
    ("sample_processes/nested_order.py", "ledger"): "where parcels are entered",
    ("sample_processes/nested_order.py", "intake"): "where orders come in",
    ("runfile/read/run_at_event.py", "stranded"): "a key of checkpoints on disk",
    ("engine/checkpoint.py", "stranded"): "a key of checkpoints on disk",
    ("resume/recorded_values.py", "stranded"): "a key of checkpoints on disk",
}

_WORD = re.compile(r"[A-Za-z]+")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


def findings(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, word and suggestion for every word of a file that is given up."""
    for line, is_name, piece in _pieces(text):
        if is_name:
            yield from ((line, word, instead) for word, instead in _in_name(piece))
        else:
            yield from ((line + at, word, instead) for at, word, instead in _in_prose(piece))
    for line, docstring in _docstrings(text):
        for pattern, instead in DOCSTRING_OPENINGS.items():
            match = re.match(pattern, docstring)
            if match:
                yield line, f"{match.group()} (opens a docstring)", instead
    for word, instead in _in_name(path.stem):
        yield 1, word, instead


def _pieces(text: str) -> Iterator[tuple[int, bool, str]]:
    """Yield line, whether it is a name, and text, of every name, comment and string."""
    strings = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING), tokenize.COMMENT}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            yield token.start[0], True, token.string
        elif token.type in strings:
            yield token.start[0], False, token.string


def _in_name(name: str) -> Iterator[tuple[str, str]]:
    if name in IDENTIFIERS:
        yield name, IDENTIFIERS[name]
    for part in _PART.findall(name):
        word = part.lower()
        instead = WORDS.get(word) or NAMES.get(word)
        if instead:
            yield word, instead


def _in_prose(text: str) -> Iterator[tuple[int, str, str]]:
    for match in _WORD.finditer(text):
        instead = WORDS.get(match.group().lower())
        if instead:
            yield text.count("\n", 0, match.start()), match.group(), instead
    for pattern, instead in PHRASES.items():
        for match in re.finditer(pattern, text, re.IGNORECASE):
            yield text.count("\n", 0, match.start()), match.group(), instead


def _docstrings(text: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                yield node.body[0].lineno, docstring


def is_allowed(path: Path, word: str) -> bool:
    """Return whether a word may stand in a file all the same."""
    return any(str(path).endswith(end) and word.lower() == allowed for end, allowed in ALLOWED)


def main(roots: tuple[str, ...]) -> int:
    """Print every finding below some folders; return 1 if there is any."""
    count = 0
    for path in sorted(path for root in roots for path in Path(root).rglob("*.py")):
        for line, word, instead in sorted(set(findings(path, path.read_text(encoding="utf-8")))):
            if not is_allowed(path, word):
                print(f"{path}:{line}: {word} -> {instead}")
                count += 1
    print(f"{count} words to replace" if count else "no word to replace")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:]) or ROOTS))
