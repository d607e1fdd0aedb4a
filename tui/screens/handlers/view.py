"""The actions that change what is seen: selection, panels, theme, help; none of them touches the run."""

from collections.abc import Callable
from functools import partial

from process_core.suggestions import suggestion
from tui.actions import BY_NAME, Action, Panel, words
from tui.commands.command_line import LineKind
from tui.commands.parser import read_number
from tui.run_controller import RefusedError
from tui.screens.dispatcher import ActionHandlers
from tui.screens.parts import ScreenParts
from tui.screens.presenter import Presenter
from tui.text.safe_text import copyable, safe

_STEP = 0.06


class ViewHandler:
    """Moves what is selected, and changes how things are shown."""

    def __init__(self, parts: ScreenParts, presenter: Presenter, perform: Callable[[Action], None]) -> None:
        self._parts = parts
        self._presenter = presenter
        self._perform = perform

    @property
    def actions(self) -> ActionHandlers:
        """What it does, by action."""
        parts, graph = self._parts, self._parts.graph
        return {
            "search": self.search,
            "search_next": partial(self._search_on, backwards=False),
            "search_back": partial(self._search_on, backwards=True),
            "filter": self.filter_,
            "cause": self.cause,
            "effect": self.effect,
            "back": self.back,
            "goto": self.goto,
            "follow": self.follow,
            "copy": self.copy,
            "enter": self.enter,
            "leave": self.leave,
            "graph_edge": self.graph_edge,
            "graph_in": graph.action_zoom_in,
            "graph_out": graph.action_zoom_out,
            "graph_fit": graph.action_fit,
            "graph_turn": graph.action_toggle_direction,
            "graph_fold": self.graph_fold,
            "graph_map": self.graph_map,
            "graph_ascii": graph.action_ascii,
            "graph_follow": graph.action_toggle_follow,
            "command": partial(parts.line.open, LineKind.COMMAND),
            "palette": self.palette,
            "help": self.help_,
            "panel": self.panel,
            **{f"panel_{panel.number}": partial(parts.go_to, panel) for panel in Panel},
            "focus_next": partial(self._focus_by, 1),
            "focus_previous": partial(self._focus_by, -1),
            "tab_next": partial(self._tab_by, 1),
            "tab_previous": partial(self._tab_by, -1),
            "zoom": self.zoom,
            "grow": partial(self._resize, _STEP),
            "shrink": partial(self._resize, -_STEP),
            "theme": self.theme,
        }

    # Look around

    def search(self, argument: str) -> None:
        """Find a text, or ask for it."""
        if not argument:
            self._parts.line.open(LineKind.SEARCH)
            return
        self._parts.workspace.show(Panel.TIMELINE)
        problem = self._parts.timeline.next_match(argument)
        if problem:
            raise RefusedError(problem)

    def _search_on(self, *, backwards: bool) -> None:
        problem = self._parts.timeline.next_match(backwards=backwards)
        if problem:
            raise RefusedError(problem)

    def ask_filter(self) -> None:
        """Ask by what to filter the timeline."""
        self._parts.line.open(LineKind.FILTER, self._parts.filter_text)

    def filter_(self, argument: str) -> None:
        """Filter the timeline; an empty text shows all again."""
        problem = self._parts.timeline.set_filter(argument)
        if problem:
            raise RefusedError(problem)
        self._parts.filter_text = argument
        self._parts.workspace.show(Panel.TIMELINE)

    def cause(self) -> None:
        """Go to the event that led to the selected one."""
        self._jumped(self._parts.timeline.cause())

    def effect(self) -> None:
        """Go to the event that the selected one led to."""
        self._jumped(self._parts.timeline.effect())

    @staticmethod
    def _jumped(problem: str) -> None:
        if problem:
            raise RefusedError(problem)

    def back(self) -> None:
        """Go back to where the last jump began."""
        if not self._parts.timeline.back():
            raise RefusedError("no jump to go back from: h and l jump to cause and effect")

    def goto(self, argument: str) -> None:
        """Select the event of a number."""
        number = read_number(argument.lstrip("@#").replace(",", ""))
        if number is None:
            raise RefusedError(f"{safe(argument, 40)!r} is not an event number")
        if not self._parts.timeline.select(number):
            raise RefusedError(f"there is no event {number}; the last is {self._parts.status.written:,}")
        self._parts.go_to(Panel.TIMELINE)

    def follow(self) -> None:
        """Follow the newest event, or no longer."""
        self._parts.timeline.follow = not self._parts.timeline.follow
        self._parts.say("following the newest event" if self._parts.timeline.follow else "staying where you are")

    def copy(self) -> None:
        """Copy what is selected."""
        text = self._parts.selected_text()
        if not text:
            raise RefusedError("nothing is selected")
        self._parts.app.copy_to_clipboard(copyable(text))
        self._parts.say(f"copied {safe(text, 60)}")

    def enter(self) -> None:
        """Go into what is selected."""
        if self._parts.panel is Panel.GRAPH:
            self._enter_step()
            return
        if self._parts.panel is Panel.TIMELINE:
            self._parts.timeline.action_activate()
        elif self._parts.panel is Panel.BREAKPOINTS:
            self._perform(BY_NAME["switch_break"])
        elif self._parts.panel is Panel.QUEUE:
            message = self._parts.queue.selected
            if message is None or message.seq is None or not self._parts.timeline.select(message.seq):
                raise RefusedError("the event that brought this message is not recorded yet")
            self._parts.go_to(Panel.TIMELINE)

    def _enter_step(self) -> None:
        """Go into a nested process, or look at a step."""
        step = self._parts.selected_step
        inner = next((path for path in self._parts.control.steps if step and path.startswith(step + "/")), None)
        if step is None or inner is None:
            self._parts.go_to(Panel.INSPECTOR)
            return
        if step in self._parts.graph.folded:
            self._parts.graph.action_fold(step)
        self._parts.graph.select(inner)
        self._presenter.show_step(inner)

    def leave(self) -> None:
        """Leave the text box, or the past, or the panel that fills the screen, or the nested process."""
        parts = self._parts
        step = parts.selected_step if parts.panel is Panel.GRAPH else None
        if parts.inserting:
            parts.go_to(parts.panel_before or Panel.TIMELINE)
        elif self._presenter.in_past:
            self._presenter.leave_past()
        elif parts.workspace.choices.maximised is not None:
            self.zoom()
        elif step is not None and "/" in step:
            outer = step.rpartition("/")[0]
            parts.graph.select(outer)
            self._presenter.show_step(outer)
        else:
            parts.timeline.clear_search()

    # Graph

    def graph_edge(self) -> None:
        """Select the next route out of the selected step."""
        edge = self._parts.selected_edge
        step = edge.source if edge is not None else self._parts.selected_step
        out = [e for e in self._parts.edges if e.source == step]
        if step is None or not out:
            raise RefusedError("select a step that has routes out of it")
        chosen = out[(out.index(edge) + 1) % len(out) if edge is not None else 0]
        self._parts.graph.select(chosen.key)
        self._parts.say(f"route {safe(chosen.event_id, 60)} → {safe(chosen.target, 60) or 'STOP'}")

    def graph_fold(self) -> None:
        """Fold or unfold a nested process."""
        before = self._parts.graph.folded
        self._parts.graph.action_fold()
        if self._parts.graph.folded == before:
            raise RefusedError("select a nested process, or a step in one, to fold it")

    def graph_map(self) -> None:
        """Show or hide the small map."""
        self._parts.graph.action_toggle_map()
        if self._parts.graph.show_map and self._parts.graph.map_region is None:
            self._parts.say("the small map is only for a graph that does not fit, in a panel with room for the map")

    # Screen

    def palette(self) -> None:
        """Open the palette."""
        self._parts.app.action_command_palette()

    def help_(self, argument: str) -> None:
        """Show every key and command, or explain one."""
        from tui.screens.help import HelpScreen  # noqa: PLC0415 - only when asked for

        if argument:
            action = words().get(argument.lstrip(":"))
            if action is None:
                raise RefusedError(f"no command {safe(argument, 40)!r}{suggestion(argument, words())}")
            self._parts.say(f"{action.word} {action.usage}".rstrip() + f": {action.help}")
            return
        self._parts.app.push_screen(HelpScreen())

    def panel(self, argument: str) -> None:
        """Go to the panel named."""
        for panel in Panel:
            if argument.casefold() in (panel.value, str(panel.number)):
                self._parts.go_to(panel)
                return
        raise RefusedError(f"no panel {safe(argument, 40)!r}{suggestion(argument, [p.value for p in Panel])}")

    def _focus_by(self, step: int) -> None:
        shown = self._parts.workspace.plan.shown
        at = shown.index(self._parts.panel) + step if self._parts.panel in shown else 0
        self._parts.go_to(shown[at % len(shown)])

    def _tab_by(self, step: int) -> None:
        area = self._parts.workspace.area(self._parts.panel) if self._parts.panel is not None else None
        if area is None or len(area.panels) == 1:
            area = next((area for area in self._parts.workspace.plan.areas if len(area.panels) > 1), None)
        if area is None:
            raise RefusedError("no panels share a place on this screen")
        self._parts.go_to(area.panels[(area.panels.index(area.shown) + step) % len(area.panels)], typing=False)

    def zoom(self) -> None:
        """Let the panel fill the screen, or give it back its place."""
        choices = self._parts.workspace.choices
        panel = self._parts.panel or Panel.TIMELINE
        fills = None if choices.maximised is not None else panel
        self._parts.workspace.choose(choices.to_front(panel).fill(fills))

    def _resize(self, by: float) -> None:
        area = self._parts.workspace.area(self._parts.panel or Panel.TIMELINE)
        if area.split is None:
            raise RefusedError("this panel has all the room there is")
        self._parts.workspace.choose(self._parts.workspace.choices.move(area.split, by * area.sign))

    def theme(self, argument: str) -> None:
        """Change the colours."""
        names = sorted(name for name in self._parts.app.available_themes if name.startswith("stepscope"))
        if argument:
            full = argument if argument in self._parts.app.available_themes else f"stepscope-{argument}"
            if full not in self._parts.app.available_themes:
                raise RefusedError(f"no theme {safe(argument, 40)!r}; there are {', '.join(names)}")
        else:
            now = names.index(self._parts.app.theme) if self._parts.app.theme in names else -1
            full = names[(now + 1) % len(names)]
        self._parts.app.theme = full
        self._parts.say(f"theme {full}")
