# Two commands matter: `make demo` (predict, base install, no torch) and `make test` (everything).
PYTHON ?= python3
BASE := .venv-base
FULL := .venv
PINS := --constraint constraints.txt
HASHES := --generate-hashes --universal --python-version 3.13 --no-header --no-annotate

.PHONY: demo test test-slow check format requirements artwork clip-art schematic maps starter docs clean

demo: $(BASE)/ready
	$(BASE)/bin/viennatag predict examples/sample-mark.png
	@echo
	@echo 'The command is $(CURDIR)/$(BASE)/bin/viennatag. To call it as viennatag in this shell:'
	@echo '  export PATH="$(CURDIR)/$(BASE)/bin:$$PATH"'

test: $(FULL)/ready
	$(FULL)/bin/python -m pytest -n 3 --dist loadfile

test-slow: $(FULL)/ready
	$(FULL)/bin/python -m pytest -n 2 --dist loadfile -m "slow or not slow"

check: $(FULL)/ready
	$(FULL)/bin/ruff check .
	$(FULL)/bin/ruff format --check .
	$(FULL)/bin/mypy

format: $(FULL)/ready
	$(FULL)/bin/ruff check --fix .
	$(FULL)/bin/ruff format .

requirements: ## what the container installs, pinned with hashes; needs uv
	uv pip compile pyproject.toml --extra serve $(PINS) $(HASHES) --output-file requirements/serve.txt
	echo hatchling | uv pip compile - $(PINS) $(HASHES) --output-file requirements/build.txt

artwork: ## the icon packs and fonts that marks are rendered from; needs npm
	cd artwork && npm install

clip-art: $(FULL)/ready ## drawings in the public domain, of a Debian package: needs apt-get and dpkg
	mkdir -p work/openclipart
	cd work/openclipart && apt-get download openclipart-svg && dpkg -x openclipart-svg_*.deb .
	$(FULL)/bin/python artwork/clip_art.py work/openclipart/usr/share/openclipart/svg -o artwork/clip-art/openclipart

schematic: $(FULL)/ready ## our own drawings, made by rule
	$(FULL)/bin/python artwork/schematic_pack.py -o artwork/schematic/schematic

maps: $(FULL)/ready artwork ## outlines of countries and continents, in the public domain
	$(FULL)/bin/python artwork/maps_pack.py -o artwork/maps/maps

starter: $(FULL)/ready artwork clip-art schematic maps ## makes the bundle inside the package anew; days, goes on where it was
	$(FULL)/bin/python recipes/starter

$(BASE)/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "viennatag needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(BASE)
	$(BASE)/bin/pip install --quiet --disable-pip-version-check $(PINS) --editable .
	touch $@

$(FULL)/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "viennatag needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(FULL)
	$(FULL)/bin/pip install --quiet --disable-pip-version-check $(PINS) --editable '.[dev]'
	touch $@

docs: $(FULL)/ready ## the site, in site/; warnings are errors
	NO_MKDOCS_2_WARNING=1 $(FULL)/bin/mkdocs build --strict

clean:
	rm -rf $(BASE) $(FULL) build dist site
