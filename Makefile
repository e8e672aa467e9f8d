# Two commands set up everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Made last by the install rule, so an interrupted installation is simply done again.
INSTALLED := $(VENV)/.installed

.PHONY: help demo test test-slow lint bench clean

help: ## what there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(INSTALLED) ## synthetic digits, no download: recordings to a verified int8 stream in minutes
	$(BIN)/wrenlet run quickstart

# Two workers of one thread each: more threads would only wait for one another.
test: $(INSTALLED) ## the tests, on two cores; those that train for minutes are left to test-slow
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m "not slow"

test-slow: $(INSTALLED) ## the tests that train for minutes
	$(BIN)/python -m pytest -m slow

lint: $(INSTALLED) ## ruff (style, docstrings), pyright (types), import floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: $(INSTALLED) ## speed as ratios against peers, in one run each
	$(BIN)/python benchmarks/frontend.py
	$(BIN)/python benchmarks/features.py
	$(BIN)/python benchmarks/training.py

clean: ## remove the environment and caches, keep runs/
	rm -rf $(VENV) .pytest_cache .ruff_cache build dist src/*.egg-info
