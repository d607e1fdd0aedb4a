"""How a run is observed and held: instruments see what happens in it, a controller decides when its calls may begin."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from process_core.events import WorkflowEvent

if TYPE_CHECKING:
    from process_core.engine.join_buffer import ReadyCall
    from process_core.engine.records import (
        CallScope,
        Invocation,
        MapRecord,
        Message,
        ProcessRecord,
        RunRecord,
        StepInstance,
    )


class RunInstrument:
    """Observes a run; override what you need, the rest costs nothing.

    A run binds only the methods that an instrument overrides, when it is attached (`RunRecord.attach`), so a hook
    that nobody uses costs one truth test. Instruments are called in the order they were attached: the recorder of the
    run file first, for what it writes has to stand before what a debugger makes of it, then the debugger. One attached
    with `first=True` comes before all of them.
    """

    def run_started(self, run: "RunRecord") -> None:
        """The run is about to record its first event."""

    def invocation_started(self, call: "Invocation") -> None:
        """A call begins; its `executor_invoked` is recorded."""

    def invocation_completing(self, call: "Invocation") -> None:
        """A call has returned; its `executor_completed` is the next event."""

    def invocation_ended(self, call: "Invocation") -> None:
        """A call has completed, failed or was cancelled, and that is recorded."""

    def invocation_rolled_back(self, call: "Invocation") -> None:
        """A call has failed or was cancelled, and its step's state is as it stays."""

    def event_emitted(self, call: "Invocation", event_id: str, data: Any, seq: int) -> None:
        """A call has emitted a process event."""

    def warning(self, scope: "CallScope", event: WorkflowEvent) -> None:
        """A warning is recorded."""

    def superstep_ended(self, process: "ProcessRecord") -> None:
        """A process has committed its superstep; its `superstep_completed` is not recorded yet."""

    def state_replaced(self, step: "StepInstance") -> None:
        """A step was given another state by hand; the `operator` event follows."""

    def queue_changed(self) -> None:
        """An idle run was changed by hand."""

    def code_reloaded(self, digests: Mapping[str, str]) -> None:
        """The run goes on with other code; `digests` has the changed sources."""

    def run_changed(self) -> None:
        """Something that a screen shows has changed."""


HOOKS: Final = tuple(name for name in vars(RunInstrument) if not name.startswith("_"))


def bound_hooks(instrument: RunInstrument) -> dict[str, Callable[..., None]]:
    """Return the hooks that an instrument overrides, by name."""
    hooks = {name: getattr(instrument, name) for name in HOOKS}
    return {
        name: hook
        for name, hook in hooks.items()
        if getattr(hook, "__func__", None) is not getattr(RunInstrument, name)
    }


SLICE_SECONDS: Final = 0.02
"""How long calls run one after another before others of the loop get a turn; calls may never suspend by themselves."""
TURNS: Final = 3
"""Turns of the loop that others get then: a command that came from a thread wakes a task, which carries it out."""


class RunController(Protocol):
    """Stands between messages and the calls they lead to; a debugger's way to hold a run."""

    def take(self, process: "ProcessRecord", batch: "Sequence[Message]") -> None:
        """See the messages of a batch that begins."""

    def holds(self, batch: "Sequence[Message]") -> bool:
        """Whether any of these messages may have to wait; if not, the driver runs at full speed."""

    async def dispatch(
        self, process: "ProcessRecord", ready: "list[ReadyCall]", start: "Callable[[Invocation], None]"
    ) -> None:
        """Start the calls of a batch, each when its message may be delivered."""

    def holds_elements(self, record: "MapRecord") -> bool:
        """Whether any element of a map that begins may have to wait."""

    async def dispatch_elements(self, record: "MapRecord", start: "Callable[[Invocation], None]") -> None:
        """Start the calls of a map's elements, each when it may begin."""

    async def opened(self, scope: "CallScope") -> None:
        """Wait while the run is paused or is to be, before a call of this scope whose message was delivered begins."""

    @property
    def has_to_settle(self) -> bool:
        """Whether a batch that is about to end has to come to `settle` first."""

    async def settle(self, process: "ProcessRecord") -> None:
        """Pause before a batch ends, where something in it asked for that."""

    async def before_idle(self, root: "ProcessRecord", *, ends: bool) -> None:
        """Pause before the run becomes idle, or ends, where something asked for that."""

    def abandon(self) -> None:
        """Hold nothing any more, since the run ends."""
