import builtins
import csv
import getpass
import os
import subprocess
import sys
import threading

import pytest
from pydantic import TypeAdapter

from process_core.engine import context as engine_context
from process_core.errors import StepContextError
from process_core.session.stdio.redirect import StepStreams


class Speaking:
    """Stands for an invocation that runs: keeps what it logs and answers what it asks."""

    def __init__(self, path="Step", answers=()):
        self.path, self.function = path, "work"
        self.logged, self.asked, self.answers = [], [], list(answers)
        self.is_over = False

    @property
    def is_open(self):
        return not self.is_over

    def log(self, stream, text):
        self.logged.append((stream, text))

    def ask_from_thread(self, prompt, response_type):
        self.asked.append(prompt)
        return TypeAdapter(response_type).validate_python(self.answers.pop(0))


class Bench:
    def __init__(self):
        self.orphans, self.planned = [], []
        self.streams = StepStreams(
            lambda stream, text: self.orphans.append((stream, text)), lambda _, call: self.planned.append(call)
        )

    def __enter__(self):
        self.streams.install()
        return self

    def __exit__(self, *_):
        self.streams.undo()

    def run_planned(self):
        calls, self.planned = self.planned, []
        for call in calls:
            call()


def in_step(context, work):
    raised = []

    def run():
        token = engine_context._current.set(context)
        try:
            work()
        except BaseException as error:
            raised.append(error)
        finally:
            engine_context._current.reset(token)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


def test_a_printed_line_is_logged_by_the_step_that_printed_it():
    with Bench() as bench:
        step = Speaking()
        in_step(step, lambda: print("a", 1, "\x1b[2J"))
        assert step.logged == [("stdout", "a 1 \x1b[2J")]
        assert bench.orphans == []


def test_lines_of_two_steps_do_not_mix():
    with Bench():
        first, second = Speaking("First"), Speaking("Second")
        in_step(first, lambda: print("one", end=" "))
        in_step(second, lambda: print("two"))
        in_step(first, lambda: print("three"))
        assert first.logged == [("stdout", "one three")]
        assert second.logged == [("stdout", "two")]


def test_standard_error_is_its_own_stream():
    with Bench():
        step = Speaking()
        in_step(step, lambda: print("oops", file=sys.stderr))
        assert step.logged == [("stderr", "oops")]


def test_an_unfinished_line_is_logged_after_a_while():
    with Bench() as bench:
        step = Speaking()
        in_step(step, lambda: print("thinking", end=""))
        assert step.logged == []
        bench.run_planned()
        assert step.logged == [("stdout", "thinking")]


def test_an_unfinished_line_that_is_flushed_is_logged_soon():
    with Bench() as bench:
        step = Speaking()
        in_step(step, lambda: print("50 %", end="", flush=True))
        bench.run_planned()
        assert step.logged == [("stdout", "50 %")]


def test_an_unfinished_line_belongs_to_the_call_that_ends_with_it():
    with Bench() as bench:
        step = Speaking()
        in_step(step, lambda: (print("no line break", end=""), print("nor here", end="", file=sys.stderr)))
        bench.streams.ends(step)
        step.is_over = True
        bench.run_planned()
        assert (step.logged, bench.orphans) == ([("stdout", "no line break"), ("stderr", "nor here")], [])


def test_what_a_step_prints_after_its_end_is_kept_without_it():
    with Bench() as bench:
        step = Speaking()
        in_step(step, lambda: print("late", end=""))
        step.is_over = True
        bench.run_planned()
        assert bench.orphans == [("stdout", "late")]


def test_a_print_outside_any_step_is_kept_without_a_step():
    with Bench() as bench:
        print("loading")
        assert bench.orphans == [("stdout", "loading")]


def test_bytes_written_to_the_buffer_are_decoded_over_their_cuts():
    with Bench():
        step = Speaking()

        def work():
            euro = "€\n".encode()
            sys.stdout.buffer.write(euro[:2])
            sys.stdout.buffer.write(euro[2:] + b"\xff\n")

        in_step(step, work)
        assert step.logged == [("stdout", "€"), ("stdout", "\\xff")]


def test_writing_something_else_than_text_is_refused_like_by_any_text_stream():
    with Bench(), pytest.raises(TypeError, match="must be str"):
        sys.stdout.write(b"bytes")


def test_input_in_a_thread_asks_and_returns_the_answer():
    with Bench():
        step = Speaking(answers=["Ada"])
        got = []
        in_step(step, lambda: got.append(input("name: ")))
        assert (step.asked, got) == (["name: "], ["Ada"])


def test_a_prompt_printed_without_newline_becomes_the_question():
    with Bench() as bench:
        step = Speaking(answers=["7"])

        def work():
            print("how many? ", end="")
            input()

        in_step(step, work)
        assert step.asked == ["how many? "]
        bench.run_planned()
        assert step.logged == []


