"""Measures one workload in one peer in this process and prints the figure as JSON: PEER WORKLOAD."""

import importlib
import json
import logging
import sys

from measuring import figure


def main(arguments):
    peer, workload = arguments
    logging.disable(logging.CRITICAL)
    value, unit = figure(getattr(importlib.import_module(f"peers.{peer}_peer"), workload)())
    print(json.dumps({"value": value, "unit": unit}))


if __name__ == "__main__":
    main(sys.argv[1:])
