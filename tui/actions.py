"""Everything a user can make the screen do: one list behind every key, every `:` command, every palette entry and help.

An action names its handler, a method of the debug screen called `do_<name>`; what a key, a verb or the palette does is
therefore the same by construction.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Panel(StrEnum):
    """The panels of the debug screen."""

    GRAPH = "graph"
    TIMELINE = "timeline"
    INSPECTOR = "inspector"
    CHAT = "chat"
    BREAKPOINTS = "breakpoints"
    QUEUE = "queue"

    @property
    def heading(self) -> str:
        """Its name as its header shows it."""
        return self.value.capitalize()

    @property
    def number(self) -> int:
        """The key that reaches it."""
        return list(Panel).index(self) + 1


class Argument(StrEnum):
    """What a verb's argument names, which decides how it is completed."""

    NONE = "none"
    PLACE = "place"
    EVENT = "event"
    INPUT_EVENT = "input_event"
    BREAK = "break"
    BREAKPOINT = "breakpoint"
    MESSAGE = "message"
    STEP = "step"
    INJECT = "inject"
    WHY = "why"
    PANEL = "panel"
    THEME = "theme"
    VERB = "verb"
    FREE = "free"


class Group(StrEnum):
    """The chapters of the help screen."""

    RUN = "Run"
    STOPS = "Breakpoints"
    CHANGE = "Change the paused run"
    TRAVEL = "Back in time"
    LOOK = "Look around"
    TALK = "Talk to the process"
    GRAPH = "Graph"
    SCREEN = "Screen"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a user can do.

    Attributes:
        name: Unique; `do_<name>` of the debug screen handles it.
        title: What it does, in two or three words (palette, footer).
        help: What it does, in a sentence.
        group: Chapter of the help screen.
        keys: Keys as Textual names them; the first is the one that is shown.
        panels: Panels in which the keys work; empty for all of them.
        verb: The word of the command line, or None.
        usage: The verb's arguments as help shows them; optional ones in square brackets.
        argument: How the argument is completed.
        short: The footer's label, or empty for the title.
        always: Whether the keys work even while a text box has the focus.
        palette: Whether the palette lists it.
        native: Whether the panel's own widget obeys the keys; the screen binds none then, and needs no handler.
    """

    name: str
    title: str
    help: str
    group: Group
    keys: tuple[str, ...] = ()
    panels: tuple[Panel, ...] = ()
    verb: str | None = None
    usage: str = ""
    argument: Argument = Argument.NONE
    short: str = ""
    always: bool = False
    palette: bool = True
    native: bool = False

    @property
    def needs_argument(self) -> bool:
        """Whether the verb means nothing alone."""
        return bool(self.usage) and not self.usage.startswith("[")

    @property
    def handler(self) -> str:
        """Name of the method that does it."""
        return f"do_{self.name}"

    @property
    def label(self) -> str:
        """What the footer calls it."""
        return self.short or self.title.lower()


_LISTS = (Panel.GRAPH, Panel.TIMELINE, Panel.BREAKPOINTS, Panel.QUEUE)
_QUEUE = (Panel.QUEUE,)
_ROWS = (Panel.TIMELINE, Panel.INSPECTOR, Panel.CHAT, Panel.BREAKPOINTS, Panel.QUEUE)

ACTIONS: Final[tuple[Action, ...]] = (
    Action("continue", "Continue", "Let the run go on; it never stops at the same message twice.", Group.RUN,
           ("c", "f5"), verb="continue"),
    Action("pause", "Pause", "Pause before the next message; functions that run now finish.", Group.RUN,
           ("p", "f6"), verb="pause"),
    Action("step", "Step one message", "Deliver one message, run its function, and pause again.", Group.RUN,
           ("s", "f11"), verb="step", short="step"),
    Action("next", "Next superstep", "Run to the end of the superstep and pause.", Group.RUN,
           ("n", "f10"), verb="next", short="next superstep"),
    Action("into", "Step into", "Step into the nested process that the next message goes to.", Group.RUN,
           ("i",), verb="into", short="into"),
    Action("out", "Step out", "Run until the nested process is done, and pause in its parent.", Group.RUN,
           ("r", "shift+f11"), verb="out", short="out"),
    Action("run_to", "Run to cursor",
           "Go on until just before the selected event or step (or the one named), once.", Group.RUN,
           ("t",), panels=(Panel.GRAPH, Panel.TIMELINE, Panel.QUEUE), verb="runto", usage="[EVENT_ID|STEP]",
           argument=Argument.PLACE, short="run to here"),
    Action("stop", "Stop the run", "Cancel the run; what it recorded stays.", Group.RUN, ("X",), verb="stop"),
    Action("restart", "Restart", "Load the target again and start anew with the same input; breakpoints stay.",
           Group.RUN, ("R",), verb="restart", short="restart"),
    Action("resume", "Take the run up",
           "Go on where the run was recorded last, after its worker died, it failed, or from a recording;"
           " with the number of an earlier superstep, or from the past, as a fork.", Group.RUN,
           ("u",), verb="resume", usage="[SUPERSTEP]", argument=Argument.FREE, short="take up"),
    Action("reload", "Reload the code",
           "Take in edits of the code now; where a state does not fit them, begin that step anew, keep the old code"
           " until the next save, or go back to it.", Group.RUN, verb="reload", usage="[why|keep|back|reset [STEP]]",
           argument=Argument.FREE),
    Action("quit", "Quit", "Leave; asks first while a run is alive.", Group.RUN, ("q",), verb="quit"),
    Action("leave_now", "Leave at once", "Leave without being asked.", Group.RUN, ("ctrl+q",), always=True),
    Action("interrupt", "Pause, then quit",
           "Pause the run; pressed again within two seconds while it stands, leave.", Group.RUN,
           ("ctrl+c",), always=True, palette=False),

    Action("toggle_break", "Toggle breakpoint", "Break on the selected event, route or step, or no longer.",
           Group.STOPS, ("b", "f9"), panels=_LISTS, short="breakpoint"),
    Action("break", "Set a breakpoint",
           "Stop at an event, step (globs too), route, function, error, warning or quiescence; with log, only tell."
           " A predicate reads data, event_id, path, function, superstep ...", Group.STOPS,
           verb="break", usage="PLACE [before|after|emit] [hits ==N] [once] [if PREDICATE] [log TEXT]",
           argument=Argument.BREAK),
    Action("edit_break", "Edit breakpoint",
           "Put the breakpoint of what is selected on the command line, as break takes it; Enter changes it.",
           Group.STOPS, ("B",), panels=_LISTS, verb="change", usage="[NUMBER PLACE ...]", argument=Argument.BREAKPOINT,
           short="edit"),
    Action("cond", "Condition", "Let a breakpoint count only where a predicate holds; without one, everywhere.",
           Group.STOPS, verb="cond", usage="NUMBER [PREDICATE]", argument=Argument.BREAKPOINT),
    Action("hits", "Hit count", "Let a breakpoint stop at the third time only, from it on, or every third time.",
           Group.STOPS, verb="hits", usage="NUMBER [==3|>=3|%3]", argument=Argument.BREAKPOINT),
    Action("log", "Logpoint", "Let a breakpoint log a text with {expressions} instead of stopping; without one, stop.",
           Group.STOPS, verb="log", usage="NUMBER [TEXT]", argument=Argument.BREAKPOINT),
    Action("once", "Once", "Let a breakpoint go after its first stop, or stay.", Group.STOPS,
           verb="once", usage="NUMBER", argument=Argument.BREAKPOINT),
    Action("enable", "Switch breakpoint on", "Let a breakpoint count.", Group.STOPS,
           verb="enable", usage="NUMBER|EVENT|all", argument=Argument.BREAKPOINT),
    Action("disable", "Switch breakpoint off", "Let a breakpoint not count; it keeps its number and count.",
           Group.STOPS, verb="disable", usage="NUMBER|EVENT|all", argument=Argument.BREAKPOINT),
    Action("switch_break", "Switch breakpoint", "Switch the selected breakpoint on or off; it keeps its count.",
           Group.STOPS, ("space",), panels=(Panel.BREAKPOINTS,), short="on/off"),
    Action("delete_break", "Delete breakpoint", "Delete the selected breakpoint, or those named; `all` deletes all.",
           Group.STOPS, ("d", "delete"), panels=(Panel.BREAKPOINTS,), verb="delete", usage="[NUMBER|EVENT|all]",
           argument=Argument.BREAKPOINT, short="delete"),
    Action("mute", "Mute breakpoints", "Let no breakpoint stop the run, or let them again.", Group.STOPS,
           ("M",), panels=(Panel.BREAKPOINTS,), verb="mute", short="mute"),

    Action("first", "Deliver first", "Deliver the selected message before all others.", Group.CHANGE,
           ("T",), panels=_QUEUE, verb="first", usage="[NUMBER]", argument=Argument.MESSAGE, short="first"),
    Action("earlier", "Deliver earlier", "Deliver the selected message one place earlier.", Group.CHANGE,
           ("K",), panels=_QUEUE, short="earlier"),
    Action("later_on", "Deliver later", "Deliver the selected message one place later.", Group.CHANGE,
           ("J",), panels=_QUEUE, short="later"),
    Action("move", "Move a message", "Deliver a message at another place; 1 is first.", Group.CHANGE,
           verb="move", usage="NUMBER PLACE", argument=Argument.MESSAGE),
    Action("hold_toggle", "Hold or let go", "Keep the selected message back, or let it go.", Group.CHANGE,
           ("h",), panels=_QUEUE, short="hold"),
    Action("hold", "Hold a message", "Keep a message back until it is let go.", Group.CHANGE,
           verb="hold", usage="[NUMBER]", argument=Argument.MESSAGE),
    Action("letgo", "Let a message go", "Let a held message be delivered; `all` lets all go.", Group.CHANGE,
           verb="letgo", usage="[NUMBER|all]", argument=Argument.MESSAGE),
    Action("drop", "Drop a message", "Never deliver a message.", Group.CHANGE,
           ("d", "delete"), panels=_QUEUE, verb="drop", usage="[NUMBER]", argument=Argument.MESSAGE, short="drop"),
    Action("dup", "Duplicate a message", "Deliver a message once more, right after itself.", Group.CHANGE,
           ("D",), panels=_QUEUE, verb="dup", usage="[NUMBER]", argument=Argument.MESSAGE, short="duplicate"),
    Action("edit", "Edit a message", "Give a message another payload; without JSON, in an editor.", Group.CHANGE,
           ("e",), panels=_QUEUE, verb="edit", usage="[NUMBER [JSON]]", argument=Argument.MESSAGE, short="edit"),
    Action("inject", "Inject an event", "Bring an event into the paused run, from outside or as if a step emitted it.",
           Group.CHANGE, ("I",), panels=_QUEUE, verb="inject", usage="EVENT [JSON] [from STEP]",
           argument=Argument.INJECT, short="inject"),
    Action("state", "Edit a state", "Give a step another state, checked by its model; without JSON, in an editor.",
           Group.CHANGE, ("E",), panels=(Panel.GRAPH, Panel.INSPECTOR), verb="state", usage="[STEP [JSON]]",
           argument=Argument.STEP, short="edit state"),
    Action("complete", "Complete a call", "End the step's waiting or next call as if it had returned that result.",
           Group.CHANGE, verb="complete", usage="STEP [JSON]", argument=Argument.STEP),
    Action("undo", "Undo", "Take the last change of the paused run back.", Group.CHANGE, ("z",), verb="undo"),

    Action("step_back", "Previous event", "Look at the event before; s then looks at the one after.",
           Group.TRAVEL, ("S",), verb="stepback", short="event before"),
    Action("next_back", "Previous superstep",
           "Look at the end of the superstep before; n then looks at that of the one after.", Group.TRAVEL,
           ("N",), verb="nextback", short="superstep before"),
    Action("reverse", "Back to a match",
           "Look at the last event before at which a breakpoint would have stopped, or a predicate held.",
           Group.TRAVEL, ("C",), verb="back-to", usage="[PREDICATE]", argument=Argument.FREE, short="hit before"),
    Action("goto_paused", "To the present", "Go to the event at which the run is paused; leave the past.",
           Group.TRAVEL, ("full_stop",), verb="here", short="present"),

    Action("search", "Search", "Find the next event whose line holds a text.", Group.LOOK,
           ("slash",), verb="search", usage="TEXT", argument=Argument.FREE, short="search"),
    Action("search_next", "Find again", "Find the next event that fits the last search.", Group.LOOK,
           ("greater_than_sign",)),
    Action("search_back", "Find before", "Find the event before that fits the last search.", Group.LOOK,
           ("less_than_sign",)),
    Action("filter", "Filter the timeline", "Show only events that match; empty shows all again.", Group.LOOK,
           ("f",), verb="filter", usage="[TEXT]", argument=Argument.FREE, short="filter"),
    Action("cause", "Go to the cause", "Select the event that led to the selected one.", Group.LOOK,
           ("left", "h"), panels=(Panel.TIMELINE,), verb="cause", short="cause"),
    Action("effect", "Go to the effect", "Select the first event that the selected one led to.", Group.LOOK,
           ("right", "l"), panels=(Panel.TIMELINE,), verb="effect", short="effect"),
    Action("back", "Back from a jump", "Select the event that the last jump began at.", Group.LOOK,
           ("backspace",), panels=(Panel.TIMELINE,), verb="back"),
    Action("why", "Why?", "Explain the selected event: what led to it and what it led to; or the selected step: what"
           " each parameter waits for, and why it has not come.", Group.LOOK,
           ("W",), verb="why", usage="[SEQ|STEP[.FUNCTION]]", argument=Argument.WHY, short="why"),
    Action("goto", "Go to event", "Select the event of that number; a number alone does the same.", Group.LOOK,
           verb="goto", usage="SEQ", argument=Argument.FREE),
    Action("follow", "Follow the newest event", "Keep the newest event in sight, or no longer.", Group.LOOK,
           ("F",), verb="follow", short="follow"),
    Action("copy", "Copy", "Copy the selected event, step or answer to the clipboard.", Group.LOOK,
           ("y",), verb="copy"),
    Action("enter", "Open", "Go into the selected step's nested process, or look at the selected event.",
           Group.LOOK, ("enter",), panels=_LISTS, palette=False),
    Action("leave", "Leave", "Leave the text box, the nested process, or the panel that fills the screen.",
           Group.LOOK, ("escape",), palette=False),
    Action("rows_move", "Up and down", "Move the cursor.", Group.LOOK, ("up", "k", "down", "j", "pageup", "pagedown"),
           panels=_ROWS, palette=False, native=True),
    Action("rows_ends", "First and last", "Go to the first line, or the last; the timeline then follows.", Group.LOOK,
           ("home", "g", "end", "G"), panels=_ROWS, palette=False, native=True),
    Action("inspect_open", "Open a value", "Open what is under the cursor, or go to the event it names.", Group.LOOK,
           ("enter", "space", "right", "l"), panels=(Panel.INSPECTOR,), palette=False, native=True),
    Action("inspect_close", "Close a value", "Close what is under the cursor, or go to what holds it.", Group.LOOK,
           ("left", "h"), panels=(Panel.INSPECTOR,), palette=False, native=True),

    Action("answer", "Answer", "Answer the open question; without text, go to the chat box.", Group.TALK,
           ("a",), verb="answer", usage="[TEXT]", argument=Argument.FREE),
    Action("send", "Send an event", "Send an outside event to the run, with JSON as its data.", Group.TALK,
           verb="send", usage="EVENT [JSON]", argument=Argument.INPUT_EVENT),
    Action("next_request", "Next question", "Choose the next of several open questions.", Group.TALK,
           ("ctrl+n",), verb="question", always=True, short="next question"),

    Action("graph_walk", "Walk the graph", "Select the next step in a direction.", Group.GRAPH,
           ("left", "right", "up", "down"), panels=(Panel.GRAPH,), palette=False, native=True),
    Action("graph_pan", "Move the picture", "Move the picture; dragging it does the same.", Group.GRAPH,
           ("shift+left", "shift+right", "shift+up", "shift+down"), panels=(Panel.GRAPH,), palette=False, native=True),
    Action("graph_edge", "Next route", "Select the next route out of the selected step (b breaks on its event).",
           Group.GRAPH, ("e",), panels=(Panel.GRAPH,), short="route"),
    Action("graph_in", "More of each step", "Draw steps larger.", Group.GRAPH, ("equals_sign",),
           panels=(Panel.GRAPH,)),
    Action("graph_out", "Less of each step", "Draw steps smaller.", Group.GRAPH, ("minus",), panels=(Panel.GRAPH,)),
    Action("graph_fit", "Fit the graph", "Choose size and direction so that as much as possible is seen.",
           Group.GRAPH, ("0",), panels=(Panel.GRAPH,), verb="fit"),
    Action("graph_turn", "Turn the graph", "Let it flow from top to bottom, or from left to right.", Group.GRAPH,
           ("v",), panels=(Panel.GRAPH,), verb="turn"),
    Action("graph_fold", "Fold a nested process", "Fold or unfold the nested process that is selected.", Group.GRAPH,
           ("o",), panels=(Panel.GRAPH,), verb="fold"),
    Action("graph_map", "Small map", "Show or hide the small map of the graph.", Group.GRAPH,
           ("M",), panels=(Panel.GRAPH,), verb="map"),
    Action("graph_ascii", "ASCII graph", "Draw the graph with nothing but ASCII, or with box drawing again.",
           Group.GRAPH, panels=(Panel.GRAPH,), verb="ascii"),
    Action("graph_follow", "Follow the active step", "Keep the step that runs in sight, or stay.", Group.GRAPH,
           ("w",), panels=(Panel.GRAPH,), verb="watch"),

    Action("command", "Command line", "Type a command; Tab completes, Up and Down recall.", Group.SCREEN,
           ("colon",), palette=False, short="command"),
    Action("palette", "Palette", "Search everything there is to do.", Group.SCREEN,
           ("ctrl+p",), always=True, palette=False),
    Action("help", "Help", "Every key and every command, or one of them.", Group.SCREEN,
           ("question_mark", "f1"), verb="help", usage="[VERB]", argument=Argument.VERB),
    Action("panel_1", "Graph panel", "Go to the step graph.", Group.SCREEN, ("1",)),
    Action("panel_2", "Timeline panel", "Go to the event timeline.", Group.SCREEN, ("2",)),
    Action("panel_3", "Inspector panel", "Go to the inspector.", Group.SCREEN, ("3",)),
    Action("panel_4", "Chat panel", "Go to the chat.", Group.SCREEN, ("4",)),
    Action("panel_5", "Breakpoints panel", "Go to the breakpoints.", Group.SCREEN, ("5",)),
    Action("panel_6", "Queue panel", "Go to the pending messages.", Group.SCREEN, ("6",)),
    Action("panel", "Go to a panel", "Go to the panel of that name or number.", Group.SCREEN,
           verb="panel", usage="NAME", argument=Argument.PANEL, palette=False),
    Action("focus_next", "Next panel", "Move the focus to the next panel on the screen.", Group.SCREEN,
           ("tab",), palette=False),
    Action("focus_previous", "Previous panel", "Move the focus to the panel before.", Group.SCREEN,
           ("shift+tab",), palette=False),
    Action("tab_next", "Next tab", "Show the next panel that shares this place.", Group.SCREEN,
           ("right_square_bracket",), short="tab"),
    Action("tab_previous", "Previous tab", "Show the panel before that shares this place.", Group.SCREEN,
           ("left_square_bracket",)),
    Action("zoom", "Fill the screen", "Let the panel fill the screen, or give it back its place.", Group.SCREEN,
           ("m",), verb="zoom", short="maximise"),
    Action("grow", "Larger panel", "Give the panel more room.", Group.SCREEN, ("plus",)),
    Action("shrink", "Smaller panel", "Give the panel less room.", Group.SCREEN, ("underscore",)),
    Action("theme", "Change theme", "Change to the next theme, or the one named.", Group.SCREEN,
           verb="theme", usage="[NAME]", argument=Argument.THEME),
)  # fmt: skip

BY_NAME: Final = {action.name: action for action in ACTIONS}
BY_VERB: Final = {action.verb: action for action in ACTIONS if action.verb is not None}

_KEY_NAMES: Final = {
    "slash": "/", "colon": ":", "question_mark": "?", "plus": "+", "underscore": "_", "full_stop": ".",
    "left_square_bracket": "[", "right_square_bracket": "]", "left_parenthesis": "(", "right_parenthesis": ")",
    "escape": "Esc", "enter": "Enter", "space": "Space", "tab": "Tab", "delete": "Del", "minus": "-",
    "equals_sign": "=", "left": "←", "right": "→", "up": "↑", "down": "↓", "home": "Home", "end": "End",
    "pageup": "PgUp", "pagedown": "PgDn", "backspace": "Bksp", "less_than_sign": "<", "greater_than_sign": ">",
}  # fmt: skip


def key_text(key: str) -> str:
    """Write a key the way a keyboard shows it.

    Args:
        key: A key as Textual names it.

    Returns:
        `Ctrl+C`, `F5`, `/`, `c` and the like.
    """
    *modifiers, last = key.split("+") if key != "+" else ["+"]
    name = _KEY_NAMES.get(last, last)
    if is_function_key(name):
        name = name.upper()
    if modifiers and len(name) == 1:
        name = name.upper()
    return "+".join([*(modifier.capitalize() for modifier in modifiers), name])


def is_function_key(key: str) -> bool:
    """Whether a key is F1 to F12, perhaps with others held."""
    last = key.rpartition("+")[2]
    return len(last) > 1 and last[0] == "f" and last[1:].isdigit()


def is_untyped(key: str) -> bool:
    """Whether a key means nothing to a text box, so that the screen may have it while one has the focus."""
    return key in ("escape", "tab", "shift+tab")
