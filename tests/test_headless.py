import asyncio
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from process_core.runfile import RunFile
from tui.cli.headless import run_headless
from tui.cli.line_source import LineSource
from tui.cli.main import parser

CHAT = """
from process_core import ProcessBuilder, Step, StepContext, function

class Ask(Step):
    @function
    async def ask(self, context: StepContext):
        text = await context.request_info("You")
        context.emit_event("Exit" if text == "exit" else "Said", text)

class Echo(Step):
    @function
    def echo(self, text: str, context: StepContext):
        print("thinking")
        context.yield_output(f"you said {text}")
        context.emit_event("Echoed", text)

def build():
    process = ProcessBuilder("Chat")
    ask, echo = process.add_step(Ask), process.add_step(Echo)
    process.on_input_event("Go").send_event_to(ask)
    ask.on_event("Exit").stop_process()
    ask.on_event("Said").send_event_to(echo)
    echo.on_event("Echoed").send_event_to(ask)
    return process
"""

ONE = """
import asyncio, os, sys, time
from process_core import ProcessBuilder, Step, StepContext, function

class Only(Step):
    @function
    async def work(self, context: StepContext, data: int = 0):
        {body}

def build():
    process = ProcessBuilder("One")
    only = process.add_step(Only)
    process.on_input_event("Go").send_event_to(only, parameter="data")
    return process
"""


@pytest.fixture
def run(run_in_worker, loads_in_process):
    """Runs a process without a terminal, in this interpreter."""
    return run_in_worker


@pytest.fixture
def run_in_worker(tmp_path):
    """Runs a process without a terminal as the command does: in a worker, which captures what steps print."""

    async def run(text, stdin="", **options):
        (tmp_path / "flow.py").write_text(text)
        out, err = io.StringIO(), io.StringIO()
        source = io.StringIO(stdin) if isinstance(stdin, str) else stdin
        target = options.pop("target", "flow.py")
        code = await run_headless(target, stdin=source, stdout=out, stderr=err, cwd=tmp_path, **options)
        return code, out.getvalue(), err.getvalue()

    return run


# --- recording


async def test_rule_41_a_run_that_can_no_longer_be_recorded_says_so_and_has_a_code_of_its_own(run_in_worker):
    body = """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        for number in range(4000):
            context.yield_output(f"{number:0500}")
    """
    code, out, err = await run_in_worker(ONE.format(body=body.strip()))
    assert code == 3, err
    assert "no longer recorded" in err
    assert "superstep_started" in out


# --- the limit of supersteps


async def test_the_limit_of_supersteps_is_an_option_and_named_where_it_ends_a_run(run):
    code, _, err = await run(CHAT, "a\n", max_supersteps=2)
    assert code == 1
    assert "did not become idle within 2 supersteps" in err
    assert "--max-supersteps" in err


def test_run_and_resume_take_the_limit_of_supersteps(capsys):
    for command in (["run", "x.py"], ["resume", "last"]):
        assert parser().parse_args([*command, "--max-supersteps", "12"]).max_supersteps == 12
        with pytest.raises(SystemExit):
            parser().parse_args([*command, "--max-supersteps", "0"])
    assert "counted from 1" in capsys.readouterr().err


# --- what comes late


async def test_what_a_thread_prints_after_the_end_of_the_run_is_printed(run_in_worker):
    body = "import threading; threading.Timer(0.2, print, ['a late word']).start()"
    code, out, err = await run_in_worker(ONE.format(body=body))
    assert (code, err) == (0, "")
    assert out.rstrip().endswith("| a late word")


# --- names that are not UTF-8


async def test_folder_and_target_may_have_names_that_are_not_utf_8(tmp_path):
    folder, name = tmp_path / os.fsdecode(b"caf\xe9"), os.fsdecode(b"th\xe9.py")
    folder.mkdir()
    (folder / name).write_text(CHAT)
    for target in (name, f"{name}:build"):
        out, err = io.StringIO(), io.StringIO()
        code = await run_headless(target, stdin=io.StringIO("exit\n"), stdout=out, stderr=err, cwd=folder)
        assert (code, err.getvalue()) == (0, "")
    targets = [RunFile(path).info.target for path in (folder / ".stepscope/runs").glob("*.run")]
    assert sorted(targets) == [name, f"{name}:build"]
    (folder / name).write_text("1 / 0")
    err = io.StringIO()
    assert await run_headless(name, stdout=io.StringIO(), stderr=err, cwd=folder) == 2
    assert "ZeroDivisionError" in err.getvalue()


