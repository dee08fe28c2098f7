# `make demo` and `make test` make the virtual environment $(VENV) when it is not there, and give it what it lacks.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
BENCH_ARGS ?=

BIN := $(VENV)/bin

.PHONY: demo test check lint types docs lock bench simulate

demo: $(VENV)/.runwright-demo
	$(BIN)/python examples/demo.py

test: $(VENV)/.runwright-dev
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: lint types test

lint: $(VENV)/.runwright-dev
	$(BIN)/ruff check .

types: $(VENV)/.runwright-dev
	$(BIN)/mypy

docs: $(VENV)/.runwright-dev
	$(BIN)/python docs/generate.py

# 40 kinds of play, 500 seeds each: 20,000. What fails says how it is played again.
simulate: $(VENV)/.runwright-dev
	$(BIN)/python -m pytest tests/simulation/test_simulation.py --seeds 500 $(PYTEST_ARGS)

bench: $(VENV)/.runwright-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[simulated,bench]'
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

# The versions of the tests with their hashes, from what pyproject.toml asks for.
lock: | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate --python-version 3.11 \
	    --custom-compile-command 'make lock' --extra simulated --extra dev --output-file requirements/test.txt \
	    pyproject.toml requirements/test.in

# The stamps are newer than pyproject.toml when nothing is lacking.
$(VENV)/.runwright-demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[simulated]'
	@touch $@

$(VENV)/.runwright-dev: pyproject.toml requirements/test.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.runwright-demo

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
