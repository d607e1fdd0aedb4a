"""The one predicate language, of breakpoints, logpoints, route conditions, the timeline's filter and reverse-continue.

Python's expression syntax on a whitelist: `data` is the payload, the other names are the envelope of an event (`type`,
`event_id`, `step`, `path`, `function`, `superstep`, `seq`, `route`, `state`, `code`). A predicate runs no code of the
payload's classes and does bounded work, so one text serves live messages, recorded rows and text from outside.

`step` and `path` name the step that a row is about: the one that emits, in the row of an emission and in a breakpoint
on emit; the one that is called, in the rows of its call and in a breakpoint before it. `data` is what the message
carries, in a watchpoint the new value; the row of a call, and a failure, have the arguments by parameter. A member of
an Enum is its value, and `.name` of the field that has it is its name.
"""

from process_core.predicate.access import Member
from process_core.predicate.errors import PredicateError, PredicateEvaluationError
from process_core.predicate.predicate import Predicate, compile_predicate
from process_core.predicate.sql import SqlPrefilter
from process_core.predicate.syntax import ENVELOPE
from process_core.predicate.template import LogTemplate, describe

__all__ = [
    "ENVELOPE",
    "LogTemplate",
    "Member",
    "Predicate",
    "PredicateError",
    "PredicateEvaluationError",
    "SqlPrefilter",
    "compile_predicate",
    "describe",
]
