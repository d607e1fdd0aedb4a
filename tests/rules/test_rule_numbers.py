"""RULES.md and the tests agree: every rule in force has a test that cites its number, and no planned one has."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
RULES = (TESTS.parent / "process_core/engine/RULES.md").read_text()


def test_every_rule_in_force_is_cited_by_a_test_and_no_planned_one():
    rules = {
        int(number): planned for number, planned in re.findall(r"^(\d+)\. (\*\(planned\)\*)?", RULES, re.MULTILINE)
    }
    assert list(rules) == list(range(1, len(rules) + 1))
    texts = [path.read_text() for path in TESTS.rglob("test_*.py")]
    cited = {int(number) for text in texts for number in re.findall(r"rule[_ ]0?(\d+)", text)}
    assert {number for number, planned in rules.items() if not planned} <= cited
    assert not {number for number, planned in rules.items() if planned} & cited
