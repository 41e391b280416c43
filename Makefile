# make demo, make test: each makes its own virtual environment from pyproject.toml.
# Another Python: make test PYTHON=python3.13 (its environment is .venv-python3.13).

PYTHON ?= python3
VENV ?= $(if $(filter python3,$(PYTHON)),.venv,.venv-$(notdir $(PYTHON)))
RUN := $(VENV)/bin/python
PYTEST_OPTIONS ?= -n 2

.PHONY: demo test lint docs pages bench measure clean

demo: $(VENV)/.made-test
	$(RUN) examples/demo.py

test: $(VENV)/.made-test
	$(RUN) -m pytest $(PYTEST_OPTIONS)

lint: $(VENV)/.made-dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check --quiet .
	$(RUN) -m mypy

docs: $(VENV)/.made-docs
	$(RUN) -m mkdocs build --strict --quiet

pages: $(VENV)/.made-test
	$(RUN) docs/make_language.py
	$(RUN) docs/make_readme.py
	$(RUN) docs/make_gallery.py

bench:  # in an environment of its own: the libraries beside it are large
	@$(MAKE) --no-print-directory VENV=.venv-bench measure

measure: $(VENV)/.made-bench
	@for script in benchmarks/*.py; do echo "$$script"; $(RUN) "$$script" || exit 1; done

clean:
	rm -rf .venv .venv-* build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else \
	"knetsrc needs Python 3.11 to 3.13, $(PYTHON) is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.made-%: pyproject.toml | $(VENV)/bin/python
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS_$*)]'
	@touch $@

EXTRAS_test := test,examples
EXTRAS_dev := dev
EXTRAS_docs := docs
EXTRAS_bench := bench,examples
