# `make demo` and `make test` make the virtual environment $(VENV) when it is not there, and give it what it lacks.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=

BIN := $(VENV)/bin

.PHONY: demo test check lint types docs

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

# The stamps are newer than pyproject.toml when nothing is lacking.
$(VENV)/.runwright-demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[simulated]'
	@touch $@

$(VENV)/.runwright-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[simulated,dev]'
	@touch $@ $(VENV)/.runwright-demo

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
