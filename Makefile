# make run    set up what is missing and start everything on the embedded default
# make test   set up what is missing, then linters, types and tests
# make setup  only make .venv      make lock  resolve the lock file anew

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LOCK := requirements/lock.txt
TORCH := $(shell sed -n 's/^ *"\(torch==[^"]*\)",$$/\1/p' pyproject.toml)

.PHONY: run test setup lock check clean

run: setup
	$(BIN)/wenzheng up --sample

setup: $(STAMP)

# torch first, with its own dependencies, so that pip takes a CPU build where one is configured; then exactly the
# lock. Rasa's metadata excludes Python 3.11, hence --ignore-requires-python; the lock was resolved with it.
$(STAMP): $(LOCK) pyproject.toml
	@PYTHON=$(PYTHON) VENV=$(VENV) sh requirements/make-venv.sh
	$(BIN)/pip install --quiet $(TORCH)
	$(BIN)/pip install --quiet --no-deps --ignore-requires-python -r $(LOCK)
	$(BIN)/pip install --quiet --no-deps --ignore-requires-python -e .
	@touch $@

lock:
	$(BIN)/uv pip compile pyproject.toml --extra dev --overrides requirements/overrides.txt \
		--python-version 3.11 --python-platform x86_64-manylinux_2_28 \
		--no-header --no-emit-index-url --no-emit-package torch -o $(LOCK)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: check
	sh tests/dialogue-checks.sh
	$(BIN)/pytest

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache
