"""What recording and reading a run costs, beside a bare `executemany` into SQLite.

Figures of one run of this script may be compared with each other, not with those of another machine or day.
"""

import argparse
import gc
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from process_core.events import WorkflowEvent
from process_core.predicate import compile_predicate
from process_core.runfile import Filter, FilteredRows, RunFile, RunFileWriter

STARTED = 1_700_000_000.0
TYPES = ("superstep_started", "executor_invoked", "event_emitted", "executor_completed", "superstep_completed")
_PER_SUPERSTEP = len(TYPES)


def make_events(count, first=1):
    """The events of a loop through fifty steps: five a superstep, two of them with small payloads.

    Each step is called with what the one before it has emitted, as in a run.
    """
    found = []
    for seq in range(first, first + count):
        superstep, place = divmod(seq - 1, _PER_SUPERSTEP)
        name = f"S{superstep % 50}"
        of_step = 0 < place < 4
        found.append(
            WorkflowEvent(
                TYPES[place],
                data=(None, {"n": {"x": seq - 4}}, {"x": seq}, None, None)[place],
                event_id="Go" if place in (1, 2) else None,
                seq=seq,
                run_id="bench",
                timestamp=STARTED + seq * 2e-5,
                superstep=superstep + 1,
                path=name if of_step else "",
                step=name if of_step else None,
                function="run" if of_step else None,
                causes=((), (seq - 4,) if seq > _PER_SUPERSTEP else (), (seq - 1,), (seq - 2,), ())[place],
            )
        )
    return found


def new_writer(path):
    return RunFileWriter(path, process="Bench", run_id="bench", started=STARTED)


def record(path, events):
    """Return seconds to take the events in, and until they are in the file."""
    writer = new_writer(path)
    gc.disable()
    began = time.perf_counter()
    append = writer.append
    for event in events:
        append(event)
    taken = time.perf_counter() - began
    writer.flush()
    whole = time.perf_counter() - began
    gc.enable()
    writer.close("IDLE")
    return taken, whole


def bare(path, rows):
    """Return seconds for the same columns written by one `executemany` a thousand rows."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    columns = "seq INTEGER PRIMARY KEY, type, ts, superstep, path, step, function, event_id, cause, data"
    connection.execute(f"CREATE TABLE events ({columns})")
    began = time.perf_counter()
    for at in range(0, len(rows), 1000):
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?)", rows[at : at + 1000])
        connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    return took


def plain_rows(events):
    return [
        (e.seq, e.type, e.timestamp, e.superstep, e.path, e.step, e.function, e.event_id, e.cause, repr(e.data))
        for e in events
    ]


def bench_writing(folder, count, rounds):
    events = make_events(count)
    rows = plain_rows(events)
    taken, whole, bare_times = [], [], []
    for number in range(rounds):
        path = folder / f"w{number}.run"
        one, two = record(path, events)
        taken.append(one)
        whole.append(two)
        size = path.stat().st_size
        bare_path = folder / f"b{number}.db"
        bare_times.append(bare(bare_path, rows))
        bare_size = bare_path.stat().st_size
    ours, theirs = statistics.median(whole), statistics.median(bare_times)
    print(f"writing {count:,} events, median of {rounds} interleaved rounds")
    print(f"  run file         {count / ours:>10,.0f} events/s   {size / count:5.1f} bytes/event")
    print(f"  bare executemany {count / theirs:>10,.0f} events/s   {bare_size / count:5.1f} bytes/event")
    print(f"  ratio of time    {ours / theirs:10.2f}")
    print(f"  append, the writer busy beside it: {statistics.median(taken) / count * 1e6:.2f} microseconds/event")
    bursts = []
    writer = new_writer(folder / "burst.run")
    for at in range(0, count, 500):
        began = time.perf_counter()
        for event in events[at : at + 500]:
            writer.append(event)
        bursts.append((time.perf_counter() - began) / 500)
        writer.flush()
    writer.close("IDLE")
    print(f"  append, the writer at rest:        {statistics.median(bursts) * 1e6:.2f} microseconds/event")


def timed(work, times=7):
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found) * 1e3


def fresh_open(path):
    """Return milliseconds from nothing to the first page, in a process of its own that has imported the reader."""
    text = (
        "import sys, time; from process_core.runfile import RunFile\n"
        "b = time.perf_counter(); r = RunFile(sys.argv[1]); r.page(0, 50); print((time.perf_counter() - b) * 1e3)"
    )
    return float(subprocess.run([sys.executable, "-c", text, path], check=True, capture_output=True, text=True).stdout)


def bench_reading(folder, small, large):
    paths = {}
    for count in (small, large):
        paths[count] = folder / f"r{count}.run"
        writer = new_writer(paths[count])
        for at in range(0, count, 10_000):
            for event in make_events(10_000, at + 1):
                writer.append(event)
                if event.seq % 5 == 0:
                    writer.checkpoint(superstep=event.seq // 5, seq=event.seq, states={f"S{event.seq % 50}": event.seq})
        writer.close("IDLE")
    print(f"\nreading, milliseconds            {small:>12,}   {large:>12,}   ratio")

    def line(name, measure):
        one, two = measure(small), measure(large)
        print(f"  {name:<30} {one:>12.3f}   {two:>12.3f}   {two / one:5.2f}")

    line("open and first page", lambda n: statistics.median(fresh_open(paths[n]) for _ in range(5)))
    runs = {count: RunFile(path) for count, path in paths.items()}
    for count, run in runs.items():
        run.page(count // 2, 50)
    line("page of 50 in the middle", lambda n: timed(lambda: runs[n].page(n // 2, 50), 51))
    line("page of 50 at the end", lambda n: timed(lambda: runs[n].page(n - 50, 50), 51))
    line("count", lambda n: timed(runs[n].count, 51))
    line("state at an event", lambda n: timed(lambda: runs[n].state_at(n // 2)))
    line("effects", lambda n: timed(lambda: runs[n].effects(n // 2)))
    line("step counts, the first time", lambda n: timed(lambda: RunFile(paths[n]).step_counts(), 3))
    for run in runs.values():
        run.step_counts()
    line("step counts, again", lambda n: timed(runs[n].step_counts, 51))

    print(f"\nfilters over {large:,} events, milliseconds      first 50       all       hits")
    run = runs[large]
    chosen = {
        "type": Filter(types=("event_emitted",)),
        "step path glob": Filter(paths=("S1*",)),
        "text in payloads, rare": Filter(texts=(str(large - 3),)),
        "text in names": Filter(texts=("s33",)),
        "predicate on the envelope": Filter(where=compile_predicate('event_id == "Go" and superstep > 100')),
        "predicate on the payload": Filter(where=compile_predicate(f"data.x > {large - 5000}")),
        "predicate SQL cannot say": Filter(where=compile_predicate('event_id == "Go" and data.x % 1000 == 3')),
    }
    for name, one in chosen.items():
        view = FilteredRows(run._connection, one)
        began = time.perf_counter()
        view.advance(hits=50)
        first = time.perf_counter() - began
        view.advance()
        print(f"  {name:<42} {first * 1e3:>9.1f} {(time.perf_counter() - began) * 1e3:>9.1f} {len(view):>10,}")
        view.drop()


READS = """
import sys, time
from process_core.runfile import RunFile
run = RunFile(sys.argv[1])
pages, longest = 0, 0.0
while True:
    began = time.perf_counter()
    count = run.count()
    rows = run.page(max(0, count - 50), 50)
    longest = max(longest, time.perf_counter() - began)
    pages += 1
    if run.info.ended:
        break
    time.sleep(1 / 30)
