"""Changing a paused run: what its user sees and what the run does then."""

from contextlib import asynccontextmanager

from editing_targets import BIG, JOIN, MANY

from tui.queue.panel import QueuePanel
from tui.screens.editor import EditorScreen, as_text


@asynccontextmanager
async def paused_with_queue(debug, process_file, source=JOIN, **options):
    """Open the app where three orders and half a join are pending."""
    async with debug(process_file(source), paused=True, **options) as d:
        await d.until("PAUSED")
        await d.press("n")
        await d.until(lambda: d.status.superstep == 2 and d.status.paused)
        await d.press("6")
        await d.until(lambda: len(d.screen.queue.messages) == d.status.pending)
        yield d


def order(d):
    return [message.event_id for message in d.screen.queue.messages if message.target == "Sink"]


def outputs(d):
    return [row.preview for row in d.screen.run_file.page(0, 1000) if row.type == "output"]


async def end(d):
    await d.press("c")
    await d.until(lambda: d.status.paused is None and d.status.state.value == "IDLE")


async def test_the_queue_shows_number_event_and_target_in_order_of_delivery(debug, process_file):
    async with paused_with_queue(debug, process_file, size=(200, 60)) as d:
        assert order(d) == ["First", "Second", "Third"]
        await d.until("Second Source → Sink.take(order)")


async def test_a_message_is_delivered_first_and_that_can_be_undone(debug, process_file):
    async with paused_with_queue(debug, process_file) as d:
        third = next(message.id for message in d.screen.queue.messages if message.event_id == "Third")
        await d.command(f"first {third}")
        await d.until(lambda: d.screen.queue.messages[0].event_id == "Third")
        assert "z undo" in d.text
        await d.press("z")
        await d.until(lambda: order(d) == ["First", "Second", "Third"])


async def test_keys_of_the_queue_move_hold_and_drop_the_selected_message(debug, process_file):
    async with paused_with_queue(debug, process_file) as d:
        chosen = d.screen.queue.messages[-1]
        await d.press("end", "d")
        await d.until("not a message; W says which")
        await d.press("up", "K")
        await d.until(lambda: d.screen.queue.messages[-1].id != chosen.id)
        assert d.screen.queue.selected.id == chosen.id
        await d.press("h")
        await d.until("1 held")
        await d.press("h")
        await d.until(lambda: not d.screen.queue.held)
        await d.press("d")
        await d.until(lambda: chosen.id not in [message.id for message in d.screen.queue.messages])


async def test_what_is_dropped_never_arrives_and_what_is_duplicated_arrives_twice(debug, process_file):
    async with paused_with_queue(debug, process_file) as d:
        ids = {message.event_id: message.id for message in d.screen.queue.messages if message.target == "Sink"}
        await d.command(f"drop {ids['First']}")
        await d.until(lambda: order(d) == ["Second", "Third"])
        await d.command(f"dup {ids['Third']}")
        await d.until(lambda: order(d) == ["Second", "Third", "Third"])
        await end(d)
        assert outputs(d) == ["took 2", "took 3", "took 3"]


async def test_a_payload_is_edited_on_the_command_line(debug, process_file):
    async with paused_with_queue(debug, process_file) as d:
        first = next(m.id for m in d.screen.queue.messages if m.event_id == "First" and m.target == "Sink")
        await d.command(f'edit {first} {{"number": 77}}')
        await d.until(lambda: any(message.changed for message in d.screen.queue.messages))
        assert d.screen.graph.overlay.forced
        await end(d)
        assert outputs(d)[0] == "took 77"


async def test_the_editor_keeps_what_was_typed_when_it_is_refused_and_says_why(debug, process_file):
    async with paused_with_queue(debug, process_file) as d:
        await d.command("state Sink")
        await d.until(lambda: isinstance(d.screen, EditorScreen))
        page = d.screen
        page._box.text = "{"
        await d.press("ctrl+s")
        await d.until("not JSON")
        page._box.text = '{"numbers": "many"}'
        await d.press("ctrl+s")
        await d.until("valid list")
        assert page.text == '{"numbers": "many"}'
        page._box.text = '{"numbers": [40]}'
        await d.press("ctrl+s")
        await d.until(lambda: not isinstance(d.screen, EditorScreen))
        await d.until("z undoes")


