"""The engine beside hand-written routers; `make bench`.

Every subject runs in a fresh process in every round, the subjects of a workload right after each other, so that a ratio
compares neighbours in time. Compare ratios; microseconds are this machine's on this day.
"""

import argparse
import sys

from catalogue import WORKLOADS
from report import bars_table, figures_table, heading
from rounds import run_rounds

QUICK_ROUNDS = 2


def main():
    arguments = parse()
    names = [name for name in WORKLOADS if not arguments.only or name in arguments.only]
    rounds = arguments.rounds or (QUICK_ROUNDS if arguments.quick else 5)
    results = run_rounds(names, rounds, quick=arguments.quick, cpu=arguments.cpu)
    print(heading(rounds, cpu=arguments.cpu), end="\n\n")
    print(*figures_table(results), sep="\n", end="\n\n")
    print(*bars_table(results), sep="\n")
    for failure in results.failures:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if results.failures else 0


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive, help="rounds of fresh processes (5; 2 with --quick)")
    parser.add_argument("--only", action="append", choices=WORKLOADS, metavar="NAME", help=", ".join(WORKLOADS))
    parser.add_argument("--quick", action="store_true", help="smaller workloads and fewer rounds")
    parser.add_argument(
        "--cpu", action="store_true", help="processor time in place of time: for a machine that is busy"
    )
    return parser.parse_args()


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