# --- reading standard input

READS = """
import sys, getpass, csv
from pathlib import Path
from process_core import ProcessBuilder, Step, StepContext, function

class Read(Step):
    @function
    def work(self, context: StepContext) -> None:
        word = getpass.getpass("Token: ")
        context.yield_output(["token", len(word)])
        print("name:", end="", flush=True)
        context.yield_output(input(" "))
        context.yield_output(len(sys.stdin.read().splitlines()))
        {more}

def build():
    process = ProcessBuilder("Read")
    process.on_input_event("Go").send_event_to(process.add_step(Read))
    return process
"""


async def test_a_step_reads_what_is_piped_to_its_end_and_a_password_is_neither_shown_nor_recorded(
    run_in_worker, tmp_path
):
    code, out, err = await run_in_worker(READS.replace("{more}", ""), "s3cr3t-w0rd\nAda\none\ntwo\nthree\n")
    assert (code, err) == (0, "")
    said = [line.strip() for line in out.splitlines() if re.match(r"\s+[?=|] ", line)]
    assert said[:4] == ["? Token:", "= ['token', 11]", "? name:", "= Ada"]
    assert said[-1] == "= 3"
    assert "s3cr3t" not in out
    recorded = b"".join(path.read_bytes() for path in (tmp_path / ".stepscope/runs").iterdir())
    assert b"Token: " in recorded
    assert b"s3cr3t" not in recorded


async def test_a_step_that_reads_beyond_what_is_piped_fails_as_in_any_program(run_in_worker):
    code, _, err = await run_in_worker(READS.replace("{more}", "input('more? ')"), "a\nb\n")
    assert code == 1
    assert "EOFError: end of input" in err


# --- a conversation


async def test_a_piped_conversation_is_held_to_its_end(run_in_worker):
    code, out, err = await run_in_worker(CHAT, "hello\nexit\n")
    assert code == 0
    assert err == ""
    said = [line.strip() for line in out.splitlines() if re.match(r"\s+[?>=|] ", line)]
    assert said == ["? You", "> hello", "| thinking", "= you said hello", "? You", "> exit"]
    assert out.rstrip().endswith("STOPPED")


async def test_every_event_has_a_line_with_its_number(run):
    _, out, _ = await run(CHAT, "exit\n")
    numbers = [int(found[1]) for line in out.splitlines() if (found := re.match(r" *(\d+) ", line))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 8


async def test_the_end_of_input_ends_a_waiting_run_politely(run):
    code, out, _ = await run(CHAT, "hello\n")
    assert code == 0
    assert "end of input" in out
    assert out.rstrip().endswith("CANCELLED")


async def test_no_input_at_all_is_the_end_of_input(run):
    with Path(os.devnull).open() as null:
        code, out, _ = await run(CHAT, null)
    assert code == 0
    assert "end of input" in out


async def test_an_answer_without_a_final_newline_counts(run):
    code, out, _ = await run(CHAT, "exit")
    assert code == 0
    assert out.rstrip().endswith("STOPPED")


async def test_an_answer_of_the_wrong_type_is_refused_and_the_next_line_tried(run):
    body = 'context.yield_output(await context.request_info("How many?", response_type=int) + 1)'
    code, out, err = await run(ONE.format(body=body), "many\n41\n")
    assert code == 0
    assert "= 42" in out
    assert "does not fit" in err


# --- how it ends


async def test_a_run_that_comes_to_rest_ends_with_0(run):
    code, out, _ = await run(ONE.format(body="context.yield_output(data + 1)"), data="41")
    assert code == 0
    assert "= 42" in out
    assert out.rstrip().endswith("IDLE")


async def test_a_failing_step_ends_with_1_and_the_steps_own_traceback(run):
    code, out, err = await run(ONE.format(body="raise ValueError('no luck')"))
    assert code == 1
    assert "FAILED" in err
    assert "no luck" in err
    assert "flow.py" in out
    assert "process_core/" not in out + err


async def test_a_worker_that_dies_ends_with_1_and_how_it_died(run_in_worker):
    code, _, err = await run_in_worker(ONE.format(body="os.kill(os.getpid(), 9)"))
    assert code == 1
    assert "worker died (signal 9)" in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"target": "flwo.py"}, "did you mean 'flow.py'"),
        ({"target": "flow.py:nothing"}, "no attribute 'nothing'"),
        ({"event": "Stop"}, "no input event 'Stop'"),
        ({"data": "{nope"}, "--data takes JSON"),
    ],
)
async def test_bad_arguments_end_with_2_and_a_message(run, options, said):
    code, out, err = await run(CHAT, **options)
    assert code == 2
    assert said in err
    assert "Traceback" not in err
    assert out == ""


