# Puna on a fresh machine: Python 3.11 or newer and make are enough. Everything is installed into .venv, in the exact versions of constraints.txt.

PYTHON ?= python3
RECIPE ?= recipes/first.yaml
TORCH ?= default

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt
ifeq ($(TORCH),cpu)
PIP += --extra-index-url https://download.pytorch.org/whl/cpu
else ifneq ($(TORCH),default)
$(error TORCH is '$(TORCH)'; it is 'cpu' (PyTorch's build without CUDA) or left out)
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install raise test check bench

help:
	@echo "make raise            install Puna and raise the Llama of $(RECIPE)"
	@echo "make test             install and run every test"
	@echo "make check            ruff, mypy and import-linter"
	@echo "make bench            install the peers and run every benchmark"
	@echo "make install          install Puna into $(VENV), nothing more"
	@echo ""
	@echo "TORCH=cpu             at the first installation: PyTorch's build without CUDA (a far smaller download on Linux)"
	@echo "PYTHON=python3.12     use that Python; RECIPE=FILE raises another recipe"

install: $(VENV)/.installed

raise: $(VENV)/.installed
	$(BIN)/puna raise $(RECIPE)

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest

check: $(VENV)/.installed-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-bench
	@set -e; for script in benchmarks/*.py; do echo "$$script"; $(BIN)/python "$$script"; done

# Stamps, touched last: an interrupted installation is done again, a finished one is not.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Puna needs Python 3.11 or newer, and $(PYTHON) is %d.%d; say which to use: make PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing Puna into $(VENV); PyTorch is large, this takes a few minutes once."
	@$(PIP) --quiet setuptools
	@$(PIP) --no-build-isolation --editable '.[fast]'
	@touch $@

$(VENV)/.installed-%: $(VENV)/.installed
	@echo "Installing what make $* needs."
	@$(PIP) --quiet --no-build-isolation --editable '.[$*]'
	@touch $@
