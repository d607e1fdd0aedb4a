# The habits of this project: one target each. Every target sets up what it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
VERSIONS ?= 3.11 3.12 3.13

# The suite starts some hundred workers and commands: without compiled modules each of them compiles all it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test lint types contracts suite test-slow test-wheel test-all words bench bench-runfile bench-reload bench-peers screenshots screenshots-check clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 16

$(STAMP): pyproject.toml tests/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "stepscope needs Python 3.11 or newer; say which: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c tests/constraints.txt -e '.[dev]'
	@touch $@

setup: $(STAMP) ## make the virtual environment

run: $(STAMP) ## open the UI on the chatbot sample
	@$(BIN)/stepscope run sample_processes/chatbot.py

test: lint types contracts suite ## lint, types, import contracts and the suite

lint: words ## ruff, rules and format, and the words given up
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

words: $(STAMP) ## words that the code has given up
	$(BIN)/python tests/check_words.py

types: $(STAMP) ## strict mypy on the packages, the samples and the examples of the README
	$(BIN)/mypy
	$(BIN)/python tests/check_examples.py

contracts: $(STAMP) ## the import contracts
	$(BIN)/lint-imports --no-cache

suite: $(STAMP) ## the tests
	$(BIN)/python -m pytest -q -n 3 --dist worksteal

test-slow: $(STAMP) ## soak and long fuzz
	$(BIN)/python -m pytest -q -m slow --timeout 1800

test-wheel: $(STAMP) ## build the wheel, and use it in a clean environment outside of the repository
	$(BIN)/python -m pytest -q -m slow tests/test_installed.py

test-all: ## the suite on every Python that is installed
	@for v in $(VERSIONS); do \
		p=python$$v; $$p -c '' 2>/dev/null || p=$$(ls -d $(HOME)/.pyenv/versions/$$v.*/bin/python 2>/dev/null | tail -n 1); \
		[ -n "$$p" ] || { echo "== Python $$v is not installed"; continue; }; \
		echo "== Python $$v"; $(MAKE) --no-print-directory PYTHON=$$p VENV=.venv-$$v suite || exit 1; \
	done

bench: $(STAMP) ## the engine beside hand-written routers
	$(BIN)/python tests/benchmarks/bench.py

bench-runfile: $(STAMP) ## writing, reading and resuming run files
	$(BIN)/python tests/benchmarks/runfile_bench.py
	$(BIN)/python tests/benchmarks/resume_bench.py

bench-reload: $(STAMP) ## from a save to the first message on new code
	$(BIN)/python tests/benchmarks/reload_bench.py

bench-peers: $(STAMP) ## the engine beside other engines, each in its own environment
	$(BIN)/python tests/benchmarks/bench_peers.py

screenshots: $(STAMP) ## draw screenshots/
	$(BIN)/python -m tests.screenshots

screenshots-check: $(STAMP) ## compare screenshots/ with what the app draws now
	$(BIN)/python -m tests.screenshots --check

clean: ## remove what the targets made
	rm -rf .venv .venv-* build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
