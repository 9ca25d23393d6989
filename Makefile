# Two commands are all a newcomer needs: `make demo` and `make test`. Each installs what it needs.

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
SCRATCH ?= .build
RELEASE = $(SWIFT) build -c release --scratch-path $(SCRATCH) --product crenel

.PHONY: demo test test-release lint imports bench install uninstall release clean help setup fuzz

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile

setup:
	@scripts/setup

release: setup ## build the command, optimised
	$(RELEASE)

demo: release ## install what is missing, build, replay the samples and show the alerts
	@scripts/demo "$$($(RELEASE) --show-bin-path)/crenel"

test: ## install what is missing and pass the tests
	@scripts/setup --test
	$(SWIFT) build --build-tests --scratch-path $(SCRATCH)
	$(SWIFT) test --skip-build --scratch-path $(SCRATCH)

test-release: ## the allocation budgets, which hold with optimisation only
	@scripts/setup --test
	$(SWIFT) test -c release -Xswiftc -enable-testing --scratch-path .build-release-tests \
	  --filter 'llocation|warm'

lint: ## the format check
	$(SWIFT) format lint --strict --parallel --recursive Sources Tests Package.swift

imports: ## every import must be declared in Package.swift
	$(SWIFT) build --explicit-target-dependency-import-check error --scratch-path .build-imports

fuzz: ## each fuzz target for SECONDS (default 60)
	@scripts/setup
	scripts/fuzz $${SECONDS_EACH:-60}

bench: release ## the benchmarks of the stages, and the comparison with other tools
	@scripts/setup --bench
	scripts/bench "$$($(RELEASE) --show-bin-path)/crenel"

install: release ## copy the command, rules and samples below PREFIX (default /usr/local)
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/crenel"
	install -m 755 "$$($(RELEASE) --show-bin-path)/crenel" "$(DESTDIR)$(PREFIX)/bin/crenel"
	rm -rf "$(DESTDIR)$(PREFIX)/share/crenel/rules" "$(DESTDIR)$(PREFIX)/share/crenel/samples"
	cp -R rules samples "$(DESTDIR)$(PREFIX)/share/crenel/"

uninstall: ## remove what install copied
	rm -f "$(DESTDIR)$(PREFIX)/bin/crenel"
	rm -rf "$(DESTDIR)$(PREFIX)/share/crenel"

clean: ## remove what was built
	rm -rf .build .build-*
