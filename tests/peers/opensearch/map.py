"""Maps records by an ingest pipeline of a real OpenSearch: map.py CITY ASN <records >documents, a batch of them a line.

Batches go to `_simulate`, which maps documents without storing them. The node has one processor's share of threads and is
ended at the end, so that its time counts as that of this program.
"""

import http.client
import itertools
import json
import pathlib
import sys
import tempfile

import node

PIPELINE = pathlib.Path(__file__).with_name("pipeline.json").read_bytes()
BATCH = 1_000
# The module that looks up addresses, as a distribution of OpenSearch has it.
GEOIP = """name=ingest-geoip
description=Looks up addresses
version=2.19.6
opensearch.version=2.19.6
java.version=11
classname=org.opensearch.ingest.geoip.IngestGeoIpPlugin
"""


def start(folder, databases):
    """Starts a node in a folder; returns its process and its address."""
    geoip = folder / "modules/ingest-geoip"
    geoip.mkdir(parents=True)
    (geoip / "plugin-descriptor.properties").write_text(GEOIP)
    for jar in (node.OPENSEARCH / "geoip").iterdir():
        (geoip / jar.name).symlink_to(jar.resolve())
    for name, database in zip(("City", "ASN", "Country"), databases + databases[:1]):
        (geoip / f"GeoLite2-{name}.mmdb").symlink_to(pathlib.Path(database).resolve())
    return node.start(["-Xms1g", "-Xmx1g", "-XX:+UseSerialGC"], folder, "node.processors=1")


def ask(connection, method, path, body):
    connection.request(method, path, body, {"content-type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    if response.status != 200:
        sys.exit(f"error: OpenSearch answered {response.status}: {answer[:300]}")
    return answer


def main():
    with tempfile.TemporaryDirectory() as folder:
        process, address = start(pathlib.Path(folder), sys.argv[1:])
        connection = http.client.HTTPConnection(address, timeout=120)
        ask(connection, "PUT", "/_ingest/pipeline/mapping", PIPELINE)
        while lines := list(itertools.islice(sys.stdin.buffer, BATCH)):
            documents = b",".join(b'{"_source":{"record":' + line + b"}}" for line in lines)
            sys.stdout.buffer.write(ask(connection, "POST", "/_ingest/pipeline/mapping/_simulate", b'{"docs":[' + documents + b"]}"))
            sys.stdout.buffer.write(b"\n")
        process.stdin.close()
        if process.wait(60):
            sys.exit(f"error: OpenSearch ended with {process.returncode}")


if __name__ == "__main__":
    main()
