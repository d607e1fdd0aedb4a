"""The same run gives the same events: whoever finishes first, and whatever the hash seed."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import shuffled_process


def differences(one, two) -> list[str]:
    """Return the first difference of each part of two runs."""
    return [f"{part}: {one[part]!r} != {two[part]!r}" for part in one if one[part] != two[part]]


async def test_a_run_gives_the_same_events_every_time_though_steps_finish_in_random_order():
    first = await shuffled_process.once()
    for _ in range(30):
        assert differences(first, await shuffled_process.once()) == []


async def test_the_shuffled_process_shows_what_it_is_there_for():
    run = await shuffled_process.once()
    text = json.dumps(run, default=str)
    assert run["state"] == "IDLE"
    assert all(run["states"][path] for path in ("W0", "W3", "inner/Gather", "Gather", "Keep"))
    assert all(word in text for word in ("executor_failed", "Map[1]", "told to", "discarded_emissions"))
    assert len(run["public"]) > 20


def under(seed: object) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    done = subprocess.run(
        [sys.executable, shuffled_process.__file__], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_run_gives_the_same_events_under_any_hash_seed():
    with ThreadPoolExecutor(2) as pool:
        runs = set(pool.map(under, [0, 1, "random"]))
    assert len(runs) == 1


@pytest.mark.slow
def test_a_run_gives_the_same_events_under_100_hash_seeds():
    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(under, range(100)))) == 1