async def test_what_was_typed_and_left_is_there_when_the_same_is_edited_again(debug, process_file):
    async with paused_with_queue(debug, process_file) as d:
        await d.command("state Sink")
        await d.until(lambda: isinstance(d.screen, EditorScreen))
        d.screen._box.text = '{"numbers": [1, 2'
        await d.press("escape")
        await d.until("not saved")
        await d.press("escape")
        await d.until(lambda: not isinstance(d.screen, EditorScreen))
        await d.command("state Sink")
        await d.until(lambda: isinstance(d.screen, EditorScreen))
        assert d.screen.text == '{"numbers": [1, 2'


async def test_an_event_is_injected_as_if_a_step_had_emitted_it(debug, process_file):
    async with paused_with_queue(debug, process_file) as d:
        await d.command('inject Second {"number": 9} from Source')
        await d.until(lambda: order(d).count("Second") == 2)
        await end(d)
        assert "took 9" in outputs(d)


async def test_a_call_is_completed_by_hand(debug, process_file):
    async with paused_with_queue(debug, process_file) as d:
        await d.command("complete Sink")
        await d.until("completes Sink.take")
        await end(d)
        assert "took 1" not in outputs(d)


async def test_what_cannot_be_done_is_reported_and_stays_on_the_line(debug, process_file):
    async with paused_with_queue(debug, process_file) as d:
        number = d.screen.queue.messages[0].id
        for line, said in (
            ("drop 999", "no message 999 is pending"),
            ("drop First", "is not a message number"),
            (f"edit {number} {{", "not JSON"),
            ("state Snk", "did you mean 'Sink'"),
            ("inject Frist", "has no input event 'Frist'"),
            ("inject Second", "inject Second [JSON] from Source"),
            (f"move {number}", "1 is first"),
        ):
            await d.command(line)
            await d.until(said)
            assert d.screen.line._box.value == line
            await d.press("escape")


async def test_nothing_can_be_undone_where_nothing_was_done(debug, process_file):
    async with paused_with_queue(debug, process_file) as d:
        await d.press("z")
        await d.until("nothing to undo")


async def test_a_half_filled_join_says_in_the_timeline_what_it_has_and_what_it_misses(debug, process_file):
    async with paused_with_queue(debug, process_file, size=(200, 60)) as d:
        await end(d)
        await d.until("has left; misses right")


async def test_a_half_filled_join_stands_below_the_messages_and_why_explains_it(debug, process_file):
    async with debug(process_file(JOIN)) as d:
        await d.until(lambda: d.status.state is not None and d.status.state.value == "IDLE")
        await d.press("6")
        await d.until("◔ Join.both has left; misses right")
        await d.press("W")
        await d.until("◔ right")
        await d.until("via Right from Never")


async def test_ten_thousand_messages_are_listed_to_the_last(debug, process_file):
    async with paused_with_queue(debug, process_file, MANY) as d:
        assert len(d.screen.queue.messages) == 10_001
        await d.press("end")
        await d.until(lambda: d.screen.queue.selected.event_id == "Big")
        await d.press("T")
        await d.until(lambda: d.screen.queue.messages[0].event_id == "Big")


async def test_a_payload_of_a_megabyte_is_edited(debug, process_file):
    async with paused_with_queue(debug, process_file, BIG) as d:
        await d.press("end", "e")
        await d.until(lambda: isinstance(d.screen, EditorScreen))
        assert len(d.screen.text) == 1_000_002
        await d.press("end", "backspace")
        await d.press("ctrl+s")
        await d.until("not JSON")
        await d.type('"')
        await d.press("ctrl+s")
        await d.until(lambda: not isinstance(d.screen, EditorScreen))


def test_a_value_is_written_with_nothing_that_acts_on_a_terminal():
    text = as_text({"\x1b[2J": "é\u202e\x7f\x9b日"})
    assert text == '{\n  "\\u001b[2J": "é\\u202e\\u007f\\u009b日"\n}'


async def test_a_fault_in_a_handler_is_reported_and_does_not_end_the_app(debug, process_file, monkeypatch, faults):
    def broken(_self):
        raise ZeroDivisionError("oops")

    async with paused_with_queue(debug, process_file) as d:
        monkeypatch.setattr(QueuePanel, "selected", property(broken))
        await d.press("h")
        await d.until("ZeroDivisionError: oops")
        await d.command("letgo 1")
        await d.until("ZeroDivisionError: oops")
        assert faults
        faults.clear()


async def test_stepping_keeps_the_queue_in_sight_and_the_focus_in_it(debug, process_file):
    async with paused_with_queue(debug, process_file, size=(80, 24)) as d:
        await d.press("s")
        await d.until(lambda: d.status.paused and d.status.paused.message and len(d.screen.queue.messages) == 3)
        assert d.screen.panel.value == "queue"
        assert "h hold" in d.text
