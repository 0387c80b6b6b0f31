# Every target does its own set-up first, so a fresh checkout needs nothing but `make`.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:

RUN := . scripts/env.sh &&
# vitest's reports, for .ci/run to count.
REPORTS := .cache/reports
VITEST := vitest run --reporter=default --reporter=json

.PHONY: help
help: ## Show this
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: setup
setup: ## Install what is missing: Node 24, npm packages, system packages (as root); FOR=run, what the sandbox needs
	@scripts/setup.sh $(or $(FOR),all)

.PHONY: check
check: types lint unit ## Type checks, lint and unit tests: seconds

.PHONY: test
test: check whole ## Everything, the whole-agent tests in the sandbox included: minutes

.PHONY: build
build: ## Bundle the agent and its command line into agent/dist, which starts faster and in less memory
	@scripts/setup.sh check
	@$(RUN) node scripts/build.ts

.PHONY: image
image: ## Build the agent's image and the list of what is in it (IMAGE=name, ENGINE=docker or podman, BASE_IMAGE=name)
	@scripts/setup.sh image
	@$(RUN) node scripts/image.ts

.PHONY: audit
audit: ## Ask the npm registry whether anything is known against the packages that run (MUST=answer fails without one)
	@scripts/setup.sh check
	@npm audit --omit=dev --json 2>/dev/null | { $(RUN) node scripts/audit.ts $(MUST); }

.PHONY: package
package: ## Make the npm package of the command line in .cache/npm
	@scripts/setup.sh check
	@$(RUN) node scripts/package.ts

.PHONY: demo
demo: ## A small shop under attack in a sandbox cluster (KEEP=1 stays up for exploring)
	@scripts/setup.sh run
	@$(RUN) node scripts/demo.ts

.PHONY: bench
bench: ## CPU, speed and memory beside HAProxy, nginx and http-proxy (ONLY="scenario subject …" narrows it)
	@scripts/setup.sh bench
	@$(RUN) node scripts/build.ts && node bench/main.ts $(ONLY)

.PHONY: bench-memory
bench-memory: ## What an agent holds on a full node of a large cluster: 110 pods, 100,000 endpoints (2 minutes)
	@scripts/setup.sh bench
	@$(RUN) node scripts/build.ts && node bench/memory/main.ts

.PHONY: bench-node
bench-node: ## How soon a full node intercepts new pods and enforces policies, and what it takes while idle (6 minutes)
	@scripts/setup.sh bench
	@$(RUN) node scripts/build.ts && node bench/node/main.ts

LAB_SEEDS ?= fresh
.PHONY: lab
lab: ## Attackers among usual traffic, in virtual time and in a sandbox: what leaks before the alarm, and false alarms (5 minutes)
	@scripts/setup.sh run
	@$(RUN) node policy/testing/lab/main.ts $(LAB_SEEDS)
	@$(RUN) node test/lab/main.ts

.PHONY: bench-inbound
bench-inbound: ## What it costs to see what comes to a pod, beside what it costs to see what it sends (4 minutes)
	@scripts/setup.sh bench
	@$(RUN) node scripts/build.ts && node bench/inbound/main.ts

.PHONY: bench-limits
bench-limits: ## How exactly eight agents keep limits, with a Redis that is killed, stands still and forgets (90 s)
	@scripts/setup.sh bench
	@$(RUN) node bench/limits/main.ts

FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: ## Run every property test for FUZZ_SECONDS (60) each
	@scripts/setup.sh check
	@$(RUN) FUZZ_SECONDS=$(FUZZ_SECONDS) vitest run $$(grep -rlE --include='*.test.ts' "'fast-check'|testing/fuzz" policy/src agent/src)

.PHONY: generate
generate: ## Rewrite the generated files: CRDs, references of settings and commands
	@scripts/setup.sh check
	@$(RUN) for script in scripts/generate*.ts policy/scripts/generate.ts; do node $$script || exit 1; done

.PHONY: clean
clean: ## Remove what builds, tests and benchmarks wrote
	rm -rf .tsbuild .cache coverage agent/dist bench/results/*

.PHONY: types lint unit whole
types:
	@scripts/setup.sh check
	@$(RUN) tsc -b

lint:
	@scripts/setup.sh check
	@$(RUN) biome ci --error-on-warnings $(if $(CI),--colors=off)
	@scripts/lint-shell.sh

unit:
	@scripts/setup.sh check
	@$(RUN) $(VITEST) --outputFile.json=$(REPORTS)/unit.json

whole:
	@scripts/setup.sh test
	@$(RUN) $(VITEST) --config test/vitest.config.ts --outputFile.json=$(REPORTS)/whole.json
