# Two commands for a fresh Debian machine: `make demo` and `make test`. Each installs what it
# needs and nothing more: everything Python goes into .venv, LibreOffice comes from Debian.
PYTHON ?= python3
BIN := .venv/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
APT := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get
OFFICE := libreoffice-calc python3-uno poppler-utils fonts-liberation

.PHONY: demo test clean
.DELETE_ON_ERROR:

demo: .venv/.product
	@$(BIN)/collabsheet demo -o demo

test: .venv/.product .venv/.test
	@command -v soffice >/dev/null && /usr/bin/python3 -c 'import uno' 2>/dev/null && command -v pdftoppm >/dev/null \
	  || { $(APT) update -qq && $(APT) install -y -qq --no-install-recommends $(OFFICE) >/dev/null; }
	@$(BIN)/python -m pytest

.venv/bin/python:
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(APT) update -qq && $(APT) install -y -qq python3-venv >/dev/null; }
	$(PYTHON) -m venv .venv

.venv/.product: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

.venv/.test: .venv/.product
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@

clean:
	rm -rf .venv demo build *.egg-info
