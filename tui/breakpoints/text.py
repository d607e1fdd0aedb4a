"""The text form of a breakpoint: what `:break` takes is what is written when one is edited, to be read back.

`PLACE [before|after|emit] [hits ==3|>=3|%3] [once] [if PREDICATE] [log TEMPLATE]`. A place is an event id or a step
path (a glob too: of events where it fits any, else of steps), or says which: `event X`, `step X`, `function X`,
`route X`, `error [TYPE]`, `warning [CODE]`, `quiescence`, `state STEP[.path]`. Names with spaces stand in double
quotes. A log template goes on to the end of the line, but for flags that end it.
"""

import json
import re
from collections.abc import Collection, Iterator
from typing import Any, Final, NamedTuple

from process_core.predicate import LogTemplate, PredicateError, compile_predicate
from process_core.runfile import matches_event, without_index
from process_core.session.protocol.breakpoints import BreakpointSpec
from process_core.session.protocol.status import Loaded
from process_core.suggestions import full_path

WHENS: Final = ("before", "after", "emit")
FIELDS: Final = ("event", "step", "function", "route")
KINDS: Final = ("error", "warning", "quiescence", "state")
_GLOB: Final = frozenset("*?[")
_HITS: Final = re.compile(r"(?:==|>=|%)\s*[0-9]{1,9}\Z")
_CLAUSES: Final = frozenset({*WHENS, "hits", "once", "if", "log"})
_OPEN: Final = {"(": ")", "[": "]", "{": "}"}


class BreakTextError(ValueError):
    """A text that is not a breakpoint; says what is wrong with it and what to write."""


class Names(NamedTuple):
    """The names that a bare place may mean.

    Attributes:
        events: Event ids.
        steps: Step paths.
    """

    events: Collection[str] = ()
    steps: Collection[str] = ()


def names_of(loaded: Loaded) -> Names:
    """Return the names that a bare place may mean in a process."""
    events = dict.fromkeys([*loaded.input_events, *(edge.event_id for edge in loaded.edges)])
    return Names(tuple(events), tuple(node.path for node in loaded.nodes))


def read_breakpoint(text: str, names: Names) -> BreakpointSpec:
    """Return the breakpoint that a text after `:break` describes, without an id.

    Raises:
        BreakTextError: It cannot be read.
    """
    place, rest = split_place(text.strip(), names)
    return BreakpointSpec.model_validate({**place, **dict(_clauses(rest))})


def write_breakpoint(spec: BreakpointSpec, names: Names) -> str:
    """Return a breakpoint as the text that `read_breakpoint` reads."""
    words = [_place_text(spec, names)]
    if spec.when != "before":
        words.append(spec.when)
    if spec.hits:
        words.append(f"hits {spec.hits}")
    if spec.once:
        words.append("once")
    if spec.condition is not None:
        words.append(f"if {spec.condition.strip()}")
    if spec.log is not None:
        words.append(f"log {_template_text(spec.log)}")
    return " ".join(words)


def check_condition(text: str) -> str:
    """Return a predicate without space at its ends.

    Raises:
        BreakTextError: It is not a predicate; the text says where.
    """
    text = text.strip()
    if not text:
        raise BreakTextError("if needs a condition, such as: if data.total > 10")
    try:
        compile_predicate(text)
    except PredicateError as error:
        raise BreakTextError(_pointed(error)) from None
    return text


def check_log(text: str) -> str:
    """Return a log template.

    Raises:
        BreakTextError: It is not a log template; the text says where.
    """
    if not text.strip():
        raise BreakTextError("log needs a text, such as: log total is {data.total}")
    try:
        LogTemplate(text)
    except PredicateError as error:
        raise BreakTextError(_pointed(error)) from None
    return text


def check_hits(text: str) -> str:
    """Return a hit count (`==3`, `>=3` or `%3`; a number alone means `==`) without space.

    Raises:
        BreakTextError: It is not a hit count.
    """
    squeezed = "".join(text.split())
    if squeezed.isascii() and squeezed.isdigit():
        squeezed = f"=={squeezed}"
    if not _HITS.match(squeezed) or not int(squeezed.lstrip("=>%")):
        raise BreakTextError(f"hits is ==N, >=N or %N with N of at least 1, not {text.strip() or 'nothing'!r}")
    return squeezed


def _pointed(error: PredicateError) -> str:
    near = error.text[error.column - 1 : error.column + 19]
    where = f", at {near!r}" if near.strip() and near.isprintable() else ""
    return f"{error.problem} (column {error.column}{where})"


# Reading the place


