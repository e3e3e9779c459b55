# One command per need; `make` or `make help` lists them.

SHELL := /bin/bash
FUZZTIME ?= 20s
CHECKS ?= 20000
# Of SQLite, translated from C, the race detector is spared what is inside: it made
# two thirds of the tests' time and finds nothing of ours there.
NORACE := -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc=-race=false

.DEFAULT_GOAL := help
.PHONY: help demo test bench fuzz soak vuln check fmt generate

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## a whole program on this machine, with mail servers and a database of its own
	go run ./cmd/leadmail demo

test: ## everything: race detector, SQLite, a private PostgreSQL, Dovecot and Postfix; fails, never skips
	cc=$$(.ci/cc) && CC="$$cc" CGO_ENABLED=1 LEADMAIL_TEST_REQUIRE=postgres \
		.ci/postgres go test -race $(NORACE) -shuffle=on -timeout=15m ./...
	.ci/postgres .ci/servers go test -C test -shuffle=on -parallel=8 -timeout=10m ./...

bench: ## benchmarks, on SQLite; the whole way with a private Dovecot
	go test -run='^$$' -bench=. -benchmem ./...
	.ci/servers go test -C test -run='^$$' -bench=. -benchtime=50x .

fuzz: ## each fuzz target for FUZZTIME (20s)
	.ci/fuzz $(FUZZTIME)

soak: ## the properties with CHECKS (20000) random cases each; 300 random kills, 30 at each named point
	.ci/postgres .ci/properties $(CHECKS)
	LEADMAIL_TEST_KILLS=300 LEADMAIL_TEST_POINTS=30 .ci/postgres .ci/servers go test -C test -run='^TestKills$$' -v -timeout=2h .

vuln: ## known vulnerabilities in what the binary reaches; asks Go's vulnerability database
	"$$(.ci/tool govulncheck)" ./...

check: ## static: gofmt, vet, staticcheck, gosec, go.mod tidy, generated files fresh
	.ci/check

fmt: ## gofmt on everything
	gofmt -w $$(git ls-files -co --exclude-standard '*.go')

generate: ## what go:generate makes
	go generate ./...
