# One command per line of `make help`. Settings go on the command line: make run PORT=9000

PYTHON ?= python3
BIN := .venv/bin
# --no-compile: only what is really imported gets compiled, at its first import.
PIP := $(BIN)/pip install -qq --disable-pip-version-check --no-compile --no-deps --require-hashes
LOCK := uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

# Bytecode is kept even where the environment asks Python for none: compiling Django anew costs each start two seconds.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/.venv/bytecode

.DEFAULT_GOAL := help
.PHONY: help run links test test-long coverage check lint bench lock audit

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: .venv/run.stamp ## open the shop here, with a demo in an empty database, until Ctrl-C
	@$(BIN)/python -m taller.run

links: .venv/run.stamp ## print new pairing links for a tablet and a board
	@$(BIN)/python -m taller.links

test: .venv/dev.stamp ## the whole suite, short profile, on SQLite and on PostgreSQL at once
	@$(BIN)/python -m tests.both_databases

test-long: .venv/dev.stamp ## the same tests with their long kills, sequences, outages and storms
	@$(BIN)/python -m tests.both_databases --long

coverage: .venv/dev.stamp ## the short profile with branch coverage of occupation/, at least 95 %
	@$(BIN)/python -m tests.both_databases --cov --cov-report=
	@$(BIN)/coverage combine --quiet var/coverage && $(BIN)/coverage report --fail-under=95

lint: .venv/dev.stamp ## format, lint, types, import contracts, missing migrations
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python manage.py makemigrations --check --dry-run

check: lint test ## everything a change has to pass

bench: .venv/dev.stamp ## the published figures, as a table and as JSON
	@$(BIN)/python -m bench

lock: ## pin every dependency again (needs uv)
	@$(LOCK) --output-file requirements.lock
	@$(LOCK) --extra dev --constraints requirements.lock --output-file requirements-dev.lock

audit: ## ask PyPI for known holes in what is locked; fails where one could not be asked about
	@$(PYTHON) -m venv --clear var/audit && var/audit/bin/pip install -qq --disable-pip-version-check pip-audit
	@var/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock

.venv/run.stamp: requirements.lock
	@echo "Building .venv"
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) -r requirements.lock
	@touch $@

.venv/dev.stamp: requirements-dev.lock requirements.lock
	@test .venv/run.stamp -nt requirements.lock || $(PYTHON) -m venv --clear .venv
	@echo "Installing the test extras"
	@$(PIP) -r requirements-dev.lock
	@touch .venv/run.stamp $@
