# truenav: make demo, make test. Everything lives in this checkout and in TRUENAV_DATA_DIR (.truenav).
SHELL := /bin/sh
BIN := .venv/bin
WORKERS ?= 2
ARGS ?=
export NUMBA_CACHE_DIR ?= $(CURDIR)/.truenav/numba

.PHONY: demo serve web web-dev web-check test check unit nightly screenshots bench audit sbom docs lock clean install install-dev

demo: install web ## set up, run the demo fund to a verified NAV, serve it (ARGS=--once: stop afterwards)
	@$(BIN)/truenav demo $(ARGS)

serve: install web ## an empty installation on 127.0.0.1
	@$(BIN)/truenav serve $(ARGS)

web: install ## build the web app, if anything it is made of has changed
	@scripts/build_web

web-dev: install ## the web app with hot reload, beside a running `make serve`
	@scripts/build_web dev

web-check: install ## types, unit tests and size of the web app
	@scripts/build_web check

test: check unit ## everything that must pass before a change lands

check: install-dev web-check ## lint, types, import contracts, licences, security rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python scripts/check_licences.py
	@scripts/security

unit: install-dev
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not nightly" $(ARGS)

nightly: install-dev ## the long tier: kill points, ledgers and parsers at length
	@$(BIN)/pytest -n $(WORKERS) -m nightly --timeout 7200 $(ARGS)

screenshots: install-dev web ## every page, wide and narrow, light and dark, in both languages: .truenav/screenshots
	@$(BIN)/python scripts/screenshots.py $(ARGS)

bench: install-dev ## the figures of docs/benchmarks.md
	@$(BIN)/python -m bench $(ARGS)

audit: install-dev ## known weaknesses of what we depend on; exit code 2: no advisory source can be reached
	@$(BIN)/python scripts/audit.py

sbom: install-dev ## the software bill of materials, from the lock files
	@$(BIN)/python scripts/sbom.py sbom.cdx.json

docs: install-dev
	@$(BIN)/mkdocs build --quiet --strict

lock: install
	@scripts/lock

install:
	@scripts/bootstrap run

install-dev:
	@scripts/bootstrap dev

clean: ## remove what was built; the data folder stays
	rm -rf web/dist web/node_modules .venv .uv site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
