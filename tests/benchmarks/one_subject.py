"""Measures one subject of one workload in this process and prints the figure as JSON: WORKLOAD SUBJECT SIZE [cpu]."""

import importlib
import json
import sys
import time

from measuring import figure


def main(arguments):
    workload, subject, size, *how = arguments
    clock = time.process_time if how == ["cpu"] else time.perf_counter
    module = importlib.import_module(f"workloads.{workload}")
    value, unit = figure(module.SUBJECTS[subject](int(size)), clock)
    print(json.dumps({"value": value, "unit": unit}))


if __name__ == "__main__":
    main(sys.argv[1:])
