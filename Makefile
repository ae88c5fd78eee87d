# Passenger: `make demo` to see it work, `make test` to see it proved. Everything here needs git, make and Python >= 3.11.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-deps
# Python's own pip puts uv and pip into .venv: to make one there first (ensurepip) takes it four seconds.
OUTER_PIP := $(PYTHON) -m pip --disable-pip-version-check --quiet --python $(BIN)/python install --no-deps
# uv installs in a second what takes an old pip twenty; where it cannot (an index that pip.conf alone knows), pip does.
FAST = UV_SYSTEM_CERTS=1 $(BIN)/uv pip install $(BYTECODE) --quiet --no-deps --python $(BIN)/python
# All of it is pinned, so nothing is resolved: pip would look at newer ones of what is asked for with an extra, and stop.
installed = $(FAST) $(1) || { echo "uv cannot do it, pip tries"; $(PIP) $(1); }
locked = $(call installed,--require-hashes $(1))
LINK := $(HOME)/.local/bin/passenger
RUN := .venv/.installed
DEV := .venv/.installed-dev
FUZZ := .venv/.installed-fuzz
AUDIT := .venv/.installed-audit
# Else a module shows its syntax warnings when it is first imported, and the tests take warnings for errors.
$(DEV) $(FUZZ) $(AUDIT): BYTECODE := --compile-bytecode
NODE := tests/contract/node/node_modules/.installed
# Many tests wait: with two workers, two processors were idle for a quarter of the time.
WORKERS ?= 3
FAST_TESTS := $(addprefix tests/,account chat config dialects gateway jsontext observe services)
RUNS ?= 0
AGAINST ?=
PORT ?=
JOBS ?=
TARGETS ?=
ONLY ?=
WRITE ?=
WALK ?=
UV ?= $(BIN)/uv
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-emit-find-links --no-header --no-annotate

.PHONY: help demo install uninstall test test-fast compat check faults chromium coverage format lint types names bench bench-ledger bench-peers first-minute walk soak stress fuzz mutate clients audit sbom lock clean

help:  ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(RUN)  ## run the proxy on the embedded simulator: no account, no network; PORT=9000 listens there
	@trap : INT; $(BIN)/passenger demo $(if $(PORT),--port $(PORT)) || [ $$? = 130 ]

install: $(RUN)  ## make .venv, and link its command as ~/.local/bin/passenger
	@sh packaging/link.sh add "$(CURDIR)/$(BIN)/passenger" "$(LINK)"

uninstall:  ## remove the link, if it is this clone's, and .venv; logins and settings stay
	@sh packaging/link.sh remove "$(CURDIR)/$(BIN)/passenger" "$(LINK)"
	rm -rf .venv

test: $(DEV) $(NODE) chromium  ## run the tests: some minutes; fetches Node for those of the official libraries
	$(BIN)/python -m tests.reached -m pytest -n $(WORKERS) --dist loadfile --costs 10

test-fast: $(DEV)  ## only the tests that start no process: what is pure, in half a minute
	@HYPOTHESIS_PROFILE=fast $(BIN)/python -m tests.took -m pytest -q -n 2 --dist loadfile $(FAST_TESTS)

compat: $(DEV) $(NODE) chromium  ## the tests with the newest dependencies, in an environment apart; PYTHON=python3.14 on that one
	$(BIN)/uv venv --quiet --clear --seed --python $(PYTHON) .cache/compat
	UV_SYSTEM_CERTS=1 $(BIN)/uv pip install --quiet --upgrade --compile-bytecode --python .cache/compat/bin/python --editable . --group dev
	.cache/compat/bin/python -m tests.took -m pytest -n $(WORKERS) --dist loadfile

check: format lint types test coverage  ## the whole truth: format, lint, types, tests, coverage

faults: $(DEV) chromium  ## only the tests that prove a promise, a threat or a fault, and what became of each
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m proves --proofs --hypothesis-seed 0

coverage:  ## what the last tests have run, and fail below the bar
	$(BIN)/coverage report

chromium:  ## see that there is a Chromium for the tests of the page; installs Debian's where it can
	@for name in chromium chromium-browser google-chrome chrome; do ! command -v $$name >/dev/null || exit 0; done; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null

format: $(DEV)  ## fail if a file is not formatted
	$(BIN)/ruff format --check .

lint: $(DEV)  ## fail on a lint
	$(BIN)/ruff check .

types: $(DEV)  ## fail on a type error
	$(BIN)/mypy

names: $(DEV)  ## public names of the source that mean two things; fail if there is one
	$(BIN)/python -m tests.names

bench: $(DEV)  ## CPU and memory of the server beside nginx and PASSENGER_RS=PATH; JOBS="whole,paced" alone; AGAINST=REV compares
	$(BIN)/python -m benchmarks $(if $(AGAINST),--against $(AGAINST)) $(if $(JOBS),--jobs "$(JOBS)")

