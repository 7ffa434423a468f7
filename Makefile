# The project's commands; `make help` lists them. Everything else is plain cargo.

FUZZ_SECONDS ?= 300
FUZZ_TARGETS ?= $(patsubst fuzz/fuzz_targets/%.rs,%,$(wildcard fuzz/fuzz_targets/*.rs))

export PATH := $(CURDIR)/.cache/cargo-tools/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run demo test check bench fuzz laws soak

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort | while IFS="$$(printf '\t')" read -r name what; do printf '  make %-7s %s\n' "$$name" "$$what"; done

run: ## build and serve on 127.0.0.1:9000
	bash .ci/tools.sh gcc
	cargo run --release --bin archestra -- serve

demo: ## see an attack without policies and with them; no keys, no network
	bash .ci/tools.sh gcc
	cargo run --release --bin archestra -- demo

test: ## install what the tests need, then all tests
	bash .ci/tools.sh gcc python node
	bash tests/sdk/setup.sh
	cargo test --workspace --no-fail-fast

check: ## everything that CI checks
	bash .ci/run

bench: ## latency and throughput beside nginx
	bash .ci/tools.sh gcc nginx
	cargo build --release
	cargo run --release -p bench -- run

fuzz: ## every fuzz target for FUZZ_SECONDS (300) on the nightly toolchain
	bash .ci/tools.sh gcc cargo-fuzz
	@test -n "$(FUZZ_TARGETS)" || { echo "there are no targets in fuzz/fuzz_targets" >&2; exit 1; }
	@for target in $(FUZZ_TARGETS); do \
	  echo "== fuzz $$target for $(FUZZ_SECONDS) s"; \
	  mkdir -p "fuzz/corpus/$$target"; \
	  cargo +nightly fuzz run "$$target" "fuzz/corpus/$$target" fixtures -- -max_total_time=$(FUZZ_SECONDS) || exit 1; \
	done

laws: ## the laws of deciding with 100,000 cases each: about ten minutes
	bash .ci/tools.sh gcc
	PROPTEST_CASES=100000 cargo test --release -p policy --test laws

soak: ## long load: memory and connections must not grow
	bash .ci/tools.sh gcc
	cargo run --release -p bench -- soak
