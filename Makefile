# Two commands matter: `make demo` (predict, base install, no torch) and `make test` (everything).
PYTHON ?= python3
BASE := .venv-base
FULL := .venv
PINS := --constraint constraints.txt

.PHONY: demo test test-slow check format artwork clip-art schematic starter clean

demo: $(BASE)/ready
	$(BASE)/bin/viennatag predict examples/sample-mark.png

test: $(FULL)/ready
	$(FULL)/bin/python -m pytest -n 2

test-slow: $(FULL)/ready
	$(FULL)/bin/python -m pytest -n 2 -m "slow or not slow"

check: $(FULL)/ready
	$(FULL)/bin/ruff check .
	$(FULL)/bin/ruff format --check .
	$(FULL)/bin/mypy

format: $(FULL)/ready
	$(FULL)/bin/ruff check --fix .
	$(FULL)/bin/ruff format .

artwork: ## the icon packs and fonts that marks are rendered from; needs npm
	cd artwork && npm install

clip-art: $(FULL)/ready ## drawings in the public domain, of a Debian package: needs apt-get and dpkg
	mkdir -p work/openclipart
	cd work/openclipart && apt-get download openclipart-svg && dpkg -x openclipart-svg_*.deb .
	$(FULL)/bin/python benchmarks/clip_art.py work/openclipart/usr/share/openclipart/svg -o artwork/clip-art/openclipart

schematic: $(FULL)/ready ## drawings by rule of what logos show
	$(FULL)/bin/python benchmarks/schematic_pack.py -o artwork/schematic/schematic

starter: $(FULL)/ready artwork clip-art schematic ## trains the bundle inside the package anew; see docs/starter.md
	$(FULL)/bin/python benchmarks/starter.py
	$(FULL)/bin/python benchmarks/starter.py --start starter --work work/starter-5 --seed 40 --epochs 9
	$(FULL)/bin/python benchmarks/starter.py --start starter --work work/starter-5 --seed 40 --epochs 2 \
		--taught-size 160 --learning-rate 4e-4
	$(FULL)/bin/python benchmarks/starter.py --start starter --work work/starter-7 --seed 50 --epochs 8 \
		--taught-size 160 --learning-rate 1e-3
	$(FULL)/bin/python benchmarks/starter.py --start starter --work work/starter-8 --seed 60 --epochs 6 --size 192 \
		--taught-size 192 --start-size 144 --learning-rate 1e-3 --keep-head
	$(FULL)/bin/python benchmarks/starter.py --start starter --work work/starter-9 --seed 70 --epochs 4 --size 192 \
		--taught-size 192 --start-size 144 --learning-rate 1e-3 --keep-head
	cp -r src/viennatag/bundles/starter work/starter-9/bundle
	$(FULL)/bin/python benchmarks/starter.py --start starter --work work/starter-10 --seed 80 --epochs 2 --size 192 \
		--taught-size 192 --start-size 144 --learning-rate 1e-3 --keep-head
	$(FULL)/bin/python benchmarks/starter.py --start starter --work work/starter-11 --seed 90 --epochs 3 --size 192 \
		--taught-size 192 --start-size 144 --learning-rate 1e-3 --keep-head
	$(FULL)/bin/python benchmarks/starter_mean.py work/starter-9/bundle starter --work work/starter-11
	cp -r src/viennatag/bundles/starter work/starter-11/bundle
	$(FULL)/bin/python benchmarks/starter.py --start starter --work work/starter-12 --seed 100 --epochs 3 --size 192 \
		--taught-size 192 --start-size 144 --learning-rate 1e-3 --keep-head
	$(FULL)/bin/python benchmarks/starter_mean.py work/starter-11/bundle starter --share 0.3333 --work work/starter-12
	$(FULL)/bin/python benchmarks/starter.py --start starter --work work/starter-13 --seed 110 --epochs 4 --size 192 \
		--taught-size 192 --start-size 144 --learning-rate 1e-3 --keep-head --uniform 30000 --register 16000

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

clean:
	rm -rf $(BASE) $(FULL) build dist
