# Everything makes .venv itself and is safe to run again.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export CITYTWIN_HOME ?= $(CURDIR)/demo/cache

.PHONY: demo test bench validate lint clean

$(VENV): $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "CityTwin needs Python 3.11 or newer (make PYTHON=python3.11)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/twin compare helsinki/baseline helsinki/combination --seeds 3 --results demo/results --report demo/report.html
	@echo "open demo/report.html in a browser"

test: $(STAMP)
	$(BIN)/python -m pytest -q -m "not slow" -n 2 --dist loadfile

validate: $(STAMP)
	$(BIN)/python -m pytest -q -m slow

bench: $(STAMP)
	$(BIN)/python -m bench.core
	$(BIN)/python -m bench.coupling
	$(BIN)/python -m bench.powerflow
	$(BIN)/python -m bench.calibration

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:
	rm -rf demo results build dist .mypy_cache .ruff_cache .pytest_cache
