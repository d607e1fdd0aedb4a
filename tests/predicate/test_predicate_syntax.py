"""What is a predicate, and how an error points at what is not."""

import pickle
import subprocess
import sys
import warnings

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from process_core.errors import ProcessError
from process_core.predicate import PredicateError, PredicateEvaluationError, compile_predicate


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("", 1, "an empty predicate"),
        ("  ", 1, "an empty predicate"),
        ("dta.total > 1", 1, "unknown name 'dta' (did you mean 'data'?)"),
        ("seq > 1 and evnt_id == 'x'", 13, "unknown name 'evnt_id' (did you mean 'event_id'?)"),
        ("total > 1", 1, "unknown name 'total' (for a field of the payload write data.total)"),
        ("data == null", 9, "unknown name 'null' (did you mean 'None'?)"),
        ("data == true", 9, "unknown name 'true' (did you mean 'True'?)"),
        ("len > 1", 1, "'len' is a function: write len(...)"),
        ("data.total = 3", 12, "to compare, write '=='"),
        ("data.total => 3", 12, "write '>='"),
        ("data && seq", 7, "write 'and'"),
        ("data & seq", 1, "a predicate has no '&' (write 'and')"),
        ("!data", 1, "write 'not'"),
        ("data.total >", 13, "the expression ends too early"),
        ("(data", 1, "no valid expression: '(' was never closed"),
        ("  dta", 3, "unknown name 'dta' (did you mean 'data'?)"),
        ("'größe' == dta", 12, "unknown name 'dta' (did you mean 'data'?)"),
        ("data._private", 6, "'_private' is private"),
        ("data.x.__class__", 8, "'__class__' is private"),
        ("__import__('os')", 1, None),
        ("(lambda: 1)()", 1, "only functions of the predicate language can be called"),
        ("data.x.system('x')", 8, None),
        ("data.f(1)", 6, None),
        ("lowr(data)", 1, "'lowr' cannot be called (did you mean 'lower'?)"),
        ("data.x.lowr()", 8, "'lowr' cannot be called (did you mean 'lower'?)"),
        ("data.x.len()", 8, None),
        ("len()", 1, "len() takes 1 argument"),
        ("get(data, key=1)", 11, "arguments have no names"),
        ("len(*data)", 5, "a predicate has no '*'"),
        ("[x for x in data]", 1, "a predicate has no comprehension"),
        ("lambda: 0", 1, "a predicate has no lambda"),
        ("f'{data}'", 1, "a predicate has no f-string"),
        ("(data := 1)", 2, "a predicate has no ':='"),
        ("{**data}", 1, "a predicate has no '**'"),
        ("{data: 1}", 2, "keys are written out as text or numbers"),
        ("seq is 3", 8, "'is' is for None, True and False; write '=='"),
        ("1j", 1, "1j is not a value that a predicate can have"),
        ("...", 1, "Ellipsis is not a value that a predicate can have"),
        ("data[1:2, 3]", 6, "a predicate has no Slice"),
        ("data\n== 1", 5, "a predicate is one line of text"),
        ("data == '\0'", 10, "a predicate is one line of text"),
        ("data == '\ud800'", 10, "a predicate is one line of text"),
        ("match(data.p, 'x')", 7, "the pattern is written out as text"),
        ("match('x')", 1, "write match(pattern, text)"),
        ("match('ab(c', data)", 10, "in the pattern: missing )"),
        (r"search('(a)\\1', data)", 8, None),
        ("x" * 2001, 2001, "a predicate has at most 2000 characters"),
        ("not " * 60 + "1", 157, "too many parts within parts"),
        ("[" + "1, " * 301 + "]", None, "a predicate has at most 300 parts"),
        ("(" * 300 + "1" + ")" * 300, None, "no valid expression: too many nested parentheses"),
    ],
)
def test_what_is_no_predicate_says_why_and_where(text, column, problem):
    with pytest.raises(PredicateError) as caught:
        compile_predicate(text)
    assert (caught.value.column, caught.value.problem) == (
        column or caught.value.column,
        problem or caught.value.problem,
    )


def test_an_error_shows_the_text_with_a_caret():
    with pytest.raises(PredicateError) as caught:
        compile_predicate("seq > 1 and evnt_id")
    assert str(caught.value).splitlines()[1:] == ["  seq > 1 and evnt_id", "              ^"]


def test_the_caret_stands_below_its_column_after_wide_characters():
    with pytest.raises(PredicateError) as caught:
        compile_predicate("'漢字' == dta")
    assert str(caught.value).splitlines()[1:] == ["  '漢字' == dta", "            ^"]


def test_a_long_text_is_shown_around_the_column():
    text = "seq == 1 or " * 50 + "oops or " + "seq == 2 or " * 50 + "0"
    with pytest.raises(PredicateError) as caught:
        compile_predicate(text)
    _, shown, caret = str(caught.value).splitlines()
    assert shown[caret.index("^") :].startswith("oops or ")
    assert len(shown) < 80


def test_an_error_shows_no_control_characters():
    with pytest.raises(PredicateError) as caught:
        compile_predicate("'\x1b[2J' + oops")
    assert "\x1b" not in str(caught.value)


def test_errors_are_errors_of_the_package():
    assert issubclass(PredicateError, ProcessError)


def test_an_error_can_be_sent():
    with pytest.raises(PredicateError) as caught:
        compile_predicate("oops")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_names_can_be_kept_to_the_data_where_there_is_no_event():
    with pytest.raises(PredicateError, match="'seq' is not known here; there is only data"):
        compile_predicate("seq > 1", names=("data",))


def test_a_text_that_python_would_warn_of_gives_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predicate = compile_predicate(r"search('\d', data) and match('[[a]', '[') and 1 is None")
    assert predicate.matches("7") is False


WORDS = r"""
data seq event_id nope . x _y ( ) [ ] { } , : == = < in not and or if else is None True 1 1.5 0x 'a' ' " lambda for * **
- + / % match search '(a' 'a{9999999999}' len get lower ... f'{x}' await yield := \ # é 漢 1e999 @ ~ & 0777 10101010101
"""
TOKENS = st.lists(st.sampled_from([*WORDS.split(), "\n", "\t", "\x00", "\ud800"]), max_size=20)


def check_place(error, text):
    assert 1 <= error.column <= len(text) + 1
    assert error.pointer in str(error)


@settings(max_examples=200)
@given(st.one_of(st.text(st.characters(exclude_categories=()), max_size=40), TOKENS.map(" ".join), TOKENS.map("".join)))
@example("-" * 1999 + "1")
@example("not " * 499 + "1")
@example("1" + " if 1 else 1" * 150)
@example("data" + ".a" * 900)
@example("data" + "[0]" * 600)
@example("match('" + "(" * 240 + ")" * 240 + "', data)")
@example("match('(?:a{300}){300}', data)")
@example("match('(?:){0,1000000000}', data)")
@example("9" * 2000)
def test_no_text_raises_anything_but_a_predicate_error(text):
    try:
        predicate = compile_predicate(text)
    except PredicateError as error:
        check_place(error, text)
        return
    for data in ({"x": [1, {"x": "a"}]}, "text", None, 3):
        try:
            predicate.matches(data, {"seq": 1})
        except PredicateEvaluationError as error:
            check_place(error, text)


def test_importing_the_language_does_not_import_pydantic():
    code = "import sys, process_core.predicate; sys.exit(int('pydantic' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
