# Two commands do everything: `make demo` and `make test`. Both set up what they need.
PYTHON ?= $(shell command -v python3.13 || command -v python3)
BIN := .venv/bin

.PHONY: help setup demo test attack check docs lock picture bench start clean

help: ## Show the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: setup ## Play a week on a local Azure: scans, drift, the rows in out/
	$(BIN)/vmss-posture demo --out out

test: setup ## Run all tests
	$(BIN)/pytest --numprocesses 5 --dist loadfile --no-loadscope-reorder

attack: setup ## Kill the service, break what it depends on, damage its state; ATTACK="kills --kills 100" for a part
	$(BIN)/python -m tests.attack $(ATTACK)

check: setup ## Lint, types, import contracts, pages that are generated
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m docs.generate --check

docs: setup ## Write the pages that are generated from the code
	$(BIN)/python -m docs.generate

picture: setup ## Play the demo's week and take the README's pictures of its report
	$(BIN)/vmss-posture demo --out out
	$(BIN)/python -m docs.picture out

bench: setup ## Measure scans beside a plain pager (SIZES="5000 20000"), and write the table of bench/README.md
	$(BIN)/python -m bench.scan --write $(SIZES)

PORT ?= 7071
start: setup ## Run the function app on the local Azure (PORT=7072: at another port)
	$(BIN)/python -m functionshost --local --port $(PORT)

setup: .venv/.ready node_modules/.ready ## Install the pinned tools and libraries

.venv/.ready: requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' || { echo "Python 3.13 is needed; $(PYTHON) is another version. Set PYTHON=/path/to/python3.13." >&2; exit 1; }
	@echo "Installing Python packages into .venv; the first time takes about a minute …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q azureformats scanner emulator demo functionshost
	@touch $@

node_modules/.ready: package.json package-lock.json .npmrc
	@echo "Installing Azurite and the Kusto parser into node_modules …"
	@npm ci --silent --no-audit --no-fund
	@touch $@

lock: setup ## Pin and hash the dependencies again, from pyproject.toml and package.json
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --custom-compile-command 'make lock' --output-file requirements.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --custom-compile-command 'make lock' --all-extras --constraints requirements.txt --output-file requirements-dev.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --custom-compile-command 'make lock' --group gate --output-file requirements-gate.txt
	npm install --silent --package-lock-only

clean: ## Remove what setup, demo and tests made
	rm -rf .venv node_modules out .local .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info
