# make run    set up, and run the whole pipeline on MovieLens 100K
# make test   set up, and run the tests; test-all: those too that take long
# make notebooks   the walk-through in JupyterLab; notebooks-sync pairs scripts and notebooks, without outputs
# make docs   set up, and build the documentation into site/index.html
# EXTRA=gpu   with CUDA's libraries;  ARGS="..." is passed on to `marquee run` or pytest

PYTHON ?= python3.11
# Each test process takes about a core and 4 GiB; a file's tests stay together, for they share what is slow.
WORKERS ?= 2
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements$(if $(EXTRA),-$(EXTRA)).lock
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=25
READY := $(VENV)/.ready-$(or $(EXTRA),cpu)

# Where a shell forbids bytecode, each of the tests' processes would compile TensorFlow and TFX anew, for 20 s.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test test-slow test-all notebooks notebooks-sync docs screenshots setup lock lint clean
.DELETE_ON_ERROR:

run: setup
	$(BIN)/marquee run $(ARGS)

test: setup
	$(PYTEST) -m "not slow" $(ARGS)

# Every kind through a run, the compiled pipeline, the simulation: what `test` leaves out. To be run before a release.
test-slow: setup
	$(PYTEST) -m slow $(ARGS)

test-all: test test-slow

notebooks: setup
	$(BIN)/jupyter lab notebooks/00_quick_start.ipynb $(ARGS)

notebooks-sync: setup
	$(BIN)/jupytext --sync --quiet notebooks/[0-9]*.py
	$(BIN)/jupyter nbconvert --clear-output --inplace --log-level=ERROR notebooks/[0-9]*.ipynb

# The variable silences Material's notice that its support ends in May 2027.
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict $(ARGS)

# docs/images, on a workspace of its own; takes a few minutes the first time. Needs chromium on PATH.
screenshots: setup
	$(BIN)/python -m docs.tools.screenshots $(ARGS)

setup: $(READY)

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
	  || { echo "Marquee needs Python 3.11; '$(PYTHON)' is not. Name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv==$(UV_VERSION)

# The lock's hashes are checked; nothing outside it is installed. The second line installs Marquee itself.
$(READY): $(LOCK) pyproject.toml | $(BIN)/uv
	@echo "installing $$(grep -c == $(LOCK)) packages into $(VENV), a few minutes the first time"
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes $(LOCK)
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.ready-*
	@touch $@

# Resolves anew. No address of any index is written: a lock is names, versions and hashes.
lock: | $(BIN)/uv
	@for extra in "" gpu; do \
	  $(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
	    --generate-hashes --no-emit-index-url --no-annotate --no-header \
	    --extra dev $${extra:+--extra $$extra} pyproject.toml -o requirements$${extra:+-$$extra}.lock; \
	done

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/mypy

clean:
	rm -rf $(VENV) workspace site build
