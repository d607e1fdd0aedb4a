"""Carries out the commands that change a paused run, and says what an editor needs to show."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from process_core.debug import Debugger, Editor, EditRecord
from process_core.events import NO_DATA
from process_core.payload_check import PayloadCheck
from process_core.runfile import to_plain
from process_core.runfile.codec.decode import decode
from process_core.runfile.codec.encode import encode
from process_core.session.protocol.edits import (
    DropMessage,
    DuplicateMessage,
    Editable,
    EditMessage,
    EditResult,
    EditState,
    ForceComplete,
    HoldMessage,
    Inject,
    MoveMessage,
    ReadMessage,
    ReadState,
    Undo,
)
from process_core.session.worker.command_errors import CommandError
from process_core.session.worker.status import bounded_status

TEXT: Final = 500
"""Characters of the line that says what was done."""
VALUE: Final = 4 * 1024 * 1024
"""Bytes of the largest value that is sent to be edited."""


class EditHandlers:
    """Hands commands on to the surgery of the run that is on.

    Args:
        debugger: Gives the debugger; raises where there is none.
    """

    def __init__(self, debugger: Callable[[], Debugger]) -> None:
        self._debugger = debugger

    def verbs(self) -> Mapping[type[Any], Callable[[Any], Awaitable[Any]]]:
        """Give what carries out each command."""
        return {
            MoveMessage: self._move,
            HoldMessage: self._hold,
            DropMessage: self._drop,
            DuplicateMessage: self._duplicate,
            ReadMessage: self._read_message,
            EditMessage: self._edit_message,
            Inject: self._inject,
            ReadState: self._read_state,
            EditState: self._edit_state,
            ForceComplete: self._force_complete,
            Undo: self._undo,
        }

    def _surgery(self) -> Editor:
        debugger = self._debugger()
        if debugger.run is None:
            raise CommandError("no_run", "no run has been started yet")
        return debugger.editor

    async def _move(self, command: MoveMessage) -> EditResult:
        return _told(self._surgery().move(command.message, command.place))

    async def _hold(self, command: HoldMessage) -> EditResult:
        surgery = self._surgery()
        return _told(surgery.hold(command.message) if command.held else surgery.let_go(command.message))

    async def _drop(self, command: DropMessage) -> EditResult:
        return _told(self._surgery().drop(command.message))

    async def _duplicate(self, command: DuplicateMessage) -> EditResult:
        return _told(self._surgery().duplicate(command.message))

    async def _edit_message(self, command: EditMessage) -> EditResult:
        return _told(self._surgery().edit(command.message, command.data))

    async def _inject(self, command: Inject) -> EditResult:
        data = command.data if command.has_data else NO_DATA
        return _told(self._surgery().inject(command.event, data, command.step))

    async def _edit_state(self, command: EditState) -> EditResult:
        return _told(self._surgery().edit_state(command.path, command.state))

    async def _force_complete(self, command: ForceComplete) -> EditResult:
        return _told(self._surgery().force_complete(command.path, command.result))

    async def _undo(self, _: Undo) -> EditResult:
        return _told(self._surgery().undo())

    async def _read_message(self, command: ReadMessage) -> Editable:
        data, annotation = self._surgery().payload(command.message)
        return editable(None if data is NO_DATA else data, annotation)

    async def _read_state(self, command: ReadState) -> Editable:
        state, kind = self._surgery().state(command.path)
        return editable(state, Any if kind is None else kind)


def editable(value: Any, annotation: Any) -> Editable:
    """Make a value ready to be edited as JSON.

    Args:
        value: Any payload or state.
        annotation: What an edited one is checked against.

    Returns:
        The value as plain JSON, whether it comes back as it is, and the schema of what is allowed.

    Raises:
        Refused: It is too large to be sent.
    """
    body = encode(value)
    if len(body) > VALUE:
        raise CommandError(
            "too_large", f"a value of {len(body)} bytes is too large to be edited; at most {VALUE} are sent"
        )
    plain = _json(to_plain(decode(body.decode())))
    return Editable(value=plain, is_exact=_comes_back(value, plain, annotation), schema_=_schema(annotation))


def _comes_back(value: Any, plain: Any, annotation: Any) -> bool:
    """Tell whether what the check makes of the JSON is what it was made from, down to the types within."""
    try:
        return encode(PayloadCheck(annotation)(plain)) == encode(value)
    except Exception:  # noqa: BLE001 - a check runs the user's own validators
        return False


def _schema(annotation: Any) -> dict[str, Any] | None:
    from pydantic import TypeAdapter  # noqa: PLC0415 - loaded where a value is edited

    if annotation is Any or annotation is object:
        return None
    try:
        return TypeAdapter(annotation).json_schema()
    except Exception:  # noqa: BLE001 - many a type has no schema, and says so in many ways
        return None


def _json(value: Any) -> Any:
    """Leave only what JSON can say; anything else becomes a text."""
    if isinstance(value, dict):
        return {bounded_status(str(key), TEXT): _json(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_json(part) for part in value]
    if isinstance(value, str):
        return bounded_status(value, VALUE)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and value - value == 0.0:  # neither infinite nor NaN
        return value
    return bounded_status(str(value), VALUE)


def _told(operation: EditRecord) -> EditResult:
    return EditResult(text=bounded_status(operation.text, TEXT), seq=operation.seq)
