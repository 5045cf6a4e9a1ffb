# Everything that people and CI run. `make help` lists it.
# The project brings its own Node: the npm package `node`, in node_modules/.bin.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

PORT ?= 8443
METRICS_PORT ?= 9999
DURATION ?= 10m
ARGS ?=

INSTALLED := node_modules/.installed
BUNDLE := dist/pod-identity-webhook.mjs
SOURCES := $(shell find src scripts/bundle -name '*.ts') scripts/build.ts package.json

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | column -t -s "$$(printf '\t')"

# An older Node runs npm itself; that it is older than `engines` says nothing about the project, which brings its own.
$(INSTALLED): package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	tap build
	@touch $@

$(BUNDLE): $(SOURCES) $(INSTALLED)
	node scripts/build.ts

.PHONY: install build certs
install: $(INSTALLED) ## Install the project's packages, its Node among them
build: $(BUNDLE) ## Bundle the webhook into one file, dist/pod-identity-webhook.mjs
certs: $(INSTALLED) ## Make a development CA and serving certificate in certs/
	@node scripts/certs.ts

.PHONY: ecr-credential-provider
ecr-credential-provider: $(BUNDLE) ## Make the kubelet's ECR plugin a program that needs no Node: dist/ecr-credential-provider
	node scripts/single-executable.ts

.PHONY: demo run request
demo: $(BUNDLE) certs ## Serve, post the example pod as the API server would, show what changes
	@node scripts/demo/demo.ts
run: $(BUNDLE) certs ## Serve the examples on https://localhost:8443 until Ctrl-C
	@node scripts/demo/run.ts --port=$(PORT) --metrics-port=$(METRICS_PORT) $(ARGS)
request: $(INSTALLED) ## Send the example pod to what `make run` serves
	@node scripts/demo/request.ts --port=$(PORT)

.PHONY: test test-aws test-cluster test-node node-suite-packages check lint typecheck format reference
test: $(BUNDLE) certs ## Run the tests
	@npm test --silent
test-aws: $(BUNDLE) ## Run clients that are not ours (boto3) against what we serve
	@node test/aws/run.ts
test-cluster: $(BUNDLE) ## Run the tests against a real control plane, built on first use
	@node test/cluster/run.ts
test-node: $(BUNDLE) ## Run the image on a real node (containerd, kubelet): takes root; CONTRIBUTING.md says what else
	@node test/node/run.ts
node-suite-packages: $(INSTALLED) ## Install what test-node misses, on Debian
	@node test/node/install-packages.ts
check: $(INSTALLED) lint typecheck ## Check style, types, rooms, manifests, generated pages, links, workflows and spelling
	node scripts/check-rooms.ts
	node scripts/reference.ts --check
	node scripts/picture.ts --check
	node scripts/annotation-policy.ts --check
	node scripts/check-links.ts
	node scripts/policy.ts --check
	node scripts/check-workflows.ts
	cspell lint --no-progress
lint: $(INSTALLED)
	biome check --error-on-warnings .
typecheck: $(INSTALLED)
	tsc --noEmit
format: $(INSTALLED) ## Format all files and mend what lint can mend
	biome check --write .
reference: $(INSTALLED) ## Write docs/reference from the tables in src
	node scripts/reference.ts

.PHONY: ci-packages
ci-packages: ## Install what some tests need and CI must have, where it is missing (Debian): zsh, fish, chromium
	@missing=$$(for program in zsh fish chromium; do command -v $$program >/dev/null || echo $$program; done); \
	if [[ -n $$missing ]]; then apt-get update -qq && apt-get install -qqy --no-install-recommends $$missing; fi

.PHONY: screenshots
screenshots: $(INSTALLED) ## Write the pictures of pages in docs, as the tests see them
	WRITE_SCREENSHOTS=yes node test/webhook/status/status-page.test.ts
	WRITE_SCREENSHOTS=yes node test/audit/report-html.test.ts

.PHONY: chart policy
policy: $(INSTALLED) ## Write the policies that deploy ships, as the command prints them
	node scripts/policy.ts
chart: $(INSTALLED) ## Write the policy for annotations, and copy into the Helm chart what it shares with kustomize
	node scripts/annotation-policy.ts
	cp deploy/base/annotation-policy.yaml deploy/components/{ecr-pull-secrets/ecr-pull-secrets-policy.yaml,monitoring/dashboard.json,monitoring/prometheus-rule.yaml,verify-credentials/validating-admission-policy.yaml} deploy/chart/files/

.PHONY: cluster-up cluster-down
cluster-up: $(INSTALLED) ## Deploy into the current kube context: make cluster-up IMAGE=… [NAMESPACE= CERTS= COMPONENTS= ARGS= WAIT=no], or MODE=policy
	@node scripts/cluster/cluster-up.ts
cluster-down: $(INSTALLED) ## Remove from the current kube context what cluster-up made
	@node scripts/cluster/cluster-down.ts

.PHONY: image sbom notices
image: $(INSTALLED) ## Build the image with docker: make image IMAGE=… [PLATFORMS=linux/amd64,linux/arm64 PUSH=yes]
	@node scripts/build-image.ts
sbom: $(INSTALLED) ## List the packages that the bundles are made of as CycloneDX: dist/sbom.cdx.json
	node scripts/sbom.ts
notices: $(INSTALLED) ## Write the licences of all that the programs are made of: dist/THIRD-PARTY-NOTICES.txt
	node scripts/notices.ts

.PHONY: bench bench-create bench-start bench-roles-anywhere bench-ecr bench-audit soak
bench: $(BUNDLE) ## Measure throughput, latency and memory beside a bare server
	node bench/throughput/throughput.ts $(ARGS)
bench-create: $(BUNDLE) ## Measure what creating pods through a real API server takes with and without the webhook
	node bench/creation/creation.ts $(ARGS)
bench-start: $(BUNDLE) ## Measure the time and memory from process start to ready
	node bench/start/start.ts $(ARGS)
bench-roles-anywhere: $(BUNDLE) ## Measure credential-process from start to exit beside an empty process
	node bench/short-programs/roles-anywhere-start.ts $(ARGS)
bench-ecr: $(BUNDLE) ## Measure the kubelet's ECR plugin from start to exit beside an empty process
	node bench/short-programs/ecr-start.ts $(ARGS)
bench-audit: $(BUNDLE) ## Measure audit over 20,000 pods and 5,000 ServiceAccounts of a real API server
	node bench/audit/audit.ts $(ARGS)
soak: $(BUNDLE) ## Load, reload certificates every second, watch descriptors and memory: make soak DURATION=10m
	node bench/soak/soak.ts --duration=$(DURATION) $(ARGS)

.PHONY: clean
clean: ## Remove what was built and installed here
	rm -rf node_modules dist .tap certs/*.crt certs/*.key
