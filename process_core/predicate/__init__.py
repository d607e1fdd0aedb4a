"""The one predicate language, of breakpoints, logpoints, route conditions, the timeline's filter and reverse-continue.

Python's expression syntax on a whitelist, over `data` and the names of `MEANINGS`. A predicate runs no code of the
payload's classes and does bounded work, so one text serves live messages, recorded rows and text from outside.

A name means the same wherever it is used, so a condition of a breakpoint and a filter with the same text select the
same events. Before a call, a breakpoint looks at the call that the message leads to, as its row (`executor_invoked`)
will say it: `step`, `path` and `target` are the step that is called, `source` the path of the step that sent the
message, `event_id` and `route` the message's own, `cause` the number of the event that brought it, and `data` is what
the message carries. What the function was called with, by parameter, is `arguments`. A call that several messages led
to is selected where one of them would have been. What nothing has yet (`seq` and `arguments` before a call) is refused
by name.

Where an event is emitted or a call has completed, `step` and `source` are the step that did so, and `data` is what was
emitted or returned. `data` of a failure is the `StepFailure` that an error route delivers (`data.type`,
`data.message`), of a watchpoint the new value. A member of an Enum is its value, and `.name` of the field that has it
is its name. What there is not is None.
"""

from process_core.predicate.access import Member
from process_core.predicate.errors import PredicateError, PredicateEvaluationError
from process_core.predicate.predicate import Predicate, compile_predicate
from process_core.predicate.sql import SqlPrefilter
from process_core.predicate.syntax import ENVELOPE, MEANINGS
from process_core.predicate.template import LogTemplate, describe

__all__ = [
    "ENVELOPE",
    "MEANINGS",
    "LogTemplate",
    "Member",
    "Predicate",
    "PredicateError",
    "PredicateEvaluationError",
    "SqlPrefilter",
    "compile_predicate",
    "describe",
]
