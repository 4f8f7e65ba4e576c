# make demo   simulate recordings, train, evaluate, predict, and write a report
# make test   linters, type checker, tests and doctests, against the built wheel
# make docs   rewrite docs/cli.md from the commands' own help
# Both work in a fresh clone with nothing set up but Python 3.11 or newer and make.

PYTHON ?= python3
VENV ?= .venv
DEMO ?= demo
JOBS ?= 2

BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip -qq --disable-pip-version-check
SOURCES = $(shell find src -type f ! -name '*.pyc') pyproject.toml README.md LICENSE

.PHONY: demo test lint types docs clean

demo: $(VENV)/.installed
	PATH="$(abspath $(BIN)):$$PATH" sh scripts/demo.sh $(DEMO)

# Two workers of one thread each are quicker than many threads that get in each other's way.
test: lint types
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(JOBS) tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q --doctest-modules --pyargs nuzzle

lint: $(VENV)/.tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.tools
	$(BIN)/mypy

docs: $(VENV)/.installed
	$(BIN)/python scripts/cli_reference.py docs/cli.md

clean:
	rm -rf $(VENV) build dist $(DEMO)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "nuzzle needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'

# The wheel is what people get, so the wheel is what is installed, shown and tested.
$(VENV)/.installed: $(SOURCES) constraints.txt | $(BIN)/python
	@echo "Installing nuzzle and what it needs; the first time this takes minutes."
	rm -rf build/wheel
	$(PIP) wheel --no-deps --wheel-dir build/wheel .
	$(PIP) install -c constraints.txt build/wheel/*.whl
	$(PIP) install --no-deps --force-reinstall build/wheel/*.whl
	@touch $@

$(VENV)/.tools: $(VENV)/.installed
	$(PIP) install -c constraints.txt --group dev
	@touch $@
