"""Compares `exotrace map` with what else people map such records with: `make peers`, after `make tenant`.

Time is that of the processors, user and system, of the whole program: what many records take longer than few is divided by
how many there are more, so starting and compiling do not count; Java compiles while it works, and is given more of both. The
fastest of some runs counts. Every peer maps the same
records of a large tenant to mapping 2.2's documents, as far as it has what that takes; its documents are compared with ours
first, and the fields that it leaves out are printed.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TENANT = pathlib.Path("target/tenant")
CITY, ASN = str(TENANT / "City.mmdb"), str(TENANT / "ASN.mmdb")
FEW = 2_000
# Java has compiled what it uses by then.
FEW_IN_JAVA = 60_000
RUNS = 3
COMPARED = 500

EXOTRACE = ["target/release/exotrace", "map", "--jobs", "1", "--mapping", "2.2", "--local-domain", "contoso.com", "--with-id"]
OPENSEARCH = [sys.executable, "tests/peers/opensearch/map.py"]
PEERS = [
    ("exotrace, with geo data", 400_000, EXOTRACE + ["--geoip-city", CITY, "--geoip-asn", ASN]),
    ("exotrace", 400_000, EXOTRACE),
    ("VRL 0.38, with geo data", 60_000, ["target/peers/vrl/release/exotrace-peer-vrl", "tests/peers/vrl/mapping.vrl", CITY, ASN]),
    ("Bloblang (benthos 4.60)", 60_000, ["target/peers/bloblang", "tests/peers/bloblang/mapping.blobl"]),
    ("OpenSearch 2.19 ingest pipeline, with geo data", 120_000, OPENSEARCH + [CITY, ASN]),
    ("Python by hand", 60_000, [sys.executable, "tests/peers/by_hand.py"]),
    ("jq by hand", 30_000, ["jq", "--compact-output", "--from-file", "tests/peers/by_hand.jq"]),
]


def seconds(command, records):
    """The processor time of a command over a file of records."""
    with open(records, "rb") as given:
        process = subprocess.Popen(command, stdin=given, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"error: {command[0]} failed: {status}")
    return used.ru_utime + used.ru_stime


def head(count, folder):
    path = pathlib.Path(folder) / f"{count}.ndjson"
    if not path.exists():
        with open(TENANT / "graph.ndjson", "rb") as source, open(path, "wb") as target:
            for _, line in zip(range(count), source):
                target.write(line)
    return path


def leaves(value, path=""):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    else:
        yield path, json.dumps(value)


def documents(command, folder):
    with open(head(COMPARED, folder), "rb") as given:
        output = subprocess.run(command, stdin=given, stdout=subprocess.PIPE, check=True).stdout
    return [dict(leaves(document)) for line in output.splitlines() for document in unwrapped(json.loads(line))]


def unwrapped(line):
    """`map --with-id` puts the document beside its `_id`, and OpenSearch many of them into a line."""
    if "docs" in line:
        return [{"_id": simulated["doc"]["_id"], **simulated["doc"]["_source"]} for simulated in line["docs"]]
    return [{"_id": line["_id"], **line["document"]} if "document" in line else line]


def left_out(ours, theirs):
    """The fields that a peer does not have, or not with our value, in more than one document in a hundred."""
    if len(ours) != len(theirs):
        sys.exit(f"error: {len(theirs)} documents, not {len(ours)}")
    missing = {}
    for our, their in zip(ours, theirs):
        for field, value in our.items():
            if their.get(field) != value:
                missing[field] = missing.get(field, 0) + 1
    # One document in a hundred: what only odd records show, such as mail to oneself.
    return sorted(field for field, count in missing.items() if count > len(ours) / 100)


def what_is_missing(command):
    """The program or folder that a command needs and that this machine does not have, if any."""
    if not shutil.which(command[0]):
        return command[0]
    started = pathlib.Path("target/tools/opensearch/start")
    return str(started) if command[:2] == OPENSEARCH and not started.exists() else None


def groups(fields):
    """Shorter: `source.geo.city_name` and `destination.geo.location.lat` are `geo`."""
    short = {}
    for field in fields:
        parts = [part for part in field.split(".") if part not in ("source", "destination")]
        short["geo.region" if "region" in field else parts[0] if parts[0] in ("geo", "as") else ".".join(parts)] = None
    return ", ".join(f"`{name}`" for name in short) or "nothing"


def main():
    print("| mapped with | records/s of one core | exotrace is faster by | left out, or other values |\n|---|--:|--:|---|")
    with tempfile.TemporaryDirectory() as folder:
        with_geo, best = None, {}
        for name, many, command in PEERS:
            missing = what_is_missing(command)
            if missing:
                print(f"| {name} | not measured: `{missing}` is not here | | |")
                continue
            least = FEW_IN_JAVA if command[:2] == OPENSEARCH else FEW
            few, all_ = head(least, folder), head(many, folder)
            each = min(seconds(command, all_) - seconds(command, few) for _ in range(RUNS)) / (many - least)
            best[name] = 1 / each
            mapped = documents(command, folder)
            with_geo = with_geo or mapped
            ours = "exotrace, with geo data" if "with geo data" in name else "exotrace"
            ratio = f"{best[ours] / best[name]:.1f}" if ours in best and not name.startswith("exotrace") else ""
            print(f"| {name} | {best[name]:,.0f} | {ratio} | {groups(left_out(with_geo, mapped))} |", flush=True)


if __name__ == "__main__":
    main()
