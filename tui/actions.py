"""Everything a user can make the screen do: one list behind every key, every `:` command, every palette entry and help.

A debugger verb needs no row here: what has none is reached by its word, and is in help and the palette. A row adds
a key, a chapter of the help, or a handler of the screen's own where more than the verb is to be done.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from process_core.session.protocol import verbs
from process_core.session.protocol.verbs import Verb, Viewpoint
from tui.commands.verb_line import usage_of


class Panel(StrEnum):
    """The panels of the debug screen."""

    def __new__(cls, value: str, about: str) -> Self:
        """Make a member of its name and of what is seen there."""
        panel = str.__new__(cls, value)
        panel._value_ = value
        panel.about = about
        return panel

    about: str
    """What is seen there."""

    GRAPH = "graph", "the step graph"
    TIMELINE = "timeline", "the event timeline"
    INSPECTOR = "inspector", "the inspector"
    CHAT = "chat", "the chat"
    BREAKPOINTS = "breakpoints", "the breakpoints"
    QUEUE = "queue", "the pending messages"

    @property
    def heading(self) -> str:
        """Its name as its header shows it."""
        return self.value.capitalize()

    @property
    def number(self) -> int:
        """The key that reaches it."""
        return list(Panel).index(self) + 1


class Argument(StrEnum):
    """What the argument of a command names, which decides how it is completed."""

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
    PREDICATE = "predicate"
    WORD = "word"
    FIELDS = "fields"
    FREE = "free"


class Group(StrEnum):
    """The chapters of the help screen."""

    RUN = "Run"
    BREAKPOINTS = "Breakpoints"
    CHANGE = "Change the paused run"
    TRAVEL = "Back in time"
    LOOK = "Look around"
    TALK = "Talk to the process"
    GRAPH = "Graph"
    SCREEN = "Screen"
    OTHER = "Other verbs"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a user can do.

    Attributes:
        name: Unique; a handler of the debug screen does it, if there is one.
        title: What it does, in two or three words (palette, footer).
        help: What it does, in a sentence.
        group: Chapter of the help screen.
        keys: Keys as Textual names them; the first is the one that is shown.
        panels: Panels in which the keys work; empty for all of them.
        word: The word of the command line, or None.
        usage: The word's arguments as help shows them; optional ones in square brackets.
        argument: How the argument is completed.
        short: The footer's label, or empty for the title.
        always: Whether the keys work even while a text box has the focus.
        palette: Whether the palette lists it.
        native: Whether the panel's own widget obeys the keys; the screen binds none then, and needs no handler.
        verb: Name of the debugger verb that it sends, which says whether it is allowed; empty where it sends none.
        reach: For one that sends none, the last viewpoint at which it can be used.
    """

    name: str
    title: str
    help: str
    group: Group
    keys: tuple[str, ...] = ()
    panels: tuple[Panel, ...] = ()
    word: str | None = None
    usage: str = ""
    argument: Argument = Argument.NONE
    short: str = ""
    always: bool = False
    palette: bool = True
    native: bool = False
    verb: str = ""
    reach: Viewpoint = Viewpoint.RECORDING

    @property
    def needs_argument(self) -> bool:
        """Whether the word means nothing alone."""
        return bool(self.usage) and not self.usage.startswith("[")

    @property
    def label(self) -> str:
        """What the footer calls it."""
        return self.short or self.title.lower()


def of_verb(kind: type[Verb], group: Group = Group.OTHER, keys: tuple[str, ...] = (), **more: Any) -> Action:
    """Return the action that sends a verb; what is not given is what the verb's model says."""
    fields: dict[str, Any] = {
        "name": kind.name,
        "title": kind.name.replace("_", " ").capitalize(),
        "help": kind.help,
        "word": kind.word,
        "usage": usage_of(kind),
        "argument": Argument.FIELDS if kind.arguments() else Argument.NONE,
        "verb": kind.name,
    }
    return Action(group=group, keys=keys, **(fields | more))


_LISTS = (Panel.GRAPH, Panel.TIMELINE, Panel.BREAKPOINTS, Panel.QUEUE)
_QUEUE = (Panel.QUEUE,)
_ROWS = (Panel.TIMELINE, Panel.INSPECTOR, Panel.CHAT, Panel.BREAKPOINTS, Panel.QUEUE)