async def test_a_bad_definition_ends_with_2_and_all_its_problems(run):
    wrong = """
    ask.on_event("A").send_event_to("Ecko")
    ask.on_event("B").send_event_to(echo, parameter="tex")
    return process
"""
    text = CHAT.replace("    return process\n", wrong)
    code, _, err = await run(text)
    assert code == 2
    assert err.count("  - ") >= 2
    assert "Ecko" in err
    assert "'tex'" in err


async def test_a_syntax_error_ends_with_2_and_its_place(run):
    code, _, err = await run("def build(:\n")
    assert code == 2
    assert "flow.py, line 1, column" in err


# --- without a terminal


async def test_a_breakpoint_is_reported_and_the_run_goes_on(run):
    code, out, _ = await run(CHAT, "hello\nexit\n", breakpoints=["Said"])
    assert code == 0
    assert re.search(r"paused \(breakpoint 1\) before Said -> Echo  hello.*continuing", out)
    assert "= you said hello" in out


async def test_a_breakpoint_is_given_as_on_the_command_line_of_the_screen(run):
    body = "self.state['n'] = data"
    text = ONE.format(body=body).replace("class Only(Step)", "class Only(Step[dict])")
    code, out, _ = await run(text, data="3", breakpoints=["state Only.n if data > 2", "work.OnRes* emit"])
    assert code == 0
    assert "paused (breakpoint 1): state Only.n: nothing → 3" in out
    assert "paused (breakpoint 2): Only.work emitted work.OnResult" in out


async def test_a_breakpoint_that_can_never_be_hit_is_warned_of(run):
    code, _, err = await run(CHAT, "exit\n", breakpoints=["Sayd"])
    assert code == 0
    assert "Sayd" in err


async def test_a_breakpoint_that_cannot_be_read_ends_with_2_and_what_to_write(run):
    code, _, err = await run(CHAT, "exit\n", breakpoints=["Said hits many"])
    assert code == 2
    assert "hits is ==N" in err


async def test_a_paused_start_is_reported_and_the_run_goes_on(run):
    code, out, _ = await run(CHAT, "exit\n", paused=True)
    assert code == 0
    assert "paused (start)" in out


async def test_escape_codes_of_a_step_do_not_reach_the_output(run_in_worker):
    body = 'print("\\x1b]52;c;x\\x07", "[red]"); context.yield_output("\\x1b[2J\\u202e")'
    code, out, err = await run_in_worker(ONE.format(body=body))
    assert code == 0
    assert "[red]" in out
    assert not {"\x1b", "\x07", "\u202e"} & set(out + err)


async def test_prompts_over_several_lines_stay_readable(run):
    _, out, _ = await run(ONE.format(body='await context.request_info("one\\ntwo")'), "x\n")
    assert re.search(r"\? one\n +\? two\n", out)


async def test_a_stream_that_cannot_show_a_character_shows_its_code(tmp_path):
    (tmp_path / "flow.py").write_text(ONE.format(body='context.yield_output("snow ☃")'))
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert await run_headless("flow.py", stdin=io.StringIO(), stdout=out, cwd=tmp_path) == 0
    assert rb"= snow \u2603" in out.buffer.getvalue()


