"""Measures one subject of one workload in this process and prints the figure as JSON: WORKLOAD SUBJECT SIZE."""

import importlib
import json
import sys

from measuring import figure


def main(arguments):
    workload, subject, size = arguments
    module = importlib.import_module(f"workloads.{workload}")
    value, unit = figure(module.SUBJECTS[subject](int(size)))
    print(json.dumps({"value": value, "unit": unit}))


if __name__ == "__main__":
    main(sys.argv[1:])
