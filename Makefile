# The front door: `make help` lists what is here. Each target does the set-up it needs, once.
.DEFAULT_GOAL := help
.PHONY: help setup demo up test check scripted vms projects faults bench bundle generate format clean

run := scripts/run.sh

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## Only do the set-up, which the others do by themselves
	@scripts/setup.sh

demo: setup ## Watch builds and a vetting run go through a real queue (CHAOS=1: and survive a kill -9)
	@$(run) node test/demo/main.ts

up: setup ## Keep a server and one build agent running, until Ctrl-C
	@$(run) node scripts/up.ts

test: setup ## Run the tests (ONLY=packages/pipeline: those in a folder or file)
	@$(run) scripts/test.sh

check: setup ## Contract, generated code, types, lint, format, unused code (BREAKING_AGAINST=REF)
	@$(run) scripts/check.sh

scripted: setup ## Run the longer tests of test/faults: each trouble by its script, and the model of the leases
	@ONLY=test/faults $(run) scripts/test.sh

vms: setup bundle ## Boot virtual machines from the image that image/build.sh makes (root, QEMU; minutes)
	@$(run) image/build.sh dist/image
	@ONLY=test/vms $(run) scripts/test.sh

projects: setup ## Build and test real projects from the npm registry by the pipelines of test/e2e/projects
	@ONLY=test/projects $(run) scripts/test.sh

faults: setup ## Kill, freeze and cut everything at random and check every promise (SEEDS=20, SEED=7, MUTANTS=1)
	@$(run) node test/faults/main.ts

bench: setup ## Measure it on this machine
	@$(run) node test/bench/main.ts

bundle: setup ## Make one file of each program, in dist/
	@$(run) node scripts/bundle.ts

generate: setup ## Write what is generated: code from proto/, and docs/reference
	@$(run) scripts/generate.sh

format: setup ## Format the code
	@$(run) oxfmt .

clean: ## Remove all that these targets made in this folder
	rm -rf .tools .demo .cache dist node_modules packages/*/node_modules apps/*/node_modules test/node_modules
