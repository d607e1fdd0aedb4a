"""Finds payloads that were changed between emission and delivery: steps share them by reference (rule 38)."""

from collections.abc import Mapping
from typing import Any

from process_core.engine.recorder import Recorder
from process_core.engine.records import Invocation, Message
from process_core.runfile import RunFileWriter
from process_core.runfile.codec.encode import encode


class PayloadChanges:
    """Compares what is recorded of a payload when it is delivered with what was recorded when it was sent.

    Only what was encoded for the file anyway is looked at: containers and objects, not numbers and texts, which cannot
    change. Payloads that wait for longer than a superstep of the root are not looked at, for their sender's encoding,
    and the payload itself, would have to be kept for as long.

    Args:
        writer: Has the last encoding.

    Attributes:
        has_sent: Whether there is anything for `superstep_ended` to forget; asked at every superstep.
    """

    def __init__(self, writer: RunFileWriter) -> None:
        self._writer = writer
        self.has_sent = False
        self._sent: dict[int, tuple[int, Any, str]] = {}
        self._sent_before: dict[int, tuple[int, Any, str]] = {}
        self._warned: set[str] = set()

    def note(self, type: str, call: Invocation, seq: int, data: Any) -> None:  # noqa: A002 - the event's field
        """Look at a payload that was encoded just now."""
        body, self._writer.encoded = self._writer.encoded, None
        if body is None:
            return
        if type in ("event_emitted", "executor_completed"):
            self._sent[seq] = (hash(body), data, call.slot.path)
            self.has_sent = True
        elif type == "executor_invoked":
            for message in call.messages:
                if message.route.parameter is not None:
                    self._compare(message, call, seq, body)

    def superstep_ended(self) -> None:
        """Forget what was sent before the superstep of the root that is over."""
        self._sent_before, self._sent = self._sent, {}
        self.has_sent = bool(self._sent_before)

    def _compare(self, message: Message, call: Invocation, seq: int, body: bytes) -> None:
        sent = self._sent.get(message.seq) or self._sent_before.get(message.seq)
        if sent is None:
            if not message.source:  # what came from outside is compared with its first delivery
                self._sent[message.seq] = (hash(encode(message.data)), message.data, "")
                self.has_sent = True
            return
        digest, data, path = sent
        is_its_own = path == message.source or (path.startswith(f"{message.source}/") and "[" not in path)
        if message.data is not data or not is_its_own:
            return  # changed by hand, made of new classes, or gathered from several
        route = message.route.id
        if route in self._warned or hash(_only_value(body, message)) == digest or hash(encode(data)) == digest:
            return
        self._warned.add(route)
        sender = message.source or "the outside"
        call.scope.warn(
            "payload_changed",
            f"the payload of {message.event_id!r} from {sender} was changed after it was sent and before {call} got it:"
            " steps share payloads, so send a copy of what is changed later, or change a copy",
            call,
            causes=(message.seq, seq) if message.seq else (seq,),
            route=route,
            event_id=message.event_id,
            source=sender,
            target=str(call),
        )


def _only_value(body: bytes, message: Message) -> bytes:
    """Return the encoding of the value, where the arguments of a call hold no other."""
    start = b'{"%b":' % str(message.route.parameter).encode()
    return body[len(start) : -1] if body.startswith(start) else b""


class WatchingRecorder(Recorder):
    """A recorder of a run that is written to a file and observed otherwise, too.

    Args:
        recorder: The recorder whose place it takes.
        changes: Looks at the payloads.
    """

    __slots__ = ("_changes",)

    def __init__(self, recorder: Recorder, changes: PayloadChanges) -> None:
        super().__init__(recorder.run_id, recorder.sinks, copies=recorder.copies, clock=recorder.clock)
        self.seq = recorder.seq
        self._changes = changes

    def record_call(
        self,
        type: str,  # noqa: A002 - the field's name
        call: Invocation,
        superstep: int,
        data: Any = None,
        event_id: str | None = None,
        causes: tuple[int, ...] = (),
        route: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> int:
        """Record what a call does; see `Recorder.record_call`."""
        seq = super().record_call(type, call, superstep, data, event_id, causes, route, details)
        self._changes.note(type, call, seq, data)
        return seq
