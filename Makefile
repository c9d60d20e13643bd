# Every task. One profile, `release`, so that wasmtime is built once.

TARGET := wasm32-unknown-unknown
CARGO := cargo

.DEFAULT_GOAL := help
.PHONY: help setup build demo test check format lint docs bench components

help: ## List the tasks.
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

# rust-toolchain.toml names the toolchain and its parts; where rustup does not install them by itself, this does.
setup:
	@rustup target list --installed 2>/dev/null | grep -qx $(TARGET) || rustup target add $(TARGET)

build: setup ## Build the program with its components.
	$(CARGO) build --release --locked

demo: build ## Do the main job on a simulated tenant.
	target/release/exotrace demo

test: setup ## Run every test.
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

bench: setup ## Measure mapping against parsing, and memory; print the ratios.
	$(CARGO) bench --locked --package exotrace --bench mapping
	$(CARGO) bench --locked --package exotrace --bench memory

components: build ## Put the component files into target/components.
	mkdir -p target/components
	cp $$(ls -td target/release/build/exotrace-*/out/mapping-*.wasm | head -2) target/components/
	ls -l target/components
