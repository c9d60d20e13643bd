"""Measures records a second of every host in the table of guest/docs/pipelines.md: run from the project's folder, by `make measure`.

Time is that of the processors, of all threads together, so that what else the machine does counts little. A command is
run with few and with many of the same records, and what the many take longer is divided by how many there are more:
starting and compiling do not count. A server gets the records in requests, after one that does not count. Before it is
measured, the documents of a host are compared with those of `exotrace map`.
"""

import argparse
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

NODE = "target/tools/node"
JCO = f"{NODE}/node_modules/@bytecodealliance/jco/dist/jco.js"
COMPONENTS = "target/components"
VERSION = "2.2"
MAPPING = f"{COMPONENTS}/mapping-{VERSION}.wasm"
DATABASES = ["fixtures/geo/City.mmdb", "fixtures/geo/ASN.mmdb"]
# The example that uses wasmtime alone and the modules have these settings inside.
SETTINGS_FILE = "fixtures/records/settings.json"
SETTINGS = json.loads(pathlib.Path(SETTINGS_FILE).read_text())
ARGUMENTS = [part for domain in SETTINGS["local_domains"] for part in ("--local-domain", domain)]
ARGUMENTS += [part for tag in SETTINGS["tags"] for part in ("--tag", tag)]
GEO = ["--geoip-city", "geo/City.mmdb", "--geoip-asn", "geo/ASN.mmdb"]
# The same settings for those that have no arguments; `/geo` is what the folder of the databases is called inside.
ENVIRONMENT = {
    "EXOTRACE_LOCAL_DOMAIN": ",".join(SETTINGS["local_domains"]),
    "EXOTRACE_TAG": ",".join(SETTINGS["tags"]),
    "EXOTRACE_GEOIP_CITY": "/geo/City.mmdb",
    "EXOTRACE_GEOIP_ASN": "/geo/ASN.mmdb",
    "GEO_FOLDER": "fixtures/geo",
}
FEW = 1000
# How many records a request has.
REQUEST = 5000
# Number of runs, of which the fastest counts: all else that the machine does makes it slower.
RUNS = 3


def make_records(count):
    """Records as Graph has them, members in its order, of about 540 bytes, the same for the same count."""
    dice = random.Random(20260304)
    for number in range(count):
        subject = " ".join(f"word{dice.randrange(10_000)}" for _ in range(22))
        yield json.dumps({
            "id": f"{dice.getrandbits(128):032x}",
            "messageId": f"<{dice.getrandbits(128):032x}@mail.contoso.com>",
            "status": "delivered",
            "receivedDateTime": f"2026-03-04T05:{number // 60 % 60:02}:{number % 60:02}.{dice.randrange(1000):03}Z",
            "recipientAddress": f"recipient{dice.randrange(5000)}@fabrikam{dice.randrange(200)}.example",
            "senderAddress": f"sender{dice.randrange(5000)}@contoso.com",
            "subject": subject,
            "size": dice.randrange(1000, 10_000_000),
            "fromIP": f"192.0.2.{dice.randrange(256)}",
            "toIP": f"198.51.100.{dice.randrange(256)}",
        }, separators=(",", ":")).encode() + b"\n"


class Command:
    """A host that maps standard input to standard output.

    One `with_id` has its ids in the documents. An `optional` one is compared only where it was built.
    """

    def __init__(self, name, *command, geo=True, same=True, with_id=False, optional=False, variables=ENVIRONMENT):
        self.name, self.command, self.geo, self.same, self.variables = name, command, geo, same, variables
        self.with_id, self.optional = with_id, optional

    def run(self, records, output=os.devnull):
        """The time that it takes for the records of a file."""
        # Files, because what `jco run` still has for a pipe is lost when it ends.
        with open(records, "rb") as given, open(output, "wb") as taken, tempfile.TemporaryFile() as errors:
            environment = {**os.environ, **self.variables}
            process = subprocess.Popen(self.command, stdin=given, stdout=taken, stderr=errors, env=environment)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                errors.seek(0)
                sys.exit(f"error: {self.name}: {errors.read().decode()}")
        return usage.ru_utime + usage.ru_stime

    def documents(self, records):
        with tempfile.NamedTemporaryFile() as file:
            self.run(records, file.name)
            documents = file.read()
            return re.sub(rb',"exotrace_id":"[^"]+"', b"", documents) if self.with_id else documents

    def rate(self, few, many, count):
        fewest = min(self.run(few) for _ in range(RUNS))
        most = min(self.run(many) for _ in range(RUNS))
        return (count - FEW) / (most - fewest)