bench-peers: $(DEV)  ## the same beside LiteLLM and copilot-api, ONLY="copilot-api (Bun)" some; installs 1 GB, some 25 minutes
	$(BIN)/python -m benchmarks --peers $(if $(ONLY),--only "$(ONLY)") $(if $(JOBS),--jobs "$(JOBS)")

walk: $(DEV)  ## how far a request walks through the code: calls, files, objects; WALK=--all lists them
	@$(BIN)/python -m benchmarks.walk $(WALK)

bench-ledger: $(DEV)  ## CPU of the ledger for each request, on its path and in the thread that writes, and its size on disk
	@$(BIN)/python -m benchmarks.ledger

first-minute: $(DEV)  ## measure each step from a clone to the first word in the real Claude Code, on the demo
	$(BIN)/python -m benchmarks.first_minute

soak: $(DEV)  ## everything at once for MINUTES (20): dialects, faults, hang-ups, dying tokens
	$(BIN)/python -m stress soak --minutes $(or $(MINUTES),20)

stress: $(DEV)  ## the other drivers of docs/stress.md, one after the other: some twenty minutes
	for name in stampede cancel stale slow-reader slowloris turns sockets; do $(BIN)/python -m stress $$name || exit 1; done

fuzz: $(FUZZ)  ## fuzz what reads other people's bytes: MINUTES for each target, TARGETS="framing ...", RUNS
	$(BIN)/python -m fuzz $(TARGETS) --minutes $(or $(MINUTES),1) --runs $(RUNS)

mutate: $(FUZZ)  ## break the token module in every small way, and list what no test notices
	$(BIN)/mutmut run
	$(BIN)/mutmut results

clients: $(DEV) $(NODE)  ## let the real programs do a turn each, or ONLY="codex llm"; WRITE=1 into the docs; QUICK=1: two of them; installs 3 GB
	@failed=0; $(if $(QUICK),,$(BIN)/python -m clients $(ONLY) $(if $(WRITE),--write) || failed=1;) \
	$(BIN)/python -m clients.wired $(ONLY) $(if $(QUICK),--quick) $(if $(WRITE),--write) || failed=1; \
	$(if $(ONLY)$(QUICK),,$(BIN)/python -m clients.readme || failed=1;) exit $$failed

audit: $(AUDIT)  ## known advisories about what is installed to run; needs the advisory service
	@said=$$($(BIN)/pip-audit --disable-pip --require-hashes --requirement requirements/run.txt 2>&1); echo "$$said"; \
	case "$$said" in *"No known vulnerabilities"*) ;; *"Found "*"vulnerabilit"*) exit 1 ;; \
	*) echo "the advisory service cannot be reached: nothing was audited" ;; esac

sbom: $(AUDIT)  ## what is installed to run, as CycloneDX: dist/passenger.cdx.json
	@mkdir -p dist
	$(BIN)/cyclonedx-py requirements requirements/run.txt --output-format JSON --output-file dist/passenger.cdx.json

lock: $(RUN)  ## pin every requirement anew, by hash, without naming a host, none younger than a week
	$(COMPILE) pyproject.toml -o requirements/run.txt
	printf 'hatchling>=1.27\neditables\n' | $(COMPILE) - -o requirements/build.txt
	$(COMPILE) pyproject.toml --group dev -c requirements/run.txt -c requirements/build.txt -o requirements/dev.txt
	printf 'pip\nuv\n' | $(COMPILE) - -c requirements/dev.txt -o requirements/install.txt
	$(COMPILE) --group fuzz -c requirements/dev.txt -o requirements/fuzz.txt
	$(COMPILE) --group audit -c requirements/dev.txt -o requirements/audit.txt

clean:  ## remove what the targets above made
	rm -rf .venv .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis mutants tests/contract/node/node_modules .cache/bench-peers .cache/bench-against .cache/reached

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Passenger needs Python 3.11 or newer; say make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv --without-pip .venv

$(RUN): .venv/bin/python requirements/install.txt requirements/run.txt requirements/build.txt pyproject.toml
	@echo "installing into .venv, by hash: some seconds, and 60 MB the first time"
	@$(OUTER_PIP) --require-hashes -r requirements/install.txt 2>/dev/null || { $(BIN)/python -m ensurepip >/dev/null && \
	  $(PIP) --require-hashes -r requirements/install.txt; } || echo "there is no uv for this machine"
	@$(call locked,-r requirements/run.txt -r requirements/build.txt)
	@$(call installed,--no-build-isolation --editable .)
	@touch $@

$(DEV): $(RUN) requirements/dev.txt
	$(call locked,-r requirements/dev.txt)
	@touch $@

$(FUZZ): $(DEV) requirements/fuzz.txt
	$(call locked,-r requirements/fuzz.txt)
	@touch $@

$(NODE): $(DEV) tests/contract/node/package-lock.json
	cd tests/contract/node && PATH="$(abspath $(BIN)):$$PATH" npm ci --loglevel=error --ignore-scripts --no-audit --no-fund
	@touch $@

$(AUDIT): $(DEV) requirements/audit.txt
	$(call locked,-r requirements/audit.txt)
	@touch $@
