# quorumbeat's commands. Needs Go, make, git; gcc for the race detector, and Node.js
# with npm for sdk/node (make test, make lint).

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS   = -s -w -X main.version=$(VERSION) -X main.revision=$(REVISION)
E2E       = ./cmd/quorumbeat/e2e
FUZZTIME ?= 10s
SOAKTIME ?= 10m
SOAKTESTS = PowerCuts|AllNodesDie|LostWhileAJobFlaps|AnUnheard|SoakFaults|KillsUnderLoad|AStoppedLeader|QuorumLost|Linearizable|ABadNetwork|Partitions

BENCH    ?= quick

# Packages that have tests; and those of them, but for fsm and the end-to-end tests, in which code or
# tests start goroutines, timers or servers: the race detector has something to find in
# these only, for a lock that one goroutine takes hides no race.
TESTED      = $(shell go list -f '{{if or .TestGoFiles .XTestGoFiles}}.{{slice .Dir (len .Module.Dir)}}{{end}}' ./...)
CONCURRENT  = '^[[:space:]]+go ([[:alnum:]_.]+\(|func)|\.Go\(|"testing/synctest"|httptest|AfterFunc\(|\.Listen|\.Serve\('
RACING      = $(shell grep -lE $(CONCURRENT) $(addsuffix /*.go,$(filter-out %/e2e ./fsm ./fsm/%,$(TESTED))) | xargs -n 1 dirname | sort -u)

# What npm ci writes last.
NODE_MODULES = sdk/node/node_modules/.package-lock.json
AXE_MODULES  = testdata/axe/node_modules/.package-lock.json
HOOK_MODULES = testdata/webhooks/node_modules/.package-lock.json

.PHONY: build run test test-node test-go test-pure test-race test-e2e lint bench bench-full soak fuzz-short clean

# All but the race detector compiles alike, so that each package is compiled once: a machine without what Go keeps of
# earlier builds takes minutes for each way.
export CGO_ENABLED = 0
export GOFLAGS += -trimpath

build: ## one static binary, bin/quorumbeat
	go build -ldflags '$(LDFLAGS)' -o bin/quorumbeat ./cmd/quorumbeat

run: build ## three nodes in one process, to try it out
	bin/quorumbeat dev

.NOTPARALLEL:

# One part after the other: each keeps two cores busy by itself. Side by side they starved each other, and tests gave up
# what they waited for.
test: $(NODE_MODULES) $(AXE_MODULES) $(HOOK_MODULES) test-e2e test-race test-pure test-node ## every test

test-node: $(NODE_MODULES) ## those of sdk/node
	cd sdk/node && npm test

test-go: test-pure test-race test-e2e ## those of Go; those of the npm package are skipped unless npm ci was run

# make lint vets, so that the tests need not.
test-pure: ## those of one goroutine, fsm's above all: without the race detector
	@go test -vet=off -count 1 -timeout 10m $(filter-out %/e2e $(RACING),$(TESTED))

# A process with the race detector sleeps for a second before it ends, unless told otherwise.
test-race test-e2e: export GORACE = atexit_sleep_ms=20
test-race: export CGO_ENABLED = 1
# Tests make much garbage and hold little: to collect it took half of the time of the simulations.
test-race test-pure test-e2e: export GOGC = 400
# Debuggers alone need what this leaves out of a test's binary: a fifth of the time to link it.
test-race test-pure: export GOFLAGS += -ldflags=-w

# Three packages and four tests of each at a time, as the long ones mostly wait. Of fsm, only tests with one of these
# words in their name start goroutines: scripts/lint holds them to that.
test-race: ## those of goroutines, under the race detector, the longest first
	@go test -race -vet=off -count 1 -timeout 15m -p 3 -parallel 4 ./cluster ./api ./alerting ./cmd/quorumbeat $(RACING)
	@go test -race -vet=off -count 1 -timeout 10m -run 'Beside|While' ./fsm/store

test-e2e: ## the end-to-end tests: nodes that are loaded or broken under the race detector
	QUORUMBEAT_TEST_RACE=1 go test -vet=off -count 1 -timeout 15m $(E2E)

$(NODE_MODULES): sdk/node/package.json sdk/node/package-lock.json
	@for tool in node npm; do command -v $$tool >/dev/null || { \
		echo "sdk/node needs Node.js 18 or newer with npm, and $$tool is not found: install them (make test-go does without)" >&2; exit 1; }; done
	cd sdk/node && npm ci
	@touch $@

$(AXE_MODULES): testdata/axe/package.json testdata/axe/package-lock.json
	cd testdata/axe && npm ci
	@touch $@

$(HOOK_MODULES): testdata/webhooks/package.json testdata/webhooks/package-lock.json
	cd testdata/webhooks && npm ci
	@touch $@

lint: $(NODE_MODULES) ## format, vet, staticcheck, modules, the types of sdk/node, and the rules of scripts/lint
	@unformatted=$$(go tool gofumpt -l .); test -z "$$unformatted" || { echo "not gofumpt'ed:" $$unformatted; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go mod verify
	go mod tidy -diff
	cd sdk/node && npm run check
	go run ./scripts/lint

bench: build ## figures of the design, section 8, in a few minutes; BENCH=kill,growth or the like takes others
	go run ./scripts/bench -binary bin/quorumbeat -only $(BENCH)

bench-full: build ## all figures of docs/performance.md: half an hour, 8 GiB of memory and of disk
	go run ./scripts/bench -binary bin/quorumbeat -only all

soak: ## the figures of docs/reliability.md: long runs of the fault tests, some hours
	QUORUMBEAT_SIM_SEEDS=10000 go test -count 1 -timeout 2h -v -run Simulation ./fsm/store
	QUORUMBEAT_SOAK_RACE=1 CGO_ENABLED=1 go test -race -count 1 -timeout 1h ./fsm/...
	QUORUMBEAT_SOAK_FLIPS=500 go test -count 1 -timeout 1h -v -run 'TestSalvage$$' ./cluster/salvage
	QUORUMBEAT_SOAK_CRASHES=100 go test -count 1 -timeout 1h -v -run JournalCrashes ./cluster/raftlog/journal
	QUORUMBEAT_SOAK_CONNECTIONS=18500 go test -count 1 -timeout 1h -v -run ConnectionsHoldLittle $(E2E)
	QUORUMBEAT_SOAK_CHANNELS=10000 go test -p 1 -count 1 -timeout 1h -v -run TestAStormIntoChannels ./alerting $(E2E)
	QUORUMBEAT_SOAK_BORGMATIC=1 go test -count 1 -v -run TestTheRealBorgmatic ./api
	QUORUMBEAT_SOAK_MAIL=1 go test -count 1 -timeout 1h -v -run TestRealMailServers ./alerting/smtp
	QUORUMBEAT_TEST_RACE=all CGO_ENABLED=1 go test -vet=off -count 1 -timeout 1h $(E2E)
	QUORUMBEAT_SOAK_FLOOD=5m go test -count 1 -timeout 1h -v -run AFloodOfOneTokensBodies $(E2E)
	QUORUMBEAT_SOAK_STEPS=30 go test -count 1 -timeout 24h -parallel 9 -v -run 'AtEachStepOfADelivery|AtEachStepOfAWebhook' $(E2E)
	QUORUMBEAT_SOAK=$(SOAKTIME) QUORUMBEAT_SOAK_KILLS=520 QUORUMBEAT_SOAK_STEPS=1 QUORUMBEAT_SOAK_STOPS=1 \
		QUORUMBEAT_SOAK_OUTAGE=10m QUORUMBEAT_SOAK_JOBS=10000 QUORUMBEAT_SOAK_LINEAR=40 QUORUMBEAT_SOAK_NETWORKS=3 QUORUMBEAT_SOAK_POWERCUTS=24 QUORUMBEAT_SOAK_BLACKOUTS=50 \
		go test -count 1 -timeout 24h -parallel 1 -v -run '$(SOAKTESTS)' $(E2E)

# Go would take a minute to make each input shorter that is new, and try no others meanwhile.
fuzz-short: ## every fuzz target for FUZZTIME
	@for pkg in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg || exit 1; \
		done; \
	done

clean:
	rm -rf bin testdata/axe/node_modules sdk/node/build sdk/node/dist sdk/node/node_modules
