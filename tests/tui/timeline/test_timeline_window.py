"""Lines, rows and pages."""

from hypothesis import given
from hypothesis import strategies as st
from timeline_fakes import FakeSource, loop_row

from process_core.runfile import RunFileError
from tui.timeline.window import PAGE, Window


def window_of(count):
    window = Window(FakeSource(loop_row, count))
    window.grow(count)
    return window


def test_a_row_far_down_a_million_reads_one_page():
    window = window_of(1_000_000)
    assert window.row_at(700_000).seq == 700_001
    assert len(window.source.pages_read) == 1
    assert window.source.pages_read[0][1] <= PAGE


def test_lines_of_a_page_that_was_read_cost_no_reading():
    window = window_of(1000)
    for index in range(10 * PAGE // 10):
        window.row_at(index)
    assert len(window.source.pages_read) == 1


def test_prefetching_reads_the_page_before_and_the_page_after():
    window = window_of(1000)
    window.prefetch(3 * PAGE, 3 * PAGE + 20)
    assert sorted(start // PAGE for start, _ in window.source.pages_read) == [2, 3, 4]


def test_a_page_that_was_half_written_is_completed_not_read_again():
    source = FakeSource(loop_row, 1000)
    window = Window(source)
    window.grow(10)
    assert window.row_at(9).seq == 10
    window.grow(50)
    assert window.row_at(49).seq == 50
    assert source.pages_read == [(0, 10), (10, 40)]


def test_only_some_pages_are_kept():
    window = window_of(1_000_000)
    for page in range(500):
        window.row_at(page * PAGE)
    assert len(window._pages) <= 64


def test_a_row_that_the_filter_hides_can_be_revealed_in_its_place():
    window = window_of(100)
    window.show_hits()
    window.add_hits([5, 50])
    window.reveal(20)
    window.reveal(20)
    assert [window.row_at(index).seq for index in range(window.count)] == [5, 20, 50]


def test_hits_come_in_order_and_once():
    window = window_of(100)
    window.show_hits()
    window.add_hits([5, 7])
    window.add_hits([5, 7, 9])
    assert [window.seq_at(index) for index in range(window.count)] == [5, 7, 9]


def test_a_file_that_cannot_be_read_is_a_problem_not_an_error(tmp_path):
    class Broken(FakeSource):
        def page(self, start_index, limit):
            raise RunFileError(tmp_path, "the disk reports an error")

    window = Window(Broken(loop_row, 10))
    window.grow(10)
    assert window.row_at(3) is None
    assert "the disk reports an error" in window.problem


@given(st.lists(st.integers(1, 60), unique=True).map(sorted), st.integers(0, 70))
def test_the_nearest_line_is_the_last_one_at_or_before(hits, seq):
    window = window_of(60)
    window.show_hits()
    window.add_hits(hits)
    before = [hit for hit in hits if hit <= seq]
    expected = len(before) - 1 if before else (0 if hits else -1)
    assert window.index_near(seq) == expected
    assert window.index_of(seq) == (hits.index(seq) if seq in hits else None)
