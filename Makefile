# Needs Python 3.11 or later, make and a package index. Everything else comes from requirements.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

export DAGSTER_HOME ?= $(CURDIR)/data/dagster

.PHONY: demo test road nights road-apart road-shared road-nights chaos check ui health bench lock format clean help

help:            ## What can be typed here
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed, $(PYTHON) is $$($(PYTHON) --version). Set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@# uv installs the lock ten times faster; where it cannot (an index that only pip is configured for), pip does the same.
	$(PIP) install --no-deps --require-hashes -r .ci/uv.lock
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock \
		|| $(PIP) install --no-deps --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)   ## The whole road once: files in, a scored fleet and a drift report out
	$(BIN)/python -m lakehouse_assets.operations.demo

WHOLE_ROAD := $(addprefix lakehouse_assets_tests/,end_to_end browser chaos servers/test_real_servers.py)
test: $(READY)   ## The tests of every part
	$(BIN)/python -m pytest -n 2 $(addprefix --ignore ,$(WHOLE_ROAD))

road: $(READY)   ## The whole-road tests: end to end, the daemon, chaos, real servers (Debian's postgresql), the browser (its chromium)
	@# Three processes, two at a time: what shares one road, nights in a row, the rest, which takes longest and begins.
	@# xdist 3.8 cannot group tests under pytest 9.2 (pytest-xdist#1386).
	$(MAKE) --no-print-directory --jobs 2 --output-sync=target road-apart road-shared road-nights

NIGHTS_IN_A_ROW := lakehouse_assets_tests/end_to_end/test_nights_in_a_row.py
road-apart: $(READY)
	$(BIN)/python -m pytest $(WHOLE_ROAD) -m "not shares_road" --ignore $(NIGHTS_IN_A_ROW)

road-shared: $(READY)
	$(BIN)/python -m pytest $(WHOLE_ROAD) -m shares_road

road-nights: $(READY)
	$(BIN)/python -m pytest $(NIGHTS_IN_A_ROW)

chaos: $(READY)  ## Twenty kills of steps, daemon and web server in ten nights; disks and files that fail
	CHAOS_KILLS=20 $(BIN)/python -m pytest lakehouse_assets_tests/chaos

nights: $(READY) ## Thirty simulated nights in a row through the real daemon (Debian's faketime); CI runs six
	NIGHTS=30 $(BIN)/python -m pytest $(NIGHTS_IN_A_ROW)

check: $(READY)  ## Format, lint, types, imports, definitions, contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/python -c 'from lakehouse_assets import settings; from lakehouse_assets.operations.embedded import prepare_dagster_home as made; made(settings.dagster_home())'
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/dg check defs --use-active-venv
	$(BIN)/python -m lakehouse_assets.operations.contracts check

ui: $(READY)     ## Dagster UI on 127.0.0.1:3000, with the daemon that runs schedules and sensors
	$(BIN)/python -m lakehouse_assets.operations.ui

health: $(READY) ## How the platform is: by use case and zone, and every problem with its runbook
	@$(BIN)/python -m lakehouse_assets.operations.health

bench: $(READY)  ## All benchmarks; each prints its table and writes JSON to benchmarks/results
	$(BIN)/python -m benchmarks

lock: $(READY)   ## Resolve the dependencies again
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header \
		--group dev --extra servers pyproject.toml -o requirements.lock
	@# The image carries the same versions, without the tools of development.
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header \
		--extra servers --constraint requirements.lock pyproject.toml -o deploy/requirements.lock
	@awk '/^[^ #]/{keep=/^uv==/} keep' requirements.lock > .ci/uv.lock

format: $(READY) ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:           ## Forget the lake, the models and the runs (never the landing folder)
	rm -rf data/lake data/lake.duckdb data/mlflow data/reports data/dagster
