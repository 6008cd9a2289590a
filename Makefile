# `make demo` and `make test` need nothing but Python 3.10+ and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# What is slow and the same on every Python and with every version is left out: the emulator's own
# tests, those that begin many processes, and those that cut bodies and journals at every byte.
QUICK := tests/classic tests/export tests/formats tests/http tests/load tests/login tests/wire \
  $(addprefix --ignore=tests/,export/test_resume.py export/test_truncation.py \
  load/test_crash_v2.py load/test_damaged_journals.py load/test_no_row_gets_anothers_outcome.py \
  login/test_expiry_under_load.py)

TEST_LOWEST := test-lowest $(addprefix test-lowest-,base arrow pandas polars all)
.PHONY: demo test test-witness audit test-quick $(TEST_LOWEST) test-dist test-spark new-user docs lint format clean test-engines
.DEFAULT_GOAL := test

demo: $(VENV)/.installed
	$(BIN)/salesforce-bulk demo $(FILE)

test: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BANDIT)
	$(BIN)/python -m pytest -n auto --dist loadfile --cov --cov-report=term --cov-fail-under=$(COVERAGE) $(ARGS)

# Its warnings are about what stands beside an explained finding.
BANDIT = $(BIN)/bandit --quiet --recursive salesforce_bulk 2>/dev/null

# The versions that a fresh install of the base and of every extra gets today, locked with their
# hashes, against the advisories of the index; fails where that has none.
audit: $(VENV)/.installed-dev $(VENV)-uv/.installed
	mkdir -p build
	$(VENV)-uv/bin/uv pip compile --quiet --all-extras --generate-hashes pyproject.toml --output-file build/audit.txt
	$(BIN)/pip-audit --strict --progress-spinner off --disable-pip --require-hashes \
	  --requirement build/audit.txt

# Another Python: make test-quick PYTHON=python3.13 VENV=.venv-3.13
test-quick: $(VENV)/.installed-test
	$(BIN)/python -m pytest -q -n auto --dist loadfile --hypothesis-profile=quick $(QUICK) $(ARGS)

# The lowest versions that pyproject.toml declares, of the base and of the extras; give the oldest
# Python, because old releases have no wheels for newer ones: make test-lowest PYTHON=python3.10
LOWEST := $(VENV)-lowest
test-lowest: test-lowest-base test-lowest-arrow test-lowest-pandas test-lowest-polars test-lowest-all

test-lowest-base test-lowest-arrow test-lowest-pandas test-lowest-polars: GROUP = test-core
test-lowest-base: $(VENV)-uv/.installed
	$(call lowest,.,tests/classic tests/http tests/load/test_load_v2.py tests/load/test_load_resume.py \
	  tests/login tests/wire)
	for version in 7 8; do \
	  $(UV) --python $(LOWEST) "vcrpy==$$version.*" && \
	  $(LOWEST)/bin/python -m pytest -q tests/classic/test_cassettes.py || exit 1; \
	done

test-lowest-arrow: $(VENV)-uv/.installed
	$(call lowest,.[arrow],tests/formats -k 'not pandas and not polars')

test-lowest-pandas test-lowest-polars: test-lowest-%: $(VENV)-uv/.installed
	$(call lowest,.[$*],tests/formats tests/load/test_frames_round_trip.py \
	  tests/export/test_unusual_results.py -k $*)

test-lowest-all: GROUP = test
test-lowest-all: $(VENV)-uv/.installed
	$(call lowest,.[all],tests/export/test_export_doors.py tests/export/test_sinks.py \
	  tests/export/test_typed_rows.py tests/export/test_unusual_results.py tests/formats \
	  tests/load/test_frames_round_trip.py tests/load/test_progress_events.py \
	  tests/load/test_results_taken_away.py tests/load/test_row_files.py tests/load/test_sources.py \
	  tests/load/test_values_by_field.py tests/storage tests/test_pickling.py)

# $(1) with what it needs in the lowest versions, then the tests $(2).
define lowest
	rm -rf $(LOWEST)
	$(PYTHON) -m venv $(LOWEST)
	$(UV) --python $(LOWEST) --resolution lowest-direct --editable '$(1)'
	$(UV) --python $(LOWEST) --group $(GROUP)
	$(LOWEST)/bin/python -m pytest -q -n auto --dist loadfile --hypothesis-profile=quick $(2) $(ARGS)
endef

UV := UV_LINK_MODE=copy $(VENV)-uv/bin/uv pip install --quiet

$(VENV)-uv/.installed: pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(@D)/bin/python -m pip install --quiet --group lowest
	touch $@

# The tests of the unpacked sdist, with the modules of its package taken away, against the installed
# wheel. What else the package has stays: pages link to it.
test-dist: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --group dist
	rm -rf build dist $(VENV)-dist
	$(BIN)/python -m build --outdir dist .
	$(PYTHON) -m venv $(VENV)-dist
	$(VENV)-dist/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(VENV)-dist/bin/python -m pip install --quiet dist/*.whl --group dev
	cd dist && tar xzf *.tar.gz && find salesforce_bulk-*/salesforce_bulk -name '*.py' -delete
	cd dist/salesforce_bulk-*/ && $(CURDIR)/$(VENV)-dist/bin/salesforce-bulk demo
	cd dist/salesforce_bulk-*/ && $(CURDIR)/$(VENV)-dist/bin/pytest -q -n auto --dist loadfile $(ARGS)

# Clients that nobody here wrote, against the emulator: those that are installed in a minute.
test-witness: $(VENV)/.installed
	$(BIN)/python tests/witness/run.py jsforce django

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

# What the README says, typed into an empty environment; needs PyPI.
new-user: $(VENV)/.installed
	PYTHONPATH=tests/support $(BIN)/python tests/new_user/walk.py

# The documentation as a site, in build/site; every warning is an error.
docs: $(VENV)/.installed-dev
	$(BIN)/python -m sphinx -W --keep-going -q docs build/site

# The recipes of docs/engines.md, with Dask, polars, Ray, Spark 3.5 and Airflow; needs Java as well.
test-engines: $(VENV)-engines/.installed $(VENV)-airflow/.installed
	$(VENV)-engines/bin/python -m pytest $(ENGINES_WARNINGS) tests/engines $(ARGS)
	$(VENV)-airflow/bin/python -m pytest $(ENGINES_WARNINGS) tests/airflow $(ARGS)

# The engines warn of one another and of themselves.
ENGINES_WARNINGS := -W default -p no:warnings

$(VENV)-engines/.installed $(VENV)-airflow/.installed: $(VENV)-%/.installed: pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(@D)/bin/python -m pip install --quiet --editable . --group $*
	touch $@

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(VENV)-* build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .coverage

COVERAGE := 90

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml setup.py
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

# dependency groups (PEP 735) are read by pip 25.1 and newer.
$(VENV)/.installed-dev: GROUP = dev
$(VENV)/.installed-test: GROUP = test
$(VENV)/.installed-dev $(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group $(GROUP)
	touch $@