def answered(answers, work):
    """Return what reading gives, where these lines are answered and then the input ends."""
    got = []
    with Bench():
        in_step(Speaking(answers=[*answers, *[None] * 3]), lambda: got.append(work()))
    return got[0]


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (lambda: sys.stdin.read(-1), "ab\nc\nd\n"),
        (lambda: sys.stdin.readlines(-1), ["ab\n", "c\n", "d\n"]),
        (lambda: list(sys.stdin), ["ab\n", "c\n", "d\n"]),
        (lambda: [sys.stdin.readline(), next(iter(sys.stdin)), sys.stdin.read()], ["ab\n", "c\n", "d\n"]),
        (lambda: [sys.stdin.read(1), sys.stdin.readline(), sys.stdin.read(3), sys.stdin.readline()],
         ["a", "b\n", "c\nd", "\n"]),
        (lambda: [sys.stdin.readline(1), sys.stdin.readline(0), sys.stdin.readline()], ["a", "", "b\n"]),
        (lambda: [sys.stdin.read(), sys.stdin.read(), sys.stdin.readline()], ["ab\nc\nd\n", "", ""]),
        (lambda: sys.stdin.buffer.read(-1), b"ab\nc\nd\n"),
        (lambda: [sys.stdin.buffer.readline(), sys.stdin.buffer.read(1), list(sys.stdin.buffer)],
         [b"ab\n", b"c", [b"\n", b"d\n"]]),
        (lambda: next(csv.reader(sys.stdin)), ["ab"]),
        (lambda: [input(), input(), input()], ["ab", "c", "d"]),
    ],
)  # fmt: skip
def test_standard_input_reads_like_a_stream(work, expected):
    assert answered(["ab", "c", "d"], work) == expected


def test_bytes_of_standard_input_are_utf_8():
    assert answered(["é"], lambda: sys.stdin.buffer.readline(-1)) == "é\n".encode()


def test_input_at_the_end_of_the_input_is_an_error_as_in_any_program():
    with pytest.raises(EOFError, match="end of input"):
        answered([], lambda: input("name"))


def test_a_prompt_that_was_flushed_is_the_question():
    with Bench() as bench:
        step = Speaking(answers=["x", "y"])

        def work():
            print("name:", end="", flush=True)  # as click and rich do
            input(" ")
            print("to stderr: ", end="", flush=True, file=sys.stderr)
            sys.stdin.readline()

        in_step(step, work)
        bench.run_planned()
        assert (step.asked, step.logged) == (["name: ", "to stderr: "], [])


def test_a_password_is_asked_for_as_a_secret():
    with Bench():
        step = Speaking(answers=["hush"])
        got = []
        in_step(step, lambda: got.append(getpass.getpass("Token: ")))
        assert (step.asked, got) == (["Token: "], ["hush"])


def test_a_breakpoint_in_a_coroutine_says_what_to_do():
    with Bench():
        token = engine_context._current.set(Speaking("Ask"))
        try:
            with pytest.raises(
                StepContextError, match=r"breakpoint\(\) in the coroutine Ask\.work .*`:break Ask\.work`"
            ):
                input("(Pdb) ")
        finally:
            engine_context._current.reset(token)


def test_input_on_the_event_loop_says_what_to_write_instead():
    with Bench():
        token = engine_context._current.set(Speaking("Ask"))
        try:
            with pytest.raises(StepContextError, match=r"Ask\.work .*await context\.request_info\('name:'\)"):
                input("name: ")
        finally:
            engine_context._current.reset(token)


def test_input_outside_any_step_is_the_end_of_input():
    with Bench(), pytest.raises(EOFError, match="nobody can answer"):
        input()


def test_everything_is_given_back():
    with Bench() as bench:
        assert builtins.input == bench.streams._input
        bench.streams.undo()
        assert sys.stdout is not bench.streams.stdout
        assert builtins.input != bench.streams._input


CAPTURE = """
import os, subprocess, sys, threading
from process_core.session.stdio.fd_capture import FdCapture
woken = threading.Semaphore(0)
capture = FdCapture(1, "stdout", woken.release)
keep = os.dup(2)
capture.start()
lines = []
{work}
capture.stop(5)
capture.drain(lambda stream, line: lines.append(line))
os.write(keep, repr(lines).encode())
"""


def captured(work):
    code = CAPTURE.format(work=work)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True)
    assert done.stdout == b""
    return eval(done.stderr)


def test_what_goes_straight_to_the_descriptor_is_caught():
    work = r"os.write(1, b'one\ntwo'); subprocess.run(['printf', '\\033[31mred\\n'], check=True)"
    assert captured(work) == ["one", "two\x1b[31mred"]


def test_an_unfinished_line_of_a_child_is_not_held_for_ever():
    work = "os.write(1, b'50 %'); woken.acquire(timeout=10); capture.drain(lambda s, line: lines.append(line + '!'))"
    assert captured(work) == ["50 %!"]


def test_reading_goes_on_when_nobody_takes_the_lines():
    work = (
        "import process_core.session.stdio.fd_capture as module; module.MAX_WAITING = 10; "
        r"os.write(1, b'x\n' * 30_000); os.write(1, b'x\n' * 30_000)"
    )
    lines = captured(work)
    assert lines[:10] == ["x"] * 10
    assert "59990 more lines" in lines[-1]


def test_a_child_that_holds_the_pipe_does_not_hold_up_the_end():
    work = (
        "os.write(1, b'x\\n'); child = subprocess.Popen(['sleep', '20']); capture.stop(0.2); child.kill(); child.wait()"
    )
    assert captured(work) == ["x"]


def test_the_standard_streams_survive_a_fork(capfd):
    with Bench() as bench:
        pid = os.fork()
        if pid == 0:
            print("from the child")
            os._exit(0)
        os.waitpid(pid, 0)
        assert capfd.readouterr().out == "from the child\n"
        assert bench.orphans == []
