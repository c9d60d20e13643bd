# Every task. One profile, `release`, so that wasmtime is built once.

TARGET := wasm32-unknown-unknown
CARGO := cargo

.DEFAULT_GOAL := help
.PHONY: help setup build demo test check format lint docs fuzz bench contract components modules

help: ## List the tasks.
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

# rust-toolchain.toml names the toolchain and its parts; where rustup does not install them by itself, this does.
setup:
	@rustup target list --installed 2>/dev/null | grep -qx $(TARGET) || rustup target add $(TARGET)

build: setup ## Build the program with its components.
	$(CARGO) build --release --locked

demo: build ## Do the main job on a simulated tenant.
	target/release/exotrace demo

# Real daemons for the tests.
SYSLOG := target/tools/syslog
$(SYSLOG)/ready: tests/hosts/syslog/install
	tests/hosts/syslog/install $(SYSLOG)

# The official client.
ELASTICSEARCH := target/tools/elasticsearch
$(ELASTICSEARCH)/ready: tests/hosts/elasticsearch/install tests/hosts/elasticsearch/requirements.txt
	tests/hosts/elasticsearch/install $(ELASTICSEARCH)

test: setup $(SYSLOG)/ready $(ELASTICSEARCH)/ready ## Run every test.
	$(CARGO) test --release --locked --workspace

check: format lint docs ## Check format, lints and documentation.

format: setup
	@rustup component list --installed 2>/dev/null | grep -q '^rustfmt' || rustup component add rustfmt
	$(CARGO) fmt --all --check

lint: setup
	@rustup component list --installed 2>/dev/null | grep -q '^clippy' || rustup component add clippy
	$(CARGO) clippy --release --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --profile component --locked --target $(TARGET) --target-dir target/lint \
		--package exotrace-mapping-1-20 --package exotrace-mapping-2-2 -- -D warnings

docs: setup
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --locked --workspace --no-deps

# How long each target is fuzzed, in seconds.
FUZZ_SECONDS := 600
FUZZ := target/tools/bin/cargo-fuzz
# The pinned toolchain is used as it is: instrumentation is all that fuzzing needs of what is not stable.
FUZZ_RUN := RUSTC_BOOTSTRAP=1 $(FUZZ) run --fuzz-dir tests/fuzz --target-dir target/fuzz --sanitizer none

$(FUZZ):
	$(CARGO) install --locked --root target/tools --version 0.13.2 cargo-fuzz

# Fuzzing begins with the records of the fixtures, one a file, each after a byte of settings.
target/fuzz/seeds: $(wildcard fixtures/records/*.ndjson)
	mkdir -p $@
	cat $^ | awk '{ printf "%c%s", 32 + NR % 96, $$0 > ("$@/" NR); close("$@/" NR) }'

fuzz: setup $(FUZZ) target/fuzz/seeds ## Fuzz the mapping, FUZZ_SECONDS each target.
	mkdir -p target/fuzz/corpus/map_record
	$(FUZZ_RUN) map_record target/fuzz/corpus/map_record target/fuzz/seeds -- \
		-max_total_time=$(FUZZ_SECONDS) -dict=tests/fuzz/record.dict -max_len=8192
	for target in address date suffix; do \
		mkdir -p target/fuzz/corpus/$$target && \
		$(FUZZ_RUN) $$target target/fuzz/corpus/$$target -- -max_total_time=$(FUZZ_SECONDS) -max_len=256 || exit 1; \
	done

bench: setup ## Measure mapping against parsing, and memory; print the ratios.
	$(CARGO) bench --locked --package exotrace --bench mapping
	$(CARGO) bench --locked --package exotrace --bench memory
	$(CARGO) bench --locked --package exotrace --bench delivery
	$(CARGO) bench --locked --package exotrace --bench startup

# The component of a contract is made once and then kept: what it was built with is what it shows.
CONTRACT := fixtures/wit/0.1.0
CONTRACT_CARGO := cd $(CONTRACT) && $(CARGO) build --locked --target-dir ../../../target/contract

contract: setup ## Make the component of the kept contract anew.
	RUSTFLAGS="--remap-path-prefix=$${CARGO_HOME:-$$HOME/.cargo}=cargo" && export RUSTFLAGS && \
		$(CONTRACT_CARGO) --release --lib --target $(TARGET)
	$(CONTRACT_CARGO) --bin encode
	target/contract/debug/encode target/contract/$(TARGET)/release/contract_0_1_0.wasm $(CONTRACT)/component.wasm

# What goes into the modules: `make modules SETTINGS=... GEOIP_CITY=... GEOIP_ASN=...`; each may be left out.
MODULES := exotrace-fluent-bit exotrace-redpanda-connect
# Fluent Bit's runtime has no SIMD.
modules: setup ## Put the core modules into target/components, with SETTINGS, GEOIP_CITY and GEOIP_ASN inside.
	EXOTRACE_MODULE_SETTINGS=$(abspath $(SETTINGS)) \
	EXOTRACE_MODULE_GEOIP_CITY=$(abspath $(GEOIP_CITY)) EXOTRACE_MODULE_GEOIP_ASN=$(abspath $(GEOIP_ASN)) \
	RUSTFLAGS="-C target-feature=-simd128" $(CARGO) build --locked --profile component --target $(TARGET) \
		--target-dir target/modules $(addprefix --package ,$(MODULES))
	mkdir -p target/components
	cp target/modules/$(TARGET)/component/exotrace_*.wasm target/components/
	ls -l target/components

components: build ## Put the component files into target/components.
	mkdir -p target/components
	cp $$(ls -td target/release/build/exotrace-*/out/mapping-*.wasm | head -2) target/components/
	ls -l target/components