async def test_a_reader_that_goes_away_ends_the_run_without_a_traceback(tmp_path):
    (tmp_path / "flow.py").write_text(ONE.format(body="[context.emit_event('E', n) for n in range(5000)]"))
    code = (
        "import asyncio, sys; from tui.cli.headless import run_headless; sys.exit(asyncio.run(run_headless('flow.py')))"
    )
    command = f'"{sys.executable}" -c "{code}" | head -n 2'
    done = subprocess.run(
        command, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60, stdin=-3, check=False
    )
    assert len(done.stdout.splitlines()) == 2
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


# --- reading lines


def source_of(stream):
    source = LineSource(stream)

    async def read_all():
        found = []
        while (line := await source.next()) is not None:
            found.append(line)
        return found

    return source, read_all


async def test_lines_come_from_a_file_with_any_line_breaks(tmp_path):
    path = tmp_path / "answers.txt"
    path.write_bytes("a\r\nb\n\né".encode() + b"\xff")
    with path.open() as stream:
        source, read_all = source_of(stream)
        assert await read_all() == ["a", "b", "", "é\ufffd"]
        source.close()


async def test_lines_come_from_a_pipe_as_they_are_written():
    read_end, write_end = os.pipe()
    with os.fdopen(read_end) as stream:
        source, _ = source_of(stream)
        waiting = asyncio.ensure_future(source.next())
        await asyncio.sleep(0.05)
        assert not waiting.done()
        os.write(write_end, b"hel")
        os.write(write_end, b"lo\nmore")
        assert await waiting == "hello"
        os.close(write_end)
        assert await source.next() == "more"
        assert await source.next() is None
        source.close()


async def test_a_wait_for_input_can_be_ended():
    read_end, write_end = os.pipe()
    with os.fdopen(read_end) as stream:
        source, _ = source_of(stream)
        waiting = asyncio.ensure_future(source.next())
        await asyncio.sleep(0.05)
        source.stop()
        async with asyncio.timeout(10):
            assert await waiting is None
        source.close()
    os.close(write_end)


def test_the_command_line_module_stays_free_of_screen_libraries():
    code = "import sys, tui.cli.headless; sys.exit(bool({'textual', 'watchfiles'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=True)


async def test_a_target_that_ends_the_worker_while_it_loads_is_bad_input(run_in_worker):
    code, out, err = await run_in_worker("import os\nos._exit(3)\n")
    assert code == 2
    assert err == "stepscope: worker died (exit code 3) while loading flow.py\n"
    assert out == ""


async def test_what_is_wrong_is_shown_to_its_end_however_long(run):
    reason = "because " * 60 + "of the last word"
    code, out, err = await run(ONE.format(body=f"raise ValueError({reason!r})"))
    assert code == 1
    assert "of the last word" in next(line for line in out.splitlines() if "executor_failed" in line)
    assert "of the last word" in err


async def test_a_payload_that_does_not_fit_is_reported_with_what_was_expected_and_no_traceback_of_ours(run):
    _, out, err = await run(ONE.format(body="pass"), data='{"to": 5}')
    assert "expected int, got dict" in err
    assert "Traceback" not in out + err


async def test_a_refused_answer_names_the_question(run):
    body = 'await context.request_info("How many?", response_type=int)'
    _, _, err = await run(ONE.format(body=body), "many\n41\n")
    assert "the answer to 'How many?' does not fit" in err


def test_standard_streams_that_are_closed_are_served_as_empty_ones(tmp_path):
    (tmp_path / "target.py").write_text(
        "from process_core import ProcessBuilder, Step, function\n"
        "class Says(Step):\n"
        "    @function\n"
        "    def say(self):\n"
        "        open('said', 'a').write('x')\n"
        "process = ProcessBuilder('P')\n"
        "process.on_input_event('Go').send_event_to(process.add_step(Says))\n"
    )
    ended = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m tui.cli run target.py <&- >&- 2>&-"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0
    assert (tmp_path / "said").read_text() == "x"
