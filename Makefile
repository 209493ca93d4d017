# make env    the environment, .venv
# make demo   train, evaluate, draw, export and predict on digits that need no download
# make demo-labels   how far suggested labels go, against random ones, on the same digits
# make test   linter, type checker and tests, as .ci/run does
# make test-all   the same, every combination of what they test, and whole searches and programs
# make coverage   the tests, and which lines they do not reach; at least 90 %
# make soak   random campaigns: configurations, splits, files, answers, run folders, kills, races
# make lock   the locks anew; what still fits stays, but for UPGRADE=1
# make audit   known faults of what the locks name
# make sbom   what make env installs, as CycloneDX, in sbom.json

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCKS := requirements.lock requirements-dev.lock

.PHONY: env demo demo-labels test test-all coverage soak lint format lock audit sbom clean

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

# What locks, audits and lists: in an environment of its own, since it is no part of the product.
TOOLS := .tools
COMPILE := $(TOOLS)/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

lock: $(TOOLS)/.installed
	$(COMPILE) requirements.txt --output-file requirements.lock
	$(COMPILE) -c requirements.lock requirements-dev.txt --output-file requirements-dev.lock

audit: $(TOOLS)/.installed
	$(TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes $(LOCKS:%=-r %)

sbom: $(TOOLS)/.installed
	$(TOOLS)/bin/cyclonedx-py requirements requirements.lock --output-reproducible \
		--output-file sbom.json

$(TOOLS)/.installed: Makefile
	$(PYTHON) -m venv --clear $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet cyclonedx-bom==7.5.0 pip-audit==2.10.1 uv==0.13.9
	touch $@

INSTALL := $(BIN)/python -m pip install --quiet --require-hashes

$(VENV)/.runtime: requirements.lock
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(INSTALL) -r requirements.lock
	touch $@

$(VENV)/.development: $(LOCKS)
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(INSTALL) $(LOCKS:%=-r %)
	touch $@ $(VENV)/.runtime

clean:
	rm -rf $(VENV) $(TOOLS) .pytest_cache .ruff_cache .mypy_cache .coverage sbom.json
