# Rescue Bot. Everything that a user or the CI runs is a target here.
# `make demo` and `make test` set up all that they need: Python packages from hashed locks into
# .venv, the AWS emulator into a virtual environment of its own, Debian packages where they lack.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EMULATOR := .venv-emulator
INFRA := .venv-infra
CONSOLE := webui/app
CDK := cdk
# Node comes with the Python packages; what it needs is in the console's own lock.
NODE := PATH="$(CURDIR)/$(BIN):$$PATH"
NPM := $(NODE) npm --prefix $(CONSOLE) --silent
PYTEST := $(BIN)/python -m pytest
# Several downloads share one line here; what stalls is waited for and tried again.
export PIP_DEFAULT_TIMEOUT ?= 60
export PIP_RETRIES ?= 10
export UV_HTTP_TIMEOUT ?= 120
# ONCE=1 make demo: exit with the verdict instead of staying up.
ONCE ?=

.DEFAULT_GOAL := help
.PHONY: help setup emulator infra console cdk system demo test test-console test-cdk test-terraform test-browser \
	test-fast test-faults lint format locks lambdas bench docs pictures clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.ready ## Python packages of the project, from the hashed lock

$(VENV)/.ready: requirements/dev.txt setup.cfg pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Rescue Bot needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	@# Whole but for timelib, which needs a compiler; see docs/container.md.
	$(BIN)/pip install --quiet --no-deps --require-hashes --requirement requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

emulator: $(EMULATOR)/.ready ## the AWS emulator

$(EMULATOR)/.ready: requirements/emulator.txt
	$(PYTHON) -m venv $(EMULATOR)
	$(EMULATOR)/bin/pip install --quiet --require-hashes --requirement requirements/emulator.txt
	@touch $@

infra: $(INFRA)/.ready ## the tools that look at Terraform, CloudFormation and the workflows

$(INFRA)/.ready: requirements/infra.txt
	$(PYTHON) -m venv $(INFRA)
	$(INFRA)/bin/pip install --quiet --require-hashes --requirement requirements/infra.txt
	@touch $@

console: $(CONSOLE)/dist/index.html ## the pages in the browser, built

$(CONSOLE)/node_modules/.ready: $(CONSOLE)/package-lock.json $(CONSOLE)/package.json | setup
	$(NPM) ci
	@touch $@

cdk: $(CDK)/node_modules/.ready ## the AWS CDK, for the serverless console

$(CDK)/node_modules/.ready: $(CDK)/package-lock.json $(CDK)/package.json | setup
	$(NODE) npm --prefix $(CDK) --silent ci --ignore-scripts
	@touch $@

$(CONSOLE)/dist/index.html: $(CONSOLE)/node_modules/.ready $(CONSOLE)/index.html $(CONSOLE)/vite.config.ts \
		$(shell find $(CONSOLE)/src $(CONSOLE)/public -type f 2>/dev/null)
	$(NPM) run build
	@touch $@

system: ## Debian packages that the tests need: servers to rescue, a browser
	@sh devstack/install-system-packages.sh

demo: setup emulator console ## a real rescue, narrated; ONCE=1 exits with the verdict
	$(BIN)/python -m devstack.demo $(if $(ONCE),--once)

test: ## all tests; RESCUE_THOROUGH=1: also what differs little from what was tried
	@# What is set up, and what needs no world, side by side; each tells what it has to say when it ends.
	$(MAKE) --no-print-directory --jobs 4 --output-sync=target setup emulator infra system
	$(MAKE) --no-print-directory --jobs 3 --output-sync=target lint test-console test-cdk
	@# The longest file of the unit tests first: as the last one it would keep a single worker busy.
	$(PYTEST) tests/unit/test_states.py tests -n 3 --dist loadfile --no-loadscope-reorder

test-console: console ## unit tests of the console, and how much a first visit loads
	$(NPM) test
	$(NPM) run size

test-cdk: console cdk infra ## the serverless console's stacks: types, tests, synthesis, cdk-nag, cfn-lint
	$(NODE) sh $(CDK)/check.sh

test-browser: setup emulator system console ## people before the console: rescues, roles, every page in every look
	RESCUE_THOROUGH=1 $(PYTEST) tests/e2e -n 3 --dist loadfile --no-loadscope-reorder

test-faults: setup emulator system ## the whole fault matrix, outages and soak: up to 30 minutes
	RESCUE_THOROUGH=1 $(PYTEST) tests/faults -m faults --timeout 1800

test-terraform: setup emulator infra ## the AWS account in code: plans, policies, rows of the specification
	RESCUE_THOROUGH=1 $(PYTEST) tests/infra/terraform

test-fast: setup ## unit tests only, in seconds
	$(PYTEST) tests/unit -q

lint: setup $(CONSOLE)/node_modules/.ready ## formatters, linters, strict types
	$(BIN)/black --check --quiet . || { echo "Run: make format"; exit 1; }
	$(BIN)/flake8
	$(BIN)/mypy
	$(NPM) run lint

format: setup $(CONSOLE)/node_modules/.ready ## let the formatters write
	$(BIN)/black --quiet .
	$(NPM) run format

locks: setup ## compile the hashed locks anew from setup.cfg
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-header --quiet --extra salt --extra web --extra dev --no-emit-package timelib \
		setup.cfg --output-file requirements/dev.txt
	@# The images: the same versions as those that are tested.
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-header --quiet --extra web setup.cfg --constraints requirements/dev.txt --output-file requirements/web.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-header --quiet --extra salt --no-emit-package timelib setup.cfg --constraints requirements/dev.txt --output-file requirements/master.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-header --quiet requirements/build.in --constraints requirements/dev.txt --output-file requirements/build.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-header --quiet requirements/emulator.in --output-file requirements/emulator.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-header --quiet requirements/infra.in --output-file requirements/infra.txt
	$(BIN)/python -m lambdas.build --lock

lambdas: setup ## the zips of the Lambda functions, into dist/lambdas
	$(BIN)/python -m lambdas.build

bench: setup emulator ## measurements; see benchmarks/README.md
	$(BIN)/python -m benchmarks

docs: setup $(CONSOLE)/node_modules/.ready ## reference pages and pictures that are made from the code
	$(BIN)/python docs/make_reference.py
	$(BIN)/python -m docs.make_api
	$(BIN)/python docs/make_pictures.py
	@# The console's client is made from the specification.
	$(NPM) run api

pictures: setup system console ## take the pictures of docs/console.md anew, from a browser
	$(BIN)/python -m tests.e2e.pictures docs/pictures/console

clean: ## remove what was set up and made here
	rm -rf $(VENV) $(EMULATOR) $(INFRA) .devstack build dist *.egg-info .mypy_cache .pytest_cache \
		$(CONSOLE)/node_modules $(CONSOLE)/dist $(CDK)/node_modules $(CDK)/cdk.out
