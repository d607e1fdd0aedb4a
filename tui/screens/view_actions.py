"""The actions that change what is seen: selection, panels, theme, help; none of them touches the run."""

from process_core.suggestions import suggestion
from tui.actions import BY_NAME, Panel, words
from tui.commands.command_line import LineKind
from tui.run_controller import RefusedError
from tui.screens.why_actions import WhyActions
from tui.text.safe_text import safe

_STEP = 0.06


class ViewActions(WhyActions):
    """Handlers of the groups Look around and Screen of the action registry."""

    # Look around

    def do_search(self, argument: str = "") -> None:
        """Find a text, or ask for it."""
        if not argument:
            self.line.open(LineKind.SEARCH)
            return
        self.workspace.show(Panel.TIMELINE)
        problem = self.timeline.next_match(argument)
        if problem:
            raise RefusedError(problem)

    def do_search_next(self, _: str = "") -> None:
        """Find the same once more."""
        self._search_again(backwards=False)

    def do_search_back(self, _: str = "") -> None:
        """Find the same before."""
        self._search_again(backwards=True)

    def _search_again(self, *, backwards: bool) -> None:
        problem = self.timeline.next_match(backwards=backwards)
        if problem:
            raise RefusedError(problem)

    def do_filter(self, argument: str | None = None) -> None:
        """Filter the timeline, or ask by what."""
        if argument is None:
            self.line.open(LineKind.FILTER, self.filter_text)
            return
        problem = self.timeline.set_filter(argument)
        if problem:
            raise RefusedError(problem)
        self.filter_text = argument
        self.workspace.show(Panel.TIMELINE)

    def do_cause(self, _: str = "") -> None:
        """Go to the event that led to the selected one."""
        self._jumped(self.timeline.cause())

    def do_effect(self, _: str = "") -> None:
        """Go to the event that the selected one led to."""
        self._jumped(self.timeline.effect())

    @staticmethod
    def _jumped(problem: str) -> None:
        if problem:
            raise RefusedError(problem)

    def do_back(self, _: str = "") -> None:
        """Go back to where the last jump began."""
        if not self.timeline.back():
            raise RefusedError("no jump to go back from: h and l jump to cause and effect")

    def do_goto(self, argument: str = "") -> None:
        """Select the event of a number."""
        digits = argument.lstrip("@#").replace(",", "")
        if not digits.isdigit():
            raise RefusedError(f"{safe(argument, 40)!r} is no event number")
        if not self.timeline.select(int(digits)):
            raise RefusedError(f"there is no event {digits}; the last is {self.status.written:,}")
        self.go_to(Panel.TIMELINE)

    def do_goto_paused(self, _: str = "") -> None:
        """Select the event at which the run is paused."""
        paused = self.status.paused
        if paused is None or paused.seq is None:
            raise RefusedError("the run is not paused")
        self.timeline.select(paused.seq, keep_follow=True)
        self.go_to(Panel.TIMELINE)

    def do_follow(self, _: str = "") -> None:
        """Follow the newest event, or no longer."""
        self.timeline.follow = not self.timeline.follow
        self.say("following the newest event" if self.timeline.follow else "staying where you are")

    def do_copy(self, _: str = "") -> None:
        """Copy what is selected."""
        text = self.describe_selection()
        if not text:
            raise RefusedError("nothing is selected")
        self.app.copy_to_clipboard(text)
        self.say(f"copied {safe(text, 60)}")

    def do_enter(self, _: str = "") -> None:
        """Go into what is selected."""
        if self.panel is Panel.GRAPH:
            self._enter_step()
            return
        if self.panel is Panel.TIMELINE:
            self.timeline.action_activate()
        elif self.panel is Panel.BREAKPOINTS:
            self.perform(BY_NAME["enable"])
        elif self.panel is Panel.QUEUE:
            message = self.queue.selected
            if message is None or message.seq is None or not self.timeline.select(message.seq):
                raise RefusedError("the event that brought this message is not recorded yet")
            self.go_to(Panel.TIMELINE)

    def _enter_step(self) -> None:
        """Go into a nested process, or look at a step."""
        step = self.selected_step
        inner = next((path for path in self.control.steps if step and path.startswith(step + "/")), None)
        if step is None or inner is None:
            self.go_to(Panel.INSPECTOR)
            return
        if step in self.graph.folded:
            self.graph.action_fold(step)
        self.graph.select(inner)
        self.show_step(inner)

    def do_leave(self, _: str = "") -> None:
        """Leave the text box, or the panel that fills the screen."""
        if self.inserting:
            self.go_to(self.panel_before or Panel.TIMELINE)
        elif self.workspace.choices.maximised is not None:
            self.do_zoom()
        elif self.panel is Panel.GRAPH and self.selected_step is not None and "/" in self.selected_step:
            outer = self.selected_step.rpartition("/")[0]
            self.graph.select(outer)
            self.show_step(outer)
        else:
            self.timeline.clear_search()

    # Graph

    def do_graph_edge(self, _: str = "") -> None:
        """Select the next route out of the selected step."""
        edge = self.selected_edge
        step = edge.source if edge is not None else self.selected_step
        out = [e for e in self.edges if e.source == step]
        if step is None or not out:
            raise RefusedError("select a step that routes lead out of")
        chosen = out[(out.index(edge) + 1) % len(out) if edge is not None else 0]
        self.graph.select(chosen.key)
        self.say(f"route {safe(chosen.event_id, 60)} → {safe(chosen.target, 60) or 'STOP'}")

    def do_graph_in(self, _: str = "") -> None:
        """Draw steps larger."""
        self.graph.action_zoom_in()

    def do_graph_out(self, _: str = "") -> None:
        """Draw steps smaller."""
        self.graph.action_zoom_out()

    def do_graph_fit(self, _: str = "") -> None:
        """Fit the graph."""
        self.graph.action_fit()

    def do_graph_turn(self, _: str = "") -> None:
        """Turn the graph."""
        self.graph.action_toggle_direction()

    def do_graph_fold(self, _: str = "") -> None:
        """Fold or unfold a nested process."""
        before = self.graph.folded
        self.graph.action_fold()
        if self.graph.folded == before:
            raise RefusedError("select a nested process, or a step in one, to fold it")

    def do_graph_map(self, _: str = "") -> None:
        """Show or hide the small map."""
        self.graph.action_toggle_map()
        if self.graph.show_map and self.graph.map_region is None:
            self.say("the small map is for graphs that do not fit, in a panel with room for it")

    def do_graph_ascii(self, _: str = "") -> None:
        """Draw with nothing but ASCII, or with box drawing again."""
        self.graph.action_ascii()

    def do_graph_follow(self, _: str = "") -> None:
        """Follow the active step, or stay."""
        self.graph.action_toggle_follow()

    # Screen

    def do_command(self, _: str = "") -> None:
        """Open the command line."""
        self.line.open(LineKind.COMMAND)

    def do_palette(self, _: str = "") -> None:
        """Open the palette."""
        self.app.action_command_palette()

    def do_help(self, argument: str = "") -> None:
        """Show every key and command, or explain one."""
        from tui.screens.help import HelpScreen  # noqa: PLC0415 - only when asked for

        if argument:
            action = words().get(argument.lstrip(":"))
            if action is None:
                raise RefusedError(f"no command {safe(argument, 40)!r}{suggestion(argument, words())}")
            self.say(f"{action.word} {action.usage}".rstrip() + f": {action.help}")
            return
        self.app.push_screen(HelpScreen())

    def do_panel(self, argument: str = "") -> None:
        """Go to the panel named."""
        for panel in Panel:
            if argument.casefold() in (panel.value, str(panel.number)):
                self.go_to(panel)
                return
        raise RefusedError(f"no panel {safe(argument, 40)!r}{suggestion(argument, [p.value for p in Panel])}")

    def do_panel_1(self, _: str = "") -> None:
        """Go to the graph."""
        self.go_to(Panel.GRAPH)

    def do_panel_2(self, _: str = "") -> None:
        """Go to the timeline."""
        self.go_to(Panel.TIMELINE)

    def do_panel_3(self, _: str = "") -> None:
        """Go to the inspector."""
        self.go_to(Panel.INSPECTOR)

    def do_panel_4(self, _: str = "") -> None:
        """Go to the chat."""
        self.go_to(Panel.CHAT)

    def do_panel_5(self, _: str = "") -> None:
        """Go to the breakpoints."""
        self.go_to(Panel.BREAKPOINTS)

    def do_panel_6(self, _: str = "") -> None:
        """Go to the queue."""
        self.go_to(Panel.QUEUE)

    def do_focus_next(self, _: str = "") -> None:
        """Go to the next panel that is seen."""
        self._focus_by(1)

    def do_focus_previous(self, _: str = "") -> None:
        """Go to the panel before."""
        self._focus_by(-1)

    def _focus_by(self, step: int) -> None:
        shown = self.workspace.plan.shown
        at = shown.index(self.panel) + step if self.panel in shown else 0
        self.go_to(shown[at % len(shown)])

    def do_tab_next(self, _: str = "") -> None:
        """Show the next panel that shares this place."""
        self._tab_by(1)

    def do_tab_previous(self, _: str = "") -> None:
        """Show the panel before that shares this place."""
        self._tab_by(-1)

    def _tab_by(self, step: int) -> None:
        area = self.workspace.area(self.panel) if self.panel is not None else None
        if area is None or len(area.panels) == 1:
            area = next((area for area in self.workspace.plan.areas if len(area.panels) > 1), None)
        if area is None:
            raise RefusedError("no panels share a place on this screen")
        self.go_to(area.panels[(area.panels.index(area.shown) + step) % len(area.panels)], typing=False)

    def do_zoom(self, _: str = "") -> None:
        """Let the panel fill the screen, or give it back its place."""
        choices = self.workspace.choices
        panel = self.panel or Panel.TIMELINE
        fills = None if choices.maximised is not None else panel
        self.workspace.choose(choices.to_front(panel).fill(fills))

    def do_grow(self, _: str = "") -> None:
        """Give the panel more room."""
        self._resize(_STEP)

    def do_shrink(self, _: str = "") -> None:
        """Give the panel less room."""
        self._resize(-_STEP)

    def _resize(self, by: float) -> None:
        area = self.workspace.area(self.panel or Panel.TIMELINE)
        if area.split is None:
            raise RefusedError("this panel has all the room there is")
        self.workspace.choose(self.workspace.choices.move(area.split, by * area.sign))

    def do_theme(self, argument: str = "") -> None:
        """Change the colours."""
        names = sorted(name for name in self.app.available_themes if name.startswith("stepscope"))
        if argument:
            full = argument if argument in self.app.available_themes else f"stepscope-{argument}"
            if full not in self.app.available_themes:
                raise RefusedError(f"no theme {safe(argument, 40)!r}; there are {', '.join(names)}")
        else:
            now = names.index(self.app.theme) if self.app.theme in names else -1
            full = names[(now + 1) % len(names)]
        self.app.theme = full
        self.say(f"theme {full}")
