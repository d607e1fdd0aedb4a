"""What the debug screen says of where things stand: mode line, banner, footer, headers, and what was loaded."""

from process_core.events import RunState
from process_core.graph import Node
from process_core.session.protocol.status import Loaded, Status
from tui.actions import Panel
from tui.inspector.reload_page import banner_text
from tui.run_controller import RunControl
from tui.screens.graph_overlay import failure_seq
from tui.screens.panel_borders import Badge
from tui.screens.parts import DebugParts
from tui.status.keys import BUSY
from tui.status.mode import ModeState
from tui.text.safe_text import safe


class Standing(DebugParts):
    """The debug screen, as far as it tells."""

    _failed_in = ""
    _died_in = ""

    def __init__(self, control: RunControl) -> None:
        super().__init__(control)
        self._problems: dict[int, str] = {}

    def show_loaded(self, loaded: Loaded) -> None:
        """Show the graph of what was loaded.

        Args:
            loaded: What was found.
        """
        self.edges = loaded.edges
        self.graph.set_graph(loaded.nodes, loaded.edges)
        self.timeline.set_lanes([node.path for node in loaded.nodes])
        if loaded.warnings:
            first, *others = loaded.warnings
            more = f" (and {len(others)} more)" if others else ""
            self.say(f"{safe(first.code)}: {safe(first.message)}{more}", "warning")
        self.show_lines()

    def say_waiting(self, text: str) -> None:
        """Say what is being waited for; empty for nothing.

        Args:
            text: A safe text.
        """
        self.loading_text = text
        self.show_lines()

    def show_step(self, path: str) -> None:
        """Show a step in the inspector.

        Args:
            path: Which.
        """
        loaded = self.control.loaded
        node = next((n for n in loaded.nodes if n.path == path), None) if loaded is not None else None
        if node is not None and self.run_file is not None:
            self.inspected_step = path
            self.show_node(node)
        self.show_lines()

    def show_node(self, node: Node) -> None:
        """Show a step in the inspector, as it stands.

        Args:
            node: Which.
        """
        assert self.run_file is not None
        self.inspector.show_step(self.run_file, node, self.status)

    def view(self) -> ModeState:
        """Give what the mode line shows."""
        loaded = self.control.loaded
        return ModeState(
            name=loaded.name if loaded is not None else "",
            status=self.status,
            died=self.control.session.died is not None,
            loading=self.loading_text,
            insert=self.inserting,
            held=self.queue.held if self.status.pending else 0,
        )

    def show_lines(self) -> None:
        """Bring mode line, footer, banner and headers up to date."""
        view = self.view()
        self.mode_line.show(view)
        self.keys_line.show(view, self.panel)
        self._show_banner(view)
        self.show_badges()

    def _show_banner(self, view: ModeState) -> None:
        status = view.status
        if view.died:
            self.banner.show(self._said_died())
        elif status.blocked_for >= BUSY:
            where = ", ".join(safe(path, 40) for path in status.running) or "the target's code"
            seconds = int(status.blocked_for)
            self.banner.show(f"worker busy in {where} for {seconds} s — R restarts it, or wait", "warning")
        elif status.reload is not None and status.reload.state != "pending":
            self.banner.show(banner_text(status.reload), "warning" if status.reload.state == "unfit" else "error")
        elif status.state is RunState.FAILED:
            self.banner.show(f"the run FAILED: {safe(status.error or 'no reason was given')}")
        elif self.not_started:
            self.banner.show(f"the run was not started: {self.not_started} — R tries again")
        else:
            self.banner.show("")

    def show_failure(self, status: Status) -> None:
        """Lead to what went wrong, once: to the call that failed, and where the worker died, out of the pause.

        Args:
            status: Where the session stands.
        """
        path = status.run_file
        if self.control.session.died is not None and self._died_in != path:
            self._died_in = path
            self.chat.set_note("✗ the worker died · u takes the run up")
        if status.state is not RunState.FAILED or self._failed_in == path or self.run_file is None:
            return
        seq = failure_seq(self.run_file, status.written)
        if seq is not None:
            self._failed_in = path
            if self.timeline.follow:
                self.timeline.select(seq, keep_follow=True)
                if self.workspace.area(Panel.INSPECTOR) is self.workspace.area(Panel.CHAT) and not self.inserting:
                    self.workspace.show(Panel.INSPECTOR)

    def say_problem_of(self, number: int | None) -> None:
        """Say, once, what is wrong with the breakpoint that the run is paused at.

        Args:
            number: Its number; None where no breakpoint paused it.
        """
        spec = next((spec for spec in self.status.breakpoints if spec.id == number), None)
        if number is not None and spec is not None and spec.problem and self._problems.get(number) != spec.problem:
            self._problems[number] = spec.problem
            self.say(f"breakpoint {number} stops once to say: {safe(spec.problem)}", "warning")

    def show_badges(self) -> None:
        """Bring the headers of the panels up to date."""
        status = self.status
        is_dead = self.control.session.died is not None
        asks = len(status.requests) if not is_dead else 0
        show = self.workspace.badge
        show(Panel.CHAT, Badge(mark="●" if asks else ""))
        muted = "muted" if status.muted else ""
        show(Panel.BREAKPOINTS, Badge(mark=str(len(status.breakpoints)) if status.breakpoints else "", info=muted))
        pending = status.pending if not is_dead else 0
        show(Panel.QUEUE, Badge(mark=str(pending) if pending else "", info=self._queue_info() if pending else ""))
        show(Panel.TIMELINE, Badge(info=self._timeline_info()))

    def _queue_info(self) -> str:
        held = self.queue.held if self.status.pending else 0
        words = [f"{held} held"] if held else []
        if self.status.undo is not None:
            words.append("z undoes")
        return " · ".join(words)

    def _timeline_info(self) -> str:
        words = []
        if self.filter_text:
            words.append(f"filter {safe(self.filter_text, 30)}")
        words.append("following" if self.timeline.follow else "not following")
        return " · ".join(words)

    def _said_died(self) -> str:
        died = self.control.session.died
        if died is None:
            return ""
        how = "R restarts it, u takes the run up" + (" (Esc first)" if self.inserting else "")
        ran = ", ".join(safe(path, 40) for path in self.status.running)
        return f"{safe(died.reason)}{f' while {ran} ran' if ran else ''} — {how}"
