# Two ways in: `make up` brings the whole local platform up, `make test` proves it. The rest are their parts.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made-from-requirements.lock

# Some containers forbid Python to keep what it compiled. Here hundreds of processes import the same packages.
unexport PYTHONDONTWRITEBYTECODE

# uv: the system's certificates, and the index that pip was told to use, if any.
export UV_NATIVE_TLS := 1
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif

.PHONY: help up down test test-fast rehearse lint docs schema venv tools packages lock

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

up: packages ## Bring up the local platform and AIPONGE's services on it, and check them
	@$(BIN)/groundwork local up
	@$(BIN)/groundwork up local
	@$(BIN)/groundwork check local --within 120

down: venv ## Remove everything that the local platform made on this machine
	@$(BIN)/groundwork local down

# Three workers for two cores: two for the end-to-end tests, which wait a lot, and one for the others.
test: lint packages tools ## Lint, then every test (as root on Debian: real engine, real cluster)
	@$(BIN)/pytest tests --numprocesses 3 --no-loadscope-reorder

test-fast: lint ## Lint, then the unit tests
	@$(BIN)/pytest tests -m unit

# Takes half an hour or more: for the night. All are tried, the exit code tells whether one failed.
rehearse: packages tools ## Rehearse every stack on the local platform, one after the other
	@$(BIN)/groundwork local up
	@failed=0; for file in stacks/Pulumi.*.yaml; do \
	  stack=$${file#stacks/Pulumi.}; $(BIN)/groundwork rehearse "$${stack%.yaml}" || failed=1; \
	done; exit $$failed

lint: venv ## Style, formatting and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

schema: venv ## Write stacks/schema.json, which editors check stack files with
	@$(BIN)/python -m components.settings.schema >stacks/schema.json

docs: venv ## Write what follows from the code: docs/{reference,policies,runbooks}/, docs/local-fidelity.md, the schema
	@$(BIN)/python -m catalog
	@$(BIN)/python -m runbooks.pages
	@$(BIN)/python -m tests.unit.validation.fidelity

venv: $(STAMP) ## Make .venv from requirements.lock

tools: venv packages ## Find the tools, building what PATH lacks (once; the cache outlives the checkout)
	@$(BIN)/python -m local.toolchain ensure >/dev/null

# Only root on Debian can install; anybody else is told by `tools` what is missing.
packages: venv ## Install the Debian packages that are missing (as root)
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  $(BIN)/python -m local.toolchain packages --install; \
	fi

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is not Python 3.11 or later; name one: make PYTHON=python3.11" >&2; exit 1; }
	@if ! $(PYTHON) -c 'import ensurepip' 2>/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq -y install python3-venv >/dev/null; \
	  else echo "$(PYTHON) cannot make virtual environments; install python3-venv" >&2; exit 1; fi; \
	fi
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock >$(VENV)/uv.txt
	@test -s $(VENV)/uv.txt || { echo "requirements.lock does not pin uv: make lock" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(VENV)/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

# The lock names no package index, so that it installs from whichever the machine is set up for.
lock: ## Choose versions anew and write requirements.lock
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --no-emit-index-url --generate-hashes --no-annotate \
	  --no-header --all-extras pyproject.toml -o requirements.lock
