# make table4 [CORES=2] [TORCH=cpu]   install into .venv (once), run the workflow, print the table, write the page
# make nightly [CORES=2]              seeds, and planted errors that the goldens have to notice
# make test                           the fast tests;  make lock: resolve again
# make fuzz [SECONDS=300]             damaged files for every reader, SECONDS each
# make lint                           formatters, linters, types (mypy) and the order of imports (import-linter)
# make golden [CORES=2]               every table, compared with tests/golden; make tables: without comparing
# make table4 QUICK=1                 short trainings, into results/quick; make tables QUICK=1
# make report [CORES=2]               every table, and Snakemake's own report: results/report.html
# make seeds [CORES=2]                Table 4 over three seeds: which order of systems is stable
# make sensitivity [CORES=2]          what other readings of the paper are worth: results/sensitivity.csv (docs/sensitivity.md)
# make gpu-check [MINUTES=8]          what a GPU does with the suite, without data: equal, fast, in memory (docs/gpu.md)
# make fault [KILLS=50]               kills, full disks, changed artifacts, hostile inputs;  make vulnerabilities: of the locked versions
# make slurm                          the executor of profiles/slurm, into .venv
# make tuning, make docs, make site   learning rates and lengths on validation, docs/fidelity.md from the docstrings, docs/ as a site
comma := ,
CORES ?= 1
MINUTES ?= 8
KILLS ?= 50
SECONDS ?= 0
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LINT := .venv-lint
SITE := .venv-site
SHORT := $(filter-out 0,$(QUICK))
RESULTS := results$(if $(SHORT),/quick)
OVERLAYS := $(if $(SHORT),config/quick.yaml)
CONFIGURED = $(if $(strip $(1)),--configfile $(strip $(1)) )
TABLES := $(foreach k,1 2 3 4 5 6 7 8 9 10 11,table$(k))
# The first Python for which every package has a wheel, else any that is new enough (3.14 compiles one small package).
SUITS = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= ($(1)))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c '$(call SUITS,3$(comma) 13)' 2>/dev/null && echo "$$p" && exit; done; \
	for p in python3 python3.14; do "$$p" -c '$(call SUITS,3$(comma) 99)' 2>/dev/null && echo "$$p" && exit; done; echo python3)
PIP = "$(1)/bin/python" -m pip --disable-pip-version-check --no-input install
# Wheels without CUDA have other hashes and live on PyTorch's own index: everything else still comes from a lock.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

.PHONY: help install test nightly lint lock $(TABLES) tables report seeds sensitivity golden pretrain tuning docs site slurm gpu-check \
	fault fuzz vulnerabilities
.DELETE_ON_ERROR:

# Refused here: a recipe's error would come after all tables have been made.
ifneq ($(and $(SHORT),$(filter golden,$(MAKECMDGOALS))),)
$(error tests/golden has the full demo; leave out QUICK)
endif

help:
	@sed -n '1,14p' Makefile

install: $(READY)

$(READY): requirements.lock requirements-cpu.lock pyproject.toml
	@"$(PYTHON)" -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"error: Python 3.11 or newer is needed, {sys.executable} is {v[0]}.{v[1]}; name one: make PYTHON=python3.12 ...")'
	"$(PYTHON)" -m venv "$(VENV)"
ifeq ($(TORCH),cpu)
	$(call PIP,$(VENV)) --require-hashes --no-deps -r requirements-cpu.lock
	$(call PIP,$(VENV)) --no-deps --index-url "$(TORCH_INDEX)" $(shell grep -hoE '^torch(vision)?==[0-9.]+' requirements.lock)
else
	$(call PIP,$(VENV)) --require-hashes --no-deps -r requirements.lock
endif
	$(call PIP,$(VENV)) --no-deps --no-build-isolation -e .
	@"$(BIN)/python" -m pip check
	@touch "$@"

gpu-check: $(READY)
	"$(BIN)/glalign" gpu-check --minutes $(MINUTES) --json results/gpu_check.json

slurm: $(READY) requirements-slurm.lock
	$(call PIP,$(VENV)) --require-hashes --no-deps -r requirements-slurm.lock
	@"$(BIN)/python" -m pip check

$(TABLES): $(READY)
	"$(BIN)/snakemake" --cores $(CORES) $(call CONFIGURED,$(OVERLAYS))-- $(RESULTS)/$@.tex
	@"$(BIN)/glalign" table $(@:table%=%) --results $(RESULTS)
	@echo "files: $(RESULTS)/$@.csv $(RESULTS)/$@.tex"
	@"$(BIN)/glalign" page$(foreach overlay,$(OVERLAYS), --config $(overlay))

