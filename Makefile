# The front door. `make help` says what there is; Meson does the building, in build*/.
SHELL := /bin/bash
MESON ?= meson

.PHONY: all build demo check asan tsan fuzz soak lint accuracy docs contract gitea bench install clean help deps deps-check deps-bench deps-contract deps-static sluice-run
.DEFAULT_GOAL := build
all: build

## build: the program, as build/sluice (installs what is missing)
build: deps
	@tools/build build

## sluice-run: the runner's half as one static file, build/sluice-run-linux-x86_64 and -aarch64
sluice-run: deps deps-static
	@tools/static

## demo: a server and two failing builds; prints what a bot would get
demo: build
	@tools/demo

## check: everything that must hold before a commit: two compilers, lint, all suites, the contract, sanitizers, fuzz corpora
check: deps-check deps-contract
	@tools/deps static || echo "sluice-run is checked on this processor alone"
	@tools/check

## lint: both compilers with warnings as errors, format, layers, headers alone, SQL, documents against tables
lint: deps-check
	@tools/check gcc clang lint

## asan: all suites under AddressSanitizer and UndefinedBehaviorSanitizer, fuzz corpora too
asan: deps-check
	@tools/check asan

## tsan: the threaded suites under ThreadSanitizer
tsan: deps-check
	@tools/check tsan

## fuzz: each fuzz target for a minute (SECONDS_EACH=N)
fuzz: deps-check
	@tools/fuzz

## gitea: the loop against a real Gitea and its runner, built from their Go modules (needs Go, and minutes the first time; STORY=word for some)
gitea: build
	@tools/gitea $(STORY)

## soak: the long version of the crash tests: 200 kills instead of 20
soak: deps-check
	@tools/build build && SLUICE_SOAK=1 tools/runtests --suite e2e build

## bench: figures beside their rivals in the same run
bench: deps-bench
	@bench/run

## contract: api/openapi.yaml against the results API's contract, clients made from it, and the server as an outsider measures it (schemathesis; `make check` does it too, always with the same data)
contract: deps-contract
	@tools/build build && tools/contract_tables && tools/contract_clients && tools/contract

## accuracy: how well `sluice explain` does on the shared corpus and our own failures, beside its rivals
accuracy: build
	@tools/accuracy

## docs: write the settings into the example file and the manual again
docs: build
	@tools/docs

## install: program, sluice-run if it was built, manuals, systemd unit (DESTDIR is honoured)
install: build
	@$(MESON) install -C build --no-rebuild --quiet

## clean: remove what was built
clean:
	@rm -rf build build-*

## help: this list
help:
	@sed -n 's/^## //p' Makefile

deps:
	@tools/deps build
deps-check:
	@tools/deps build check
deps-bench:
	@tools/deps build bench
deps-contract:
	@tools/deps build contract
deps-static:
	@tools/deps build static
