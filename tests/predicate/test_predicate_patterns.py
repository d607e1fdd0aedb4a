"""Patterns match as `re` says, and never run away."""

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from process_core.predicate.patterns import PatternError, compile_pattern

PARTS = [
    "a", "b", ".", r"\w", r"\d", r"\s", r"\W", "[ab]", "[^a]", "[a-c1]", "[^\\d]", r"\b", r"\B", "^", "$", r"\A", r"\Z",
    "\n", "(?i:A)", "(?s:.)", "(?-i:a)", "é", r"\.", "",
]  # fmt: skip
REPEATS = ["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "{0,2}?"]
PATTERNS = st.tuples(
    st.sampled_from(["", "(?m)", "(?s)", "(?i)", "(?a)", "(?ms)"]),
    st.recursive(
        st.sampled_from(PARTS),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map("".join),
            st.tuples(inner, inner).map(lambda p: f"(?:{p[0]}|{p[1]})"),
            st.tuples(inner, st.sampled_from(REPEATS)).map(lambda p: f"(?:{p[0]}){p[1]}"),
            inner.map(lambda p: f"({p})"),
        ),
        max_leaves=6,
    ),
).map("".join)
TEXTS = st.text(st.sampled_from("aAbc1 \néÉ"), max_size=8)


@settings(max_examples=500)
@given(PATTERNS, st.lists(TEXTS, min_size=1, max_size=6))
def test_a_pattern_matches_where_re_does(pattern, texts):
    try:
        compiled = re.compile(pattern)
    except re.error:
        assume(False)
    at_start, anywhere = compile_pattern(pattern, anywhere=False), compile_pattern(pattern, anywhere=True)
    for text in texts:
        assert at_start(text) == bool(compiled.match(text))
        assert anywhere(text) == bool(compiled.search(text))


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(", "missing ), unterminated subpattern"),
        ("(a)\\1", "no backreferences"),
        ("(?=a+)b", "no backreferences, look-around"),
        ("(?<!a)b*", "no backreferences, look-around"),
        ("(?>a+)b", "atomic groups"),
        ("a++b", "possessive"),
        ("a{500}", "too large"),
        ("(?:a{30}){30}", "too large"),
        ("(?:){0,1000000000}", "too large"),
        ("a{99999999999999999999}", "in the pattern"),
        ("a" * 501, "at most 500 characters"),
    ],
)
def test_a_pattern_that_cannot_be_used_says_why(pattern, problem):
    with pytest.raises(PatternError, match=re.escape(problem)):
        compile_pattern(pattern, anywhere=True)


def test_an_error_in_a_pattern_says_where():
    with pytest.raises(PatternError) as caught:
        compile_pattern("abc(", anywhere=True)
    assert caught.value.position == 3


def test_what_was_learnt_is_forgotten_before_it_fills_the_memory():
    matches = compile_pattern("x+y", anywhere=True)
    automaton = matches.__self__
    for start in range(0x4E00, 0x4E00 + 60_000, 10_000):
        assert matches("".join(map(chr, range(start, start + 10_000))) + "xxy")
    assert sum(len(state.moves) for state in automaton._states.values()) <= 20_000


def test_a_text_is_looked_at_once_however_the_pattern_repeats():
    looked_at = []

    class Text(str):
        __slots__ = ()

        def __iter__(self):
            for char in super().__iter__():
                looked_at.append(char)
                yield char

        def removesuffix(self, suffix):
            return self

    assert compile_pattern("(a+)+(a|aa)*b", anywhere=True)(Text("a" * 500)) is False
    assert len(looked_at) == 500