print(f"{pages} pages, the longest took {longest * 1e3:.1f} ms, the last row is {run.count():,}")
"""


def bench_sustained(folder, rate, seconds):
    path = folder / "sustained.run"
    writer = new_writer(path)
    reader = subprocess.Popen([sys.executable, "-c", READS, path], stdout=subprocess.PIPE, text=True)
    lag = longest = 0.0
    busy = 0.0
    burst = rate // 100
    events = make_events(burst)
    began = time.perf_counter()
    seq = 0
    for number in range(seconds * 100):
        due = began + number / 100
        time.sleep(max(0.0, due - time.perf_counter()))
        lag = max(lag, time.perf_counter() - due)
        start = time.perf_counter()
        for event in events:
            seq += 1
            event.seq = seq
            if event.data is not None:
                event.data = {"x": seq}
            writer.append(event)
        took = time.perf_counter() - start
        busy += took
        longest = max(longest, took)
    took = time.perf_counter() - began
    backlog = len(writer.buffer)
    writer.close("IDLE")
    said = reader.communicate()[0].strip()
    with RunFile(path) as run:
        found = run.count()
        real = run._connection.one("SELECT count(*) FROM events")[0]
    print(f"\n{seq / took:,.0f} events/s for {took:.0f} s with a reader at 30 pages/s:")
    print(f"  {seq:,} taken in, {real:,} in the file, lost {seq - real}, last seq {found:,}")
    print(f"  backlog at the end {backlog:,}; {path.stat().st_size / seq:.1f} bytes/event")
    print(
        f"  the loop spent {busy / took:.0%} of its time in append; longest burst of {burst}: {longest * 1e3:.1f} ms;"
    )
    print(f"  latest start {lag * 1e3:.1f} ms; the reader: {said}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=50_000)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}\n")
    with tempfile.TemporaryDirectory() as folder:
        bench_writing(Path(folder), options.events, options.rounds)
        bench_reading(Path(folder), 10_000, options.large)
        bench_sustained(Path(folder), options.rate, options.seconds)


if __name__ == "__main__":
    main()
