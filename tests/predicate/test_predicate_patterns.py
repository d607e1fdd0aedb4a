"""Patterns match as `re` says where RE2 has the same syntax, and never run away."""

import re
import sys
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from process_core.predicate.patterns import MAX_TEXT, PatternError, compile_pattern

PARTS = [
    "a", "b", ".", r"\w", r"\d", r"\s", r"\W", "[ab]", "[^a]", "[a-c1]", "[^\\d]", r"\b", "^", "$", r"\A", r"\z",
    "\n", "(?i:A)", "(?s:.)", "(?-i:a)", "é", r"\.", "",
]  # fmt: skip
REPEATS = ["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "{0,2}?"]
PATTERNS = st.tuples(
    st.sampled_from(["", "(?m)", "(?s)", "(?i)", "(?ms)"]),
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
TEXTS = st.text(st.sampled_from("aAbc1 \né"), max_size=8)


def as_re(pattern):
    """Write RE2's pattern as `re` understands it: classes of ASCII, and `$` at the very end."""
    end = "$" if pattern.startswith(("(?m)", "(?ms)")) else r"\Z"
    return re.compile(re.sub(r"(?<!\\)\$", lambda _: end, pattern).replace(r"\z", r"\Z"), re.ASCII)


@settings(max_examples=200)
@given(PATTERNS, st.lists(TEXTS, min_size=1, max_size=6))
def test_a_pattern_matches_where_re_does(pattern, texts):
    try:
        compiled = as_re(pattern)
    except re.error:
        assume(False)
    at_start, anywhere = compile_pattern(pattern, anywhere=False), compile_pattern(pattern, anywhere=True)
    for text in texts:
        assert at_start(text) == bool(compiled.match(text))
        assert anywhere(text) == bool(compiled.search(text))


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(", "missing )"),
        ("(a)\\1", "no backreferences"),
        ("(?=a+)b", "no backreferences, look-around"),
        ("(?<!a)b*", "no backreferences, look-around"),
        ("(?>a+)b", "atomic groups"),
        ("a++b", "possessive"),
        ("a{1001}", "invalid repetition size"),
        ("(?:a{100}){100}", "invalid repetition size"),
        ("(?:" + "[^a-cx-z]{9}" * 30 + "){90}", "too large"),
        ("[b-a]", "invalid character class range: b-a"),
        ("\ud800", "in the pattern"),
        ("a" * 501, "at most 500 characters"),
    ],
)
def test_a_pattern_that_cannot_be_used_says_why(pattern, problem):
    with pytest.raises(PatternError, match=re.escape(problem)):
        compile_pattern(pattern, anywhere=True)


def test_an_error_in_a_pattern_says_where():
    with pytest.raises(PatternError) as caught:
        compile_pattern("abc(?=d)", anywhere=True)
    assert caught.value.position == 3


def test_without_the_package_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(PatternError, match="google-re2"):
        compile_pattern("a", anywhere=True)


def test_a_text_that_is_no_unicode_is_matched_all_the_same():
    assert compile_pattern("^a.b$", anywhere=True)("a\ud800b")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+b", "a" * MAX_TEXT),
        ("(a+)+(a|aa)*b", "a" * MAX_TEXT),
        ("(a|a)*(a|a)*(a|a)*b", "a" * MAX_TEXT),
        ("(a|b)*a(a|b){200}c", "ab" * (MAX_TEXT // 2)),
        ("(x+x+)+y", "x" * MAX_TEXT),
        ("(?:a?){300}a{300}b", "a" * MAX_TEXT),
        (".*.*.*=.*", "é" * MAX_TEXT),
    ],
)
def test_a_hostile_pattern_ends_quickly(pattern, text):
    matches = compile_pattern(pattern, anywhere=True)
    began = time.process_time()
    assert matches(text) is False
    # The time of backtracking has no bound worth naming; that of an automaton is well below a second.
    assert time.process_time() - began < 5