ACTIONS: Final[tuple[Action, ...]] = (
    of_verb(verbs.Continue, Group.RUN, ("c", "f5")),
    of_verb(verbs.Pause, Group.RUN, ("p", "f6")),
    of_verb(verbs.StepOnce, Group.RUN, ("s", "f11"), title="Step one message", short="step"),
    of_verb(verbs.Next, Group.RUN, ("n", "f10"), title="Next superstep", short="next superstep"),
    of_verb(verbs.Into, Group.RUN, ("i",), title="Step into", short="into"),
    of_verb(verbs.Out, Group.RUN, ("r", "shift+f11"), title="Step out", short="out"),
    of_verb(verbs.RunTo, Group.RUN, ("t",), title="Run to cursor",
            help="Go on until just before the selected event or step (or the one named), once.",
            panels=(Panel.GRAPH, Panel.TIMELINE, Panel.QUEUE), usage="[EVENT_ID|STEP]", argument=Argument.PLACE,
            short="run to here"),
    of_verb(verbs.ShowStack, Group.RUN, ("P",), title="Python stack", short="where"),
    of_verb(verbs.Stop, Group.RUN, ("X",), title="Stop the run",
            help="Cancel the run, once you say yes; what it recorded stays."),
    Action("restart", "Restart",
           "Load the target again and start it with the same input; breakpoints stay. Asks first while a run is alive.",
           Group.RUN, ("R",), word="restart", short="restart", reach=Viewpoint.PAST),
    Action("resume", "Resume run",
           "Resume the run where it was recorded last, after its worker died, it failed, or from a recording;"
           " with the number of an earlier superstep, or from the past, as a fork. Where a recorded state does not fit"
           " the code, reset begins that step with a new one; where a value on its way does not, drop goes on without"
           " it, and replace with another.", Group.RUN,
           ("u",), word="resume", usage="[SUPERSTEP] [reset [STEP]] [drop [NUMBER]] [replace NUMBER JSON]",
           argument=Argument.FREE, short="resume"),
    of_verb(verbs.Reload, Group.RUN, title="Reload the code",
            help="Load edits of the code now; where a state does not fit them, reset that step, keep the old code until"
            " the next save, or go back to it.", usage="[why|keep|back|reset [STEP]]", argument=Argument.FREE),
    Action("quit", "Quit", "Leave; asks first while a run is alive.", Group.RUN, ("q",), word="quit"),
    Action("leave_now", "Leave at once", "Leave without being asked.", Group.RUN, ("ctrl+q",), always=True),
    Action("interrupt", "Pause, then quit",
           "Pause the run; pressed again within two seconds while it is paused, leave.", Group.RUN,
           ("ctrl+c",), always=True, palette=False),

    Action("toggle_break", "Toggle breakpoint", "Break on the selected event, route or step, or no longer.",
           Group.BREAKPOINTS, ("b", "f9"), panels=_LISTS, short="breakpoint", verb="add_breakpoint"),
    of_verb(verbs.AddBreakpoint, Group.BREAKPOINTS, name="break", title="Set a breakpoint",
            help="Pause at an event or step (globs too), route, function, error, warning or quiescence, or where a"
            " value in a state changes (state STEP.path), but for what is edited by hand; with log, only log. A"
            " predicate reads data, event_id, step, source, target, function, superstep ...",
            usage="PLACE [before|after|emit] [hits ==N] [once] [if PREDICATE] [log TEXT]", argument=Argument.BREAK),
    of_verb(verbs.EditBreakpoint, Group.BREAKPOINTS, ("B",), name="edit_break", title="Edit breakpoint",
            help="Put the breakpoint of what is selected on the command line, as break takes it; Enter changes it.",
            panels=_LISTS, usage="[NUMBER PLACE ...]", argument=Argument.BREAKPOINT, short="edit"),
    Action("cond", "Condition", "Let a breakpoint count only where a predicate holds; without one, everywhere.",
           Group.BREAKPOINTS, word="cond", usage="NUMBER [PREDICATE]", argument=Argument.BREAKPOINT,
           verb="edit_breakpoint"),
    Action("hits", "Hit count", "Let a breakpoint pause at the third hit only, from it on, or at every third.",
           Group.BREAKPOINTS, word="hits", usage="NUMBER [==3|>=3|%3]", argument=Argument.BREAKPOINT,
           verb="edit_breakpoint"),
    Action("log", "Logpoint", "Let a breakpoint log a text with {expressions} instead of pausing; without one, pause.",
           Group.BREAKPOINTS, word="log", usage="NUMBER [TEXT]", argument=Argument.BREAKPOINT,
           verb="edit_breakpoint"),
    Action("once", "Once", "Let a breakpoint pause only once, or every time.", Group.BREAKPOINTS,
           word="once", usage="NUMBER", argument=Argument.BREAKPOINT, verb="edit_breakpoint"),
    of_verb(verbs.EnableBreakpoint, Group.BREAKPOINTS, name="enable", title="Switch breakpoint on",
            help="Let a breakpoint count.", usage="NUMBER|EVENT|all", argument=Argument.BREAKPOINT),
    Action("disable", "Switch breakpoint off", "Let a breakpoint not count; it keeps its number and count.",
           Group.BREAKPOINTS, word="disable", usage="NUMBER|EVENT|all", argument=Argument.BREAKPOINT,
           verb="enable_breakpoint"),
    Action("switch_break", "Switch breakpoint", "Switch the selected breakpoint on or off; it keeps its count.",
           Group.BREAKPOINTS, ("space",), panels=(Panel.BREAKPOINTS,), short="on/off", verb="enable_breakpoint"),
    of_verb(verbs.RemoveBreakpoint, Group.BREAKPOINTS, ("d", "delete"), name="delete_break", title="Delete breakpoint",
            help="Delete the selected breakpoint, or those named; `all` deletes all.", panels=(Panel.BREAKPOINTS,),
            usage="[NUMBER|EVENT|all]", argument=Argument.BREAKPOINT, short="delete"),
    of_verb(verbs.MuteBreakpoints, Group.BREAKPOINTS, ("M",), name="mute", title="Mute breakpoints",
            help="Let no breakpoint pause the run, or let them again.", panels=(Panel.BREAKPOINTS,), usage="",
            argument=Argument.NONE, short="mute"),

    Action("first", "Deliver first", "Deliver the selected message before all others.", Group.CHANGE,
           ("T",), panels=_QUEUE, word="first", usage="[NUMBER]", argument=Argument.MESSAGE, short="first",
           verb="move_message"),
    Action("earlier", "Deliver earlier", "Deliver the selected message one place earlier.", Group.CHANGE,
           ("K",), panels=_QUEUE, short="earlier", verb="move_message"),
    Action("later_on", "Deliver later", "Deliver the selected message one place later.", Group.CHANGE,
           ("J",), panels=_QUEUE, short="later", verb="move_message"),
    of_verb(verbs.MoveMessage, Group.CHANGE, name="move", title="Move a message",
            help="Deliver a message at another place; 1 is first.", usage="NUMBER PLACE", argument=Argument.MESSAGE),
    Action("hold_toggle", "Hold or release", "Hold the selected message, or release it.", Group.CHANGE,
           ("h",), panels=_QUEUE, short="hold", verb="hold_message"),
    of_verb(verbs.HoldMessage, Group.CHANGE, name="hold", title="Hold a message",
            help="Hold a message until it is released.", usage="[NUMBER]", argument=Argument.MESSAGE),
    Action("letgo", "Release a message", "Let a held message be delivered; `all` releases all.", Group.CHANGE,
           word="letgo", usage="[NUMBER|all]", argument=Argument.MESSAGE, verb="hold_message"),
    of_verb(verbs.DropMessage, Group.CHANGE, ("d", "delete"), name="drop", title="Drop a message", panels=_QUEUE,
            usage="[NUMBER]", argument=Argument.MESSAGE, short="drop"),
    of_verb(verbs.DuplicateMessage, Group.CHANGE, ("D",), name="dup", title="Duplicate a message", panels=_QUEUE,
            usage="[NUMBER]", argument=Argument.MESSAGE, short="duplicate"),
    of_verb(verbs.EditMessage, Group.CHANGE, ("e",), name="edit", title="Edit a message",
            help="Replace the payload of a message; without JSON, in an editor.", panels=_QUEUE,
            usage="[NUMBER [JSON]]", argument=Argument.MESSAGE, short="edit"),
    of_verb(verbs.Inject, Group.CHANGE, ("I",), title="Inject an event", panels=_QUEUE,
            usage="EVENT [JSON] [from STEP]", argument=Argument.INJECT, short="inject"),
    of_verb(verbs.EditState, Group.CHANGE, ("E",), name="state", title="Edit a state",
            help="Replace the state of a step, checked by its model; without JSON, in an editor.",
            panels=(Panel.GRAPH, Panel.INSPECTOR), usage="[STEP [JSON]]", argument=Argument.STEP, short="edit state"),
    of_verb(verbs.ForceComplete, Group.CHANGE, name="complete", title="Complete a call",
            help="End the step's waiting or next call as if it had returned that result."),
    of_verb(verbs.Undo, Group.CHANGE, ("z",)),

    Action("step_back", "Previous event", "Look at the event before; s then looks at the one after.",
           Group.TRAVEL, ("S",), word="stepback", short="event before"),
    Action("next_back", "Previous superstep",
           "Look at the end of the superstep before; n then looks at that of the one after.", Group.TRAVEL,
           ("N",), word="nextback", short="superstep before"),
    Action("reverse", "Back to a match",
           "Look at the last event before at which a breakpoint would have paused, or a predicate held.",
           Group.TRAVEL, ("C",), word="back-to", usage="[PREDICATE]", argument=Argument.PREDICATE, short="hit before"),
    Action("goto_paused", "To the present", "Go to the event at which the run is paused; leave the past.",
           Group.TRAVEL, ("full_stop",), word="here", short="present"),

    Action("search", "Search", "Find the next event whose line holds a text.", Group.LOOK,
           ("slash",), word="search", usage="TEXT", argument=Argument.FREE, short="search"),
    Action("search_next", "Find again", "Find the next event that fits the last search.", Group.LOOK,
           ("greater_than_sign",)),
    Action("search_back", "Find before", "Find the event before that fits the last search.", Group.LOOK,
           ("less_than_sign",)),
    Action("filter", "Filter the timeline", "Show only events that match; empty shows all again.", Group.LOOK,
           ("f",), word="filter", usage="[TEXT]", argument=Argument.FREE, short="filter"),
    Action("cause", "Go to the cause", "Select the event that led to the selected one.", Group.LOOK,
           ("left", "h"), panels=(Panel.TIMELINE,), word="cause", short="cause"),
    Action("effect", "Go to the effect", "Select the first event that the selected one led to.", Group.LOOK,
           ("right", "l"), panels=(Panel.TIMELINE,), word="effect", short="effect"),
    Action("back", "Back from a jump", "Select the event that the last jump began at.", Group.LOOK,
           ("backspace",), panels=(Panel.TIMELINE,), word="back"),
    of_verb(verbs.Explain, Group.LOOK, ("W",), name="why", title="Why?",
            help="Explain the selected event: what led to it and what it led to; or the selected step: what each"
            " parameter waits for, and why it has not come.", usage="[SEQ|STEP[.FUNCTION]]", argument=Argument.WHY,
            short="why"),
    Action("goto", "Go to event", "Select the event of that number; a number alone does the same.", Group.LOOK,
           word="goto", usage="SEQ", argument=Argument.FREE),
    Action("follow", "Follow the newest event", "Keep the newest event in sight, or no longer.", Group.LOOK,
           ("F",), word="follow", short="follow"),
    Action("copy", "Copy", "Copy the selected event, step or answer to the clipboard.", Group.LOOK,
           ("y",), word="copy"),
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

    of_verb(verbs.Respond, Group.TALK, ("a",), name="answer", title="Answer",
            help="Answer the open question; without text, go to the chat box.", usage="[TEXT]", argument=Argument.FREE),
    Action("end_input", "End the input", "Answer a step that reads standard input with its end; Ctrl+D in the empty"
           " chat box does the same.", Group.TALK, word="eof", verb="respond"),
    of_verb(verbs.SendEvent, Group.TALK, name="send", title="Send an event", argument=Argument.INPUT_EVENT),
    Action("next_request", "Next question", "Choose the next of several open questions.", Group.TALK,
           ("ctrl+n",), word="question", always=True, short="next question", reach=Viewpoint.PRESENT),

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
           Group.GRAPH, ("0",), panels=(Panel.GRAPH,), word="fit"),
    Action("graph_turn", "Turn the graph", "Let it flow from top to bottom, or from left to right.", Group.GRAPH,
           ("v",), panels=(Panel.GRAPH,), word="turn"),
    Action("graph_fold", "Fold a nested process", "Fold or unfold the nested process that is selected.", Group.GRAPH,
           ("o",), panels=(Panel.GRAPH,), word="fold"),
    Action("graph_map", "Small map", "Show or hide the small map of the graph.", Group.GRAPH,
           ("M",), panels=(Panel.GRAPH,), word="map"),
    Action("graph_ascii", "ASCII graph", "Draw the graph with nothing but ASCII, or with box drawing again.",
           Group.GRAPH, panels=(Panel.GRAPH,), word="ascii"),
    Action("graph_follow", "Follow the active step", "Keep the step that runs in sight, or stay.", Group.GRAPH,
           ("w",), panels=(Panel.GRAPH,), word="watch"),

    Action("command", "Command line", "Type a command; Tab completes, Up and Down recall.", Group.SCREEN,
           ("colon",), palette=False, short="command"),
    Action("palette", "Palette", "Search everything there is to do.", Group.SCREEN,
           ("ctrl+p",), always=True, palette=False),
    Action("help", "Help", "Every key and every command, or one of them.", Group.SCREEN,
           ("question_mark", "f1"), word="help", usage="[VERB]", argument=Argument.WORD),
    *(Action(f"panel_{panel.number}", f"{panel.heading} panel", f"Go to {panel.about}.", Group.SCREEN,
             (str(panel.number),)) for panel in Panel),
    Action("panel", "Go to a panel", "Go to the panel of that name or number.", Group.SCREEN,
           word="panel", usage="NAME", argument=Argument.PANEL, palette=False),
    Action("focus_next", "Next panel", "Move the focus to the next panel on the screen.", Group.SCREEN,
           ("tab",), palette=False),
    Action("focus_previous", "Previous panel", "Move the focus to the panel before.", Group.SCREEN,
           ("shift+tab",), palette=False),
    Action("tab_next", "Next tab", "Show the next panel that shares this place.", Group.SCREEN,
           ("right_square_bracket",), short="tab"),
    Action("tab_previous", "Previous tab", "Show the panel before that shares this place.", Group.SCREEN,
           ("left_square_bracket",)),
    Action("zoom", "Fill the screen", "Let the panel fill the screen, or give it back its place.", Group.SCREEN,
           ("m",), word="zoom", short="maximise"),
    Action("grow", "Larger panel", "Give the panel more room.", Group.SCREEN, ("plus",)),
    Action("shrink", "Smaller panel", "Give the panel less room.", Group.SCREEN, ("underscore",)),
    Action("theme", "Change theme", "Change to the next theme, or the one named.", Group.SCREEN,
           word="theme", usage="[NAME]", argument=Argument.THEME),
)  # fmt: skip