class Server:
    """A host that answers requests."""

    geo = same = True
    optional = False

    def __init__(self, name, *command):
        self.name, self.command = name, command

    def documents(self, records):
        with Running(self.command) as server:
            return server.post(pathlib.Path(records).read_bytes())

    def rate(self, few, many, count):
        lines = pathlib.Path(many).read_bytes().splitlines(keepends=True)
        bodies = [b"".join(lines[start:start + REQUEST]) for start in range(0, len(lines), REQUEST)]
        with Running(self.command) as server:
            server.post(pathlib.Path(few).read_bytes())
            return count / min(server.time(bodies) for _ in range(RUNS))


class Running:
    """A server from its start to its end, and a connection to it."""

    def __init__(self, command):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.command = [part.replace("PORT", str(self.port)) for part in command]

    def __enter__(self):
        environment = {**os.environ, **ENVIRONMENT}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
        self.process = subprocess.Popen(self.command, env=environment, **quiet)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        deadline = time.monotonic() + 120
        while True:
            try:
                self.connection.connect()
                return self
            except ConnectionRefusedError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    sys.exit(f"error: no server: {' '.join(self.command)}")
                time.sleep(0.1)

    def __exit__(self, *_):
        self.connection.close()
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()

    def post(self, body):
        self.connection.request("POST", "/", body)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            sys.exit(f"error: {self.command}: {answer.status}: {text.decode()}")
        return text

    def time(self, bodies):
        """The time that it takes for these requests."""
        begun = self.used()
        for body in bodies:
            self.post(body)
        return self.used() - begun

    def used(self):
        """The time that the server and what it started have had so far."""
        ticks = 0
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                # After the name, which may have anything in it: the third is the group, the 12th and 13th are the ticks.
                fields = stat.read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[2]) == self.process.pid:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def hosts():
    """The hosts, the program first: with geo and without, which the others are compared with."""
    examples, python, node = "target/release/examples", sys.executable, "node"
    program = ["target/release/exotrace", "map", "--mapping", VERSION, *ARGUMENTS]
    databases = ["--geoip-city", DATABASES[0], "--geoip-asn", DATABASES[1]]
    yield Command("`exotrace map`", *program, *databases)
    yield Command("`exotrace map`, without geo", *program, geo=False)
    yield Command("`exotrace map --flush line`", *program, *databases, "--flush", "line")
    yield Command("Rust, this crate", f"{examples}/embed", MAPPING, SETTINGS_FILE, *DATABASES)
    yield Command("Rust, this crate, without geo", f"{examples}/embed", MAPPING, SETTINGS_FILE, geo=False)
    for language in ("JavaScript", "Python"):
        component = f"target/languages/{language.lower()}.wasm"
        if pathlib.Path(component).exists():
            name = f"Rust, this crate, the small mapping in {language}"
            yield Command(name, f"{examples}/embed", component, SETTINGS_FILE, *DATABASES, same=False)
    yield Command("Rust, wasmtime alone, without geo", f"{examples}/wasmtime_alone", MAPPING, geo=False)
    yield Command("Python, `map_records.py`", python, "tests/hosts/python/map_records.py", MAPPING, SETTINGS_FILE, *DATABASES)
    yield Command("Node, `map-records.mjs`", node, f"{NODE}/map-records.mjs", MAPPING, SETTINGS_FILE, *DATABASES)
    cli, folder = f"{COMPONENTS}/cli-{VERSION}.wasm", ["--dir", "fixtures/geo::geo"]
    yield Command("`cli`, Python", python, "tests/hosts/python/run_command.py", cli, *folder, *ARGUMENTS, *GEO)
    jco_folder = ["--jco-import", f"{NODE}/folder.mjs"]
    inside = ["--geoip-city", "/geo/City.mmdb", "--geoip-asn", "/geo/ASN.mmdb"]
    yield Command("`cli`, `jco run`", node, JCO, "run", *jco_folder, cli, *ARGUMENTS, *inside)
    http_adapter = f"{COMPONENTS}/http-{VERSION}.wasm"
    serve = ["--port", "PORT", "--isolate-worker-pool-size", "1"]
    yield Server("`http`, `jco serve`", node, JCO, "serve", *jco_folder, http_adapter, *serve)
    if shutil.which("wasmtime"):
        yield Command("`cli`, `wasmtime run`", "wasmtime", "run", *folder, cli, *ARGUMENTS, *GEO)
        passed = [part for name in ENVIRONMENT for part in ("--env", name)]
        serve = ["--addr", "127.0.0.1:PORT", "--dir", "fixtures/geo::/geo"]
        yield Server("`http`, `wasmtime serve`", "wasmtime", "serve", "-Scli", *serve, *passed, http_adapter)
    else:
        print("there is no `wasmtime` command, so `wasmtime run` and `wasmtime serve` are not measured", file=sys.stderr)
    tangent = f"{COMPONENTS}/tangent-{VERSION}.wasm"
    # Tangent gives no folder.
    variables = {name: value for name, value in ENVIRONMENT.items() if "GEO" not in name}
    events = [node, f"{NODE}/map-events.mjs", tangent]
    yield Command("`tangent`, host of the tests, without geo", *events, geo=False, variables=variables)
    yield Command("Fluent Bit, host of the tests", f"{examples}/map_records", "fluent-bit", same=False)
    yield Command("Redpanda Connect, host of the tests", f"{examples}/map_records", "redpanda-connect", same=False)
    yield from engines()


