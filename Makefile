# `make demo` and `make test` need nothing but Python 3.10+ and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test test-spark lint format clean
.DEFAULT_GOAL := test

demo: $(VENV)/.installed
	$(BIN)/salesforce-bulk demo $(FILE)

test: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n auto --dist loadfile --cov --cov-report=term --cov-fail-under=$(COVERAGE) $(ARGS)

# With the oldest and the newest pyspark that this Python allows; needs Java 17 or newer.
test-spark: $(VENV)-spark-oldest/.installed $(VENV)-spark-newest/.installed
	$(VENV)-spark-oldest/bin/python -m pytest $(SPARK_WARNINGS) tests/spark $(ARGS)
	$(VENV)-spark-newest/bin/python -m pytest $(SPARK_WARNINGS) tests/spark $(ARGS)
	$(VENV)-spark-newest/bin/python tests/spark/cluster_run.py

# pyspark leaves sockets to the garbage collector.
SPARK_WARNINGS := -W default::ResourceWarning -W default::pytest.PytestUnraisableExceptionWarning

$(VENV)-spark-oldest/.installed: PYSPARK = "pyspark==4.0.*"
$(VENV)-spark-newest/.installed: PYSPARK = "pyspark>=4"
$(VENV)-spark-oldest/.installed $(VENV)-spark-newest/.installed: pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(@D)/bin/python -m pip install --quiet $(PYSPARK) --editable . --group spark
	touch $@

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(VENV)-spark-* build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .coverage

COVERAGE := 90

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml setup.py
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

# dependency groups (PEP 735) are read by pip 25.1 and newer.
$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group dev
	touch $@
