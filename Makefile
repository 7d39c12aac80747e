# Two commands for a fresh Debian machine: `make demo` and `make test`. Each installs what it
# needs and nothing more: everything Python goes into .venv, LibreOffice comes from Debian.
# `make bench` measures the solver beside its peers, which have an environment of their own, and `make dist` builds what
# is released.
PYTHON ?= python3
BIN := .venv/bin
BENCH := build/bench-venv
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
LINT = $(BIN)/ruff check --quiet . && $(BIN)/mypy --no-error-summary && $(BIN)/lint-imports --no-cache
APT := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get
OFFICE := libreoffice-calc libreoffice-gtk3 python3-uno poppler-utils fonts-liberation xvfb xdotool chromium chromium-driver \
	default-jre-headless iproute2

.PHONY: demo test lint docs dist bench campaign guided clean
.DELETE_ON_ERROR:

demo: .venv/.product
	@$(BIN)/collabsheet demo -o demo

test: .venv/.product .venv/.test build/office/.installed
	@(for program in soffice pdftoppm Xvfb xdotool chromium chromedriver java ip; do command -v $$program || exit 1; done; /usr/bin/python3 -c 'import uno' \
	  && ls "$$(dirname "$$(readlink -f "$$(command -v soffice)")")/libvclplug_gtk3lo.so") >/dev/null 2>&1 \
	  || { $(APT) update -qq && $(APT) install -y -qq --no-install-recommends $(OFFICE) >/dev/null; }
	@# one process more than cores, since some tests wait: for an office, a time limit, a machine that is lost
	@mkdir -p build; { $(LINT); } >build/lint.txt 2>&1 & lint=$$!; \
	  $(BIN)/python -m pytest --numprocesses $$(($$(nproc) + 1)) --maxprocesses 4 --dist loadfile --no-loadscope-reorder; tests=$$?; \
	  wait $$lint || { cat build/lint.txt; exit 1; }; exit $$tests

# what reads the code without running it: style, types, and which folder may import which
lint: .venv/.product .venv/.test
	@$(LINT)

# dist/: a source archive, and the wheel that was built from it
dist: .venv/.test
	@$(BIN)/python -m build --no-isolation --outdir dist

docs: .venv/.product .venv/.test
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet && echo "Open build/site/index.html"

bench: $(BENCH)/.peers
	@$(BENCH)/bin/python tests/benchmarks/make_benchmarks.py

# SECONDS=600 by default; LONG=1 tries as many cases as docs/reliability.md says, which takes hours
campaign: .venv/.product .venv/.test
	@cd tests && PYTHONPATH=.:helpers:.. ../$(BIN)/python -m campaign $(if $(LONG),--long) --seconds $(or $(SECONDS),$(if $(LONG),inf,600)) --runs campaign/runs.json --report ../docs/reliability.md 2>/dev/null

# KIND: sheets (default), workbooks, formulas, ratings or documents, for SECONDS=600, guided by coverage; ends at the first failure
guided: .venv/.product .venv/.test
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[fuzz]'
	@cd tests && PYTHONPATH=.:helpers:.. ../$(BIN)/python -m campaign.guided $(or $(KIND),sheets) --seconds $(or $(SECONDS),600)

# LIBMF is built here, with the machine's own vector instructions; lenskit asks for pandas 2 and runs with 3
$(BENCH)/.peers: pyproject.toml constraints.txt | .venv/bin/python
	@command -v g++ >/dev/null || { $(APT) update -qq && $(APT) install -y -qq --no-install-recommends g++ python3-dev >/dev/null; }
	$(PYTHON) -m venv $(BENCH)
	CFLAGS='-O3 -march=native -DUSEAVX' CXXFLAGS='-O3 -march=native -DUSEAVX' $(BENCH)/bin/pip install --quiet \
	  --disable-pip-version-check --constraint constraints.txt --no-cache-dir --no-binary libmf libmf==0.9.2
	$(BENCH)/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	$(BENCH)/bin/pip install --quiet --disable-pip-version-check --no-deps lenskit==2025.8.1
	@touch $@

# Microsoft's own tools for the task pane of Excel, where there is npm
build/office/.installed: tests/office/package.json tests/office/package-lock.json
	@if command -v npm >/dev/null; then mkdir -p build/office && cp $^ build/office && \
	  npm ci --prefix build/office --ignore-scripts --no-audit --no-fund --silent && touch $@; fi

.venv/bin/python:
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(APT) update -qq && $(APT) install -y -qq python3-venv >/dev/null; }
	$(PYTHON) -m venv .venv

.venv/.product: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

.venv/.test: .venv/.product
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,docs]'
	@touch $@

clean:
	rm -rf .venv demo build dist *.egg-info