def split_place(text: str, names: Names) -> tuple[dict[str, Any], str]:
    """Return the fields of the place that a text after `:break` begins with, and the text after it.

    Raises:
        BreakTextError: There is no place.
    """
    if not text:
        raise BreakTextError(
            "break on what? an event id, a step, error, warning, quiescence, state STEP.path, route ID, function NAME"
        )
    place: dict[str, Any] = {}
    word, _, after = text.partition(" ")
    if word == "state":
        return _take_state(after.lstrip(), names)
    if word in KINDS:
        place["kind"] = word
        text = after.lstrip()
        if word != "quiescence" and text and _first(text) not in {*_CLAUSES, *FIELDS}:
            place["code"], text = _take_name(text, ())
    while _first(text) in FIELDS:
        field, _, after = text.partition(" ")
        candidates = names.events if field == "event" else names.steps if field == "step" else ()
        if not after.strip():
            raise BreakTextError(f"{field} needs a name after it")
        if field in place:
            raise BreakTextError(f"{field} is named twice")
        place[field], text = _take_name(after.lstrip(), candidates)
    if not place:
        quoted = text.startswith('"')
        name, text = _take_name(text, [*names.events, *names.steps])
        place = {"event": name} if quoted and name not in names.steps else _bare(name, names)
    return place, text


def _bare(name: str, names: Names) -> dict[str, Any]:
    if name in names.events:
        return {"event": name}
    path, dot, function = name.rpartition(".")
    path = full_path(path, names.steps)
    if dot and function and path in names.steps:
        return {"step": path, "function": function}
    name = full_path(name, names.steps)
    if name in names.steps or without_index(name) in names.steps or "/" in name:
        return {"step": name}
    is_glob = bool(_GLOB & set(name))
    # Automatic ids (`work.OnResult`) may be caught as they are emitted though no route names them.
    is_of_events = any(matches_event(name, event) for event in names.events) or name.rpartition(".")[2][:2] == "On"
    return {"step": name} if is_glob and not is_of_events else {"event": name}


def _take_name(text: str, known: Collection[str]) -> tuple[str, str]:
    """Take a name from the beginning: a quoted one, one that is known (it may hold spaces), or a word."""
    if text.startswith('"'):
        try:
            name, end = json.JSONDecoder().raw_decode(text)
        except ValueError:
            raise BreakTextError('the name has no closing " (a quote within it is written \\")') from None
        if text[end : end + 1].strip():
            raise BreakTextError(f"a space is needed after the quoted name, before {text[end : end + 20]!r}")
        return str(name), text[end:].lstrip()
    fitting = [name for name in known if name and (text == name or text.startswith(f"{name} "))]
    name = max(fitting, key=len) if fitting else text.split(None, 1)[0]
    return name, text[len(name) :].lstrip()


def _take_state(text: str, names: Names) -> tuple[dict[str, Any], str]:
    """Take a step, quoted or not, and the path of a value in its state, which follows it at once: `Cart.items[0]`."""
    if text.startswith('"'):
        try:
            step, end = json.JSONDecoder().raw_decode(text)
        except ValueError:
            raise BreakTextError('the step has no closing " (a quote within it is written \\")') from None
    else:
        steps = [name for name in names.steps if text.startswith(name) and text[len(name) :][:1] in ("", " ", ".", "[")]
        step = max(steps, key=len, default="")
        if not step:
            word = _first(text)
            outer, slash, name = word.rpartition("/")
            step = outer + slash + re.split(r"\.|\[(?!\*|\d+\][./])", name, maxsplit=1)[0]
        end = len(step)
    if not step:
        raise BreakTextError("state of which step? such as: state Cart.total")
    path = text[end : end + _end_of_path(text[end:])]
    place = {"kind": "state", "step": full_path(str(step), names.steps)}
    if path.lstrip("."):
        place["state"] = path.removeprefix(".")
    return place, text[end + len(path) :].lstrip()


def _end_of_path(text: str) -> int:
    """Find the first space outside of quotes and brackets."""
    depth = at = 0
    while at < len(text):
        if text[at] in "\"'":
            at = _end_of_string(text, at)
            continue
        depth += (text[at] == "[") - (text[at] == "]")
        if text[at].isspace() and depth <= 0:
            break
        at += 1
    return min(at, len(text))


def _first(text: str) -> str:
    return text.split(None, 1)[0] if text.strip() else ""


# Reading the clauses