tables: $(READY)
	"$(BIN)/snakemake" --cores $(CORES) $(call CONFIGURED,$(OVERLAYS))

seeds: $(READY)
	"$(BIN)/snakemake" --cores $(CORES) $(call CONFIGURED,$(OVERLAYS) config/seeds.yaml)-- $(RESULTS)/order4.csv
	@"$(BIN)/glalign" table $(RESULTS)/order4.csv

sensitivity: $(READY)
	"$(BIN)/snakemake" --cores $(CORES) $(call CONFIGURED,$(OVERLAYS) config/sensitivity.yaml)-- $(RESULTS)/sensitivity.csv
	@"$(BIN)/glalign" table $(RESULTS)/sensitivity.csv

# Snakemake's own report: tables, the page, the rules and their times.
report: tables
	"$(BIN)/snakemake" $(call CONFIGURED,$(OVERLAYS))--report $(RESULTS)/report.html

golden: tables
	"$(BIN)/glalign" compare results tests/golden --tolerance 3

pretrain: $(READY)
	"$(BIN)/snakemake" --cores $(CORES) pretrain

tuning: $(READY)
	"$(BIN)/snakemake" --cores $(CORES) -- results/tuning.md
	cp results/tuning.md docs/tuning.md

docs: $(READY)
	"$(BIN)/glalign" fidelity > docs/.fidelity.part && mv docs/.fidelity.part docs/fidelity.md
	"$(BIN)/python" -m glalign.cli.quoted_output README.md docs/results.md

test: $(READY)
	"$(BIN)/python" -m pytest -m "not slow and not nightly and not fault and not fuzz" --numprocesses logical --maxprocesses 4 --dist loadfile

fuzz: $(READY)
	FUZZ_SECONDS=$(SECONDS) "$(BIN)/python" -m pytest tests/fuzz -rfEP --numprocesses 4

# Errors planted in copies of the suite have to be noticed; the order of systems over three seeds.
nightly: $(READY) seeds
	"$(BIN)/python" -m pytest -m nightly

$(LINT)/.ready $(SITE)/.ready: .venv-%/.ready: requirements-%.lock
	"$(PYTHON)" -m venv "$(@D)"
	$(call PIP,$(@D)) --require-hashes --no-deps -r "$<"
	@touch "$@"

lint: $(READY) $(LINT)/.ready
	"$(LINT)/bin/ruff" check .
	"$(LINT)/bin/ruff" format --check .
	"$(LINT)/bin/snakefmt" --check Snakefile workflow
	"$(LINT)/bin/mypy" --python-executable "$(BIN)/python"
	"$(LINT)/bin/lint-imports" --no-cache --no-logo
	"$(BIN)/snakemake" --lint

# Needs a network: known vulnerabilities of the locked versions. --strict: a version that is not looked up is an error.
vulnerabilities: $(LINT)/.ready
	"$(LINT)/bin/pip-audit" --strict --require-hashes --disable-pip --progress-spinner off -r requirements.lock

# Faults on purpose: kills, full disks, changed artifacts, hostile inputs (docs/guarantees.md).
fault: $(READY)
	"$(BIN)/python" -m pytest -m fault --kills $(KILLS)

# A link or a reference that leads nowhere is an error.
site: $(SITE)/.ready
	NO_MKDOCS_2_WARNING=1 "$(SITE)/bin/mkdocs" build --strict

# Needs uv on the PATH. Hashes are those of the files on PyPI, for Linux and macOS and every Python from 3.11 on.
RESOLVE = uv pip compile --quiet --no-config --universal --generate-hashes --python-version 3.11 --no-annotate --no-header
lock:
	$(RESOLVE) -o requirements.lock requirements.in
	$(RESOLVE) -o requirements-cpu.lock requirements.in \
		$$(grep -oE '^(torch|torchvision|triton|(nvidia|cuda)-[a-z0-9-]+)=' requirements.lock | sed 's/^/--no-emit-package /; s/=//')
	$(RESOLVE) -o requirements-lint.lock requirements-lint.in
	$(RESOLVE) -o requirements-site.lock requirements-site.in
	$(RESOLVE) -o requirements-slurm.lock -c requirements.lock requirements-slurm.in \
		$$(grep -oE '^[a-z0-9._-]+=' requirements.lock | sort -u | sed 's/^/--no-emit-package /; s/=//')
