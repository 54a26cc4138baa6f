# Two commands matter: `make demo` shows the hub at work, `make test` shows that it can be trusted.
# Everything runs from .venv, built from requirements.lock; nothing is installed outside this folder.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
RECORDS ?= 20000
PEERS := .venv-peers/.installed
COUNTRY ?= .qovsaq/country
WORKERS ?= 2

# Modules are compiled once and kept, out of the way, also where that is switched off: the suite starts
# some hundred processes.
KEPT := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/.venv/pycache

.DEFAULT_GOAL := help
.PHONY: help demo test check test-all fuzz bench bench-country up fmt

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

demo: $(INSTALLED) ## Six synthetic ministries, the whole path, a ledger that balances (needs no server)
	$(BIN)/qovsaq demo --records $(RECORDS)

test: $(INSTALLED) ## The test suite with its coverage gate (uses RabbitMQ and PostgreSQL where found)
	@echo "Running the suite in $(WORKERS) processes, without the tests marked slow."
	@echo "PostgreSQL is found, started, or taken from a wheel; tests that need RabbitMQ are skipped"
	@echo "where it is neither running nor installed, and the reasons are listed at the end."
	$(KEPT) $(BIN)/pytest -n $(WORKERS) --dist loadgroup -m "not slow" --cov --cov-report=term

check: $(INSTALLED) ## Style, types, import contracts, the lock, and documents that are derived from code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if grep -nE '://|^ *-[^-]|^--|@ ' requirements.lock benchmarks/requirements.lock; then echo "a lock has addresses or options"; exit 1; fi
	$(BIN)/python -m schemas.export --check
	$(BIN)/python -m hub.contracts.asyncapi --check
	$(BIN)/python -m hub.docs --check
	$(BIN)/python -m hub.dashboards --check
	$(BIN)/python -m benchmarks readme --check
	$(BIN)/pytest -q -p no:cacheprovider tests/test_architecture.py tests/unit/test_migrations.py
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

test-all: $(INSTALLED) ## Every test, also those that take minutes
	$(KEPT) $(BIN)/pytest -n $(WORKERS) --dist loadgroup --cov --cov-report=term

fuzz: $(INSTALLED) ## Three minutes of hostile input (needs atheris, which the lock leaves out)
	$(BIN)/python -m tests.fuzz.entry -max_total_time=180

bench: $(INSTALLED) $(PEERS) ## Our paths, FastStream, Celery and the raw limits, side by side (10 minutes)
	$(BIN)/python -m benchmarks short

bench-country: $(INSTALLED) ## The long form: a country of 40 million records; with RECORDS a smaller one, in one go
	$(BIN)/python -m benchmarks country $(COUNTRY) $(if $(filter command line,$(origin RECORDS)),--own --records $(RECORDS))

up: ## RabbitMQ, PostgreSQL and the hub in containers (needs Docker)
	ops/docker/secrets.sh
	docker compose up --build --detach

fmt: $(INSTALLED) ## Put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Qovşaq needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-index --no-build-isolation --editable .
	@touch $@

$(PEERS): benchmarks/requirements.lock
	@test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement benchmarks/requirements.lock
	@touch $@
