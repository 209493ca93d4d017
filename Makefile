# make env    the environment, .venv
# make demo   train, evaluate, draw, export and predict on digits that need no download
# make demo-labels   how far suggested labels go, against random ones, on the same digits
# make test   linter, type checker and tests, as .ci/run does
# make test-all   the same, every combination of what they test, and whole searches and programs
# make coverage   the tests, and which lines they do not reach; at least 90 %
# make soak   random campaigns: configurations, splits, image files, answers of servers

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: env demo demo-labels test test-all coverage soak lint format clean

env: $(VENV)/.runtime

demo: $(VENV)/.runtime
	$(BIN)/python -m tools.demo

demo-labels: $(VENV)/.runtime
	$(BIN)/python -m tools.demo_labels

PYTEST := $(BIN)/python -m pytest --numprocesses=2 --dist=worksteal

test: lint
	$(PYTEST)

test-all: lint
	$(PYTEST) -m ""

# A target of its own: to count lines takes a fifth of the time again.
coverage: lint
	$(PYTEST) --cov --cov-report=term --cov-fail-under=90

soak: $(VENV)/.development
	$(BIN)/python -m tests.soak

lint: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.development
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/.runtime: requirements.txt
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

$(VENV)/.development: requirements-dev.txt requirements.txt
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements.txt -r requirements-dev.txt
	touch $@ $(VENV)/.runtime

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .coverage