def engines():
    """The hosts of the modules that `make engines` builds, with the settings and databases of the fixtures inside."""
    hosts = [
        ("Redpanda Connect, wazero", "target/tools/wazero", "redpanda-connect.wasm"),
        ("Fluvio, `fluvio-smartengine`", "target/engines/debug/exotrace-fluvio-host", "fluvio.wasm"),
        ("Extism, Rust", "target/engines/debug/exotrace-extism-host", "extism.wasm"),
        ("Extism, Python", sys.executable, "tests/hosts/python/map_extism.py", "extism.wasm"),
        ("Extism, Node", "node", f"{NODE}/map-extism.mjs", "extism.wasm"),
        ("Extism, Go", "target/tools/extism-go", "extism.wasm"),
    ]
    for name, *command, module in hosts:
        yield Command(name, *command, f"target/modules/{module}", with_id=True, optional=True)


def missing(host):
    """The files that a host needs and that nobody has built."""
    return [part for part in host.command if part.startswith("target/") and not pathlib.Path(part).exists()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--only", default="", help="measure hosts whose names have this in them, and `exotrace map`")
    parser.add_argument("--check", action="store_true", help="compare the documents, and measure nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        few, many = f"{folder}/few.ndjson", f"{folder}/many.ndjson"
        records = list(make_records(arguments.records))
        pathlib.Path(few).write_bytes(b"".join(records[:FEW]))
        pathlib.Path(many).write_bytes(b"".join(records))
        if not arguments.check:
            print(f"{len(records)} records of {sum(map(len, records)) // len(records)} bytes\n")
            print("| host | records a second of processor | share of `exotrace map` |\n|---|--:|--:|", flush=True)
        ours = {}
        for host in hosts():
            if host.geo in ours and arguments.only not in host.name:
                continue
            if missing(host) and (host.optional or not arguments.check):
                print(f"left out: {host.name}: no {', '.join(missing(host))}", file=sys.stderr)
                continue
            documents = host.documents(few)
            expected, _ = ours.get(host.geo, (documents, None))
            if documents.count(b"\n") != FEW or (host.same and documents != expected):
                sys.exit(f"error: {host.name} gives other documents than `exotrace map`")
            if arguments.check:
                ours.setdefault(host.geo, (documents, None))
                continue
            rate = host.rate(few, many, len(records))
            _, best = ours.setdefault(host.geo, (documents, rate))
            print(f"| {host.name} | {rate:,.0f} | {rate / best:.2f} |", flush=True)


if __name__ == "__main__":
    main()
