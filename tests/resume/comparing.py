"""Compares a run that was cut off and gone on with to the same run undisturbed."""

import re
from collections import Counter

from cutting import LIMIT, recorded, rows_of, run_on, run_whole

from process_core import RunState

_VARIES = re.compile(r'"traceback":"(?:[^"\\]|\\.)*"|"superstep":\d+')


def plain(calls):
    """Leave out of calls what a failure says of where and when, which another attempt says otherwise."""
    found = Counter()
    for (path, name, given), number in calls.items():
        found[path, name, _VARIES.sub("", given)] += number
    return found


def cuts_off(path):
    """Tell whether a failure cut off calls beside it, as it does in an element of a map and in a nested process."""
    return any(row.type == "executor_cancelled" for row in rows_of(path))


class Undisturbed:
    """A run that nothing happened to.

    Attributes:
        path: Its file.
        end: What it came to.
        begun: The calls of functions that began.
        completed: Those that completed.
    """

    def __init__(self, process, outside, path, ran, limit=LIMIT) -> None:
        self.process = process
        self.outside = outside
        self.limit = limit
        self.path = path
        ran.take()
        self.end = run_whole(process, outside, path, limit)
        self.begun, self.completed = (plain(calls) for calls in ran.take())
        self._leaves = {call[:2] for call in self.begun}
        self._cuts_off = cuts_off(path)
        assert self.completed == self.of_leaves(recorded(path).completed)

    def of_leaves(self, calls):
        """Leave out the calls of nested processes and maps."""
        return Counter({call: number for call, number in plain(calls).items() if call[:2] in self._leaves})

    def check(self, target, ran) -> None:
        """Go on with a file that was cut, and compare."""
        before = self.of_leaves(recorded(target).completed)
        end = run_on(self.process, self.outside, target, self.limit)
        begun, completed = (plain(calls) for calls in ran.take())
        assert (end.state, end.error) == (self.end.state, self.end.error)
        assert end.outputs == self.end.outputs
        assert end.public == self.end.public
        if self._cuts_off or cuts_off(target):
            return  # who was cut off by a failure, and which of several failures came first, is a matter of moments
        assert not (before & begun) - (self.begun - before), "a finished function ran again"
        if end.state is not RunState.FAILED:
            assert end.states == self.end.states
            assert before + completed == self.completed