def _clauses(text: str) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    while text:
        word = _first(text)
        body = text[len(word) :].lstrip()
        name = "when" if word in WHENS else word
        if word not in _CLAUSES:
            raise BreakTextError(f"{word!r} is not understood; what can follow: before|after|emit, hits, once, if, log")
        if name in seen:
            raise BreakTextError(f"{name} is given twice")
        seen.add(name)
        if word in WHENS:
            yield "when", word
            text = body
        elif word == "once":
            yield "once", True
            text = body
        elif word == "hits":
            head = _first(body)
            extra = _first(body[len(head) :].lstrip()) if head in ("==", ">=", "%") else ""
            taken = body[: body.index(extra, len(head)) + len(extra)] if extra else head
            yield "hits", check_hits(taken)
            text = body[len(taken) :].lstrip()
        elif word == "if":
            end = _end_of_condition(body)
            yield "condition", check_condition(body[:end])
            text = body[end:].lstrip()
        else:
            template, text = _take_template(body)
            yield "log", check_log(template)


def _end_of_condition(text: str) -> int:
    """Find where the next clause begins: its word stands outside of all quotes and brackets."""
    depth, at = 0, 0
    while at < len(text):
        character = text[at]
        if character in "\"'":
            at = _end_of_string(text, at)
            continue
        if character in _OPEN:
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif depth <= 0 and (at == 0 or text[at - 1].isspace()) and _first(text[at:]) in _CLAUSES - {"if"}:
            return at
        at += 1
    return len(text)


def _end_of_string(text: str, at: int) -> int:
    quote = text[at]
    at += 1
    while at < len(text) and text[at] != quote:
        at += 2 if text[at] == "\\" else 1
    return at + 1


def _take_template(text: str) -> tuple[str, str]:
    """Take a template: a quoted one, or all of the line but for the flags at its end."""
    if text.startswith('"'):
        try:
            template, end = json.JSONDecoder().raw_decode(text)
        except ValueError:
            template, end = "", 0
        if end and not text[end : end + 1].strip():
            return str(template), text[end:].lstrip()
    template = text
    while True:
        flag = re.search(r"\s(once|before|after|emit|hits\s+(?:==|>=|%)?\s*[0-9]{1,9})\s*\Z", template)
        if flag is None:
            return template.rstrip(), text[len(template) :].lstrip()
        template = template[: flag.start()]


# Writing


def _place_text(spec: BreakpointSpec, names: Names) -> str:
    if spec.kind == "state":
        return _state_text(spec, names)
    fields: dict[str, str] = {field: value for field in FIELDS if (value := getattr(spec, field)) is not None}
    wanted = {**fields, **({"kind": spec.kind} if spec.kind != "event" else {})}
    if spec.code is not None:
        wanted["code"] = spec.code
    short = [*fields.values()] if len(fields) == 1 and spec.kind == "event" else []
    if spec.kind == "event" and set(fields) == {"step", "function"}:
        short.append(f"{fields['step']}.{fields['function']}")
    for text in short:
        if text.isprintable() and _reads_as(text, wanted, names):
            return text
    words: list[str] = [spec.kind] if spec.kind != "event" else []
    if spec.code is not None:
        words.append(word_of(spec.code, ()))
    for field, value in fields.items():
        candidates = names.events if field == "event" else names.steps if field == "step" else ()
        words += [field, word_of(value, candidates)]
    return " ".join(words)


def _state_text(spec: BreakpointSpec, names: Names) -> str:
    wanted = {"kind": "state", "step": spec.step, **({"state": spec.state} if spec.state else {})}
    path = spec.state or ""
    path = path if not path or path.startswith("[") else f".{path}"
    plain = f"state {spec.step}{path}"
    return plain if plain.isprintable() and _reads_as(plain, wanted, names) else f"state {json.dumps(spec.step)}{path}"


def _reads_as(text: str, wanted: dict[str, Any], names: Names) -> bool:
    # Read with a clause behind it: a name that ends where another, longer one goes on must not swallow what follows.
    try:
        return all(split_place(text + more, names) == (wanted, more.lstrip()) for more in ("", " once", " if data"))
    except BreakTextError:
        return False


def word_of(name: str, known: Collection[str]) -> str:
    """Return a name as it is read as one word, in quotes where needed; `known` names may hold spaces."""
    plain = (
        name and name.isprintable() and not name.startswith('"') and _first(name) not in {*_CLAUSES, *FIELDS, *KINDS}
    )
    if plain and _take_name(f"{name} once", known) == (name, "once"):
        return name
    return json.dumps(name)


def _template_text(template: str) -> str:
    plain = template.isprintable() and template == template.strip() and not template.startswith('"')
    return template if plain and _take_template(template) == (template, "") else json.dumps(template)
