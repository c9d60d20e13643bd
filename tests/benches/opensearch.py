#!/usr/bin/env python3
"""Measures how many documents a second a real OpenSearch takes from `exotrace run`, beside what it takes of the same
documents from a generator that has made its requests before: `make opensearch`.

Everything is on the same machine, so the store has what the others leave of the processors. The best of some runs counts;
each run has a data stream of its own, and they take turns in who is first. Of a batch of 1,000, exotrace sends as many
requests as there may be at a time, and waits for all of them: the generator has requests of the same length and waits for
none but its own. The time of exotrace has its start in it.
"""

import concurrent.futures
import gzip
import http.client
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).parents[1] / "peers/opensearch"))
import node as opensearch

PROGRAM = pathlib.Path("target/release/exotrace").absolute()
RECORDS = pathlib.Path("target/tenant/graph.ndjson")
COUNT = 100_000
BATCH = 1_000
AT_A_TIME = (1, 2, 4)
RUNS = 4
STREAM = "logs-microsoft_exchange_online_message_trace.log-"
MAPPING = ["--mapping", "3.0", "--local-domain", "contoso.com"]

SETTINGS = """state_dir = "{folder}/state"
[mapping]
version = "3.0"
[[source]]
type = "file"
paths = ["{records}"]
local_domains = ["contoso.com"]
[[output]]
type = "elasticsearch"
url = "http://{address}"
namespace = "{namespace}"
concurrency = {at_a_time}
"""


def map_records(records):
    """Each document as it stands in a request."""
    with open(records, "rb") as given:
        mapped = subprocess.run([PROGRAM, "map", *MAPPING, "--with-id"], stdin=given, stdout=subprocess.PIPE, check=True)
    documents = []
    for line in map(json.loads, mapped.stdout.splitlines()):
        action = json.dumps({"create": {"_id": line["_id"]}})
        document = json.dumps(line["document"], separators=(",", ":"), ensure_ascii=False)
        documents.append(f"{action}\n{document}\n".encode())
    return documents


def make_bodies(documents, at_a_time):
    """The bodies of requests, compressed as the program does it."""
    length = BATCH // at_a_time
    parts = (documents[first : first + length] for first in range(0, len(documents), length))
    return [gzip.compress(b"".join(part), compresslevel=1) for part in parts]


def send(address, stream, bodies):
    connection = http.client.HTTPConnection(address, timeout=120)
    headers = {"content-type": "application/x-ndjson", "content-encoding": "gzip"}
    for body in bodies:
        connection.request("POST", f"/{stream}/_bulk?filter_path=errors", body, headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status != 200 or json.loads(answer).get("errors"):
            sys.exit(f"error: OpenSearch answered {response.status}: {answer[:300]}")


def generate(address, namespace, at_a_time, bodies):
    """Sends requests that are made already; returns how long that takes."""
    shares = [bodies[first::at_a_time] for first in range(at_a_time)]
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
        list(pool.map(lambda share: send(address, STREAM + namespace, share), shares))
    return time.monotonic() - began, 0


def run(address, namespace, at_a_time, records, folder):
    """Has the program read, map and send; returns how long that takes, and its processor time."""
    folder = folder / namespace
    folder.mkdir()
    settings = folder / "exotrace.toml"
    settings.write_text(SETTINGS.format(
        folder=folder, records=records, address=address, namespace=namespace, at_a_time=at_a_time))
    command = [PROGRAM, "run", "--once", "--config", settings]
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=(folder / "log").open("w"))
    _, status, used = os.wait4(process.pid, 0)
    took = time.monotonic() - began
    if status:
        sys.exit(f"error: exotrace failed: {(folder / 'log').read_text()[-2000:]}")
    return took, used.ru_utime + used.ru_stime


def prepare(address, folder):
    settings = folder / "template.toml"
    settings.write_text(SETTINGS.format(
        folder=folder, records=RECORDS.absolute(), address=address, namespace="default", at_a_time=1))
    command = [PROGRAM, "elasticsearch", "template", "--opensearch", "--apply", "--config", settings]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stored(address, namespace):
    connection = http.client.HTTPConnection(address, timeout=120)
    for method, path in (("POST", "_refresh"), ("GET", "_count")):
        connection.request(method, f"/{STREAM}{namespace}/{path}")
        answer = json.loads(connection.getresponse().read())
    return answer["count"]


def main():
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        folder = pathlib.Path(folder)
        records = folder / "records.ndjson"
        with open(RECORDS, "rb") as source, open(records, "wb") as target:
            target.writelines(itertools.islice(source, COUNT))
        documents = map_records(records)
        bodies = {at_a_time: make_bodies(documents, at_a_time) for at_a_time in AT_A_TIME}
        node, address = opensearch.start(["-Xms2g", "-Xmx2g"], folder / "node")
        prepare(address, folder)
        # Java compiles while it works.
        generate(address, "warm", 2, bodies[2])
        best = {}
        for number, at_a_time in itertools.product(range(RUNS), AT_A_TIME):
            senders = [
                ("generator", lambda name: generate(address, name, at_a_time, bodies[at_a_time])),
                ("exotrace", lambda name: run(address, name, at_a_time, records, folder)),
            ]
            for kind, sender in senders if number % 2 else reversed(senders):
                namespace = f"{kind}_{at_a_time}_{number}"
                took, used = sender(namespace)
                if stored(address, namespace) != COUNT:
                    sys.exit(f"error: {stored(address, namespace)} documents in `{namespace}`, not {COUNT}")
                best[kind, at_a_time] = min(best.get((kind, at_a_time), (took, used)), (took, used))
        node.stdin.close()
        node.wait(60)
    print("| requests at a time | generator, documents/s | exotrace, documents/s | ratio | processor time of exotrace |\n|--:|--:|--:|--:|--:|")
    for at_a_time in AT_A_TIME:
        (generator, _), (took, used) = best["generator", at_a_time], best["exotrace", at_a_time]
        print(f"| {at_a_time} | {COUNT / generator:,.0f} | {COUNT / took:,.0f} | {generator / took:.2f} | {used / COUNT * 1e6:.1f} µs a document |")


if __name__ == "__main__":
    main()