BY_NAME: Final = {action.name: action for action in ACTIONS}


def actions() -> tuple[Action, ...]:
    """Return every action: those listed here, and one for each verb of the table that none of them sends."""
    sent = {action.verb for action in ACTIONS}
    return (*ACTIONS, *(of_verb(kind) for name, kind in verbs.verbs().items() if name not in sent))


def action_of(name: str) -> Action:
    """Return the action of a name."""
    return BY_NAME.get(name) or next(action for action in actions() if action.name == name)


def words() -> dict[str, Action]:
    """Return the actions by their words of the command line."""
    return {action.word: action for action in actions() if action.word is not None}


_KEY_NAMES: Final = {
    "slash": "/", "colon": ":", "question_mark": "?", "plus": "+", "underscore": "_", "full_stop": ".",
    "left_square_bracket": "[", "right_square_bracket": "]", "left_parenthesis": "(", "right_parenthesis": ")",
    "escape": "Esc", "enter": "Enter", "space": "Space", "tab": "Tab", "delete": "Del", "minus": "-",
    "equals_sign": "=", "left": "←", "right": "→", "up": "↑", "down": "↓", "home": "Home", "end": "End",
    "pageup": "PgUp", "pagedown": "PgDn", "backspace": "Bksp", "less_than_sign": "<", "greater_than_sign": ">",
}  # fmt: skip


def key_text(key: str) -> str:
    """Return a key, named as in Textual, the way a keyboard shows it: `Ctrl+C`, `F5`, `/` and the like."""
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
