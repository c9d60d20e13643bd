"""The documents of mapping ocsf-1.8 against the schemas of OCSF, as PyPI's `ocsf-json-schema` has them: run from the
project's folder, after `make components`.

Of every attribute the schemas know the type, and they take no other attribute: a misspelt name is an error.
"""

import json
import pathlib
import random
import subprocess
import unittest

import jsonschema_rs
from map_records import Databases, Mapping, record as wit_record
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

MAPPING = "ocsf-1.8"
VERSIONS = ["1.6.0", "1.7.0", "1.8.0"]
PROFILES = ["cloud", "security_control"]
RECORDS = pathlib.Path("fixtures/records")
GENERATED = 10_000
DATABASES = ["fixtures/geo/City.mmdb", "fixtures/geo/ASN.mmdb"]
GEO = ["--geoip-city", DATABASES[0], "--geoip-asn", DATABASES[1]]

def validator(version):
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version))
    return jsonschema_rs.Draft202012Validator(schema.get_class_schema(class_name="email_activity", profiles=PROFILES))


VALIDATORS = {version: validator(version) for version in VERSIONS}

ADDRESSES = [
    "ann@contoso.com", "Bob.Lee+x@CONTOSO.com", "news@mail.fabrikam.co.uk", "a@b.com.", "<>", "", "root@localhost", "plain",
    "j\u00fcrgen@contoso.com", "ann@b\u00fccher.example", '"a b"@contoso.com', "a@b@c.com", "@contoso.com", "a@", "a@b.",
    "a@.com", "a@b..com", "o'neil!#$%&*/=?^`{|}~@contoso.com", "a@[192.0.2.1]", "a@b.com\n", "\u0000@b.com", None, 5, ["a@b.com"],
]
IPS = [
    "192.0.2.10", "203.0.113.5", "198.51.100.7", "10.1.2.3", "0.0.0.0", "255.255.255.255", "::", "2001:db8:1::19", "2001:DB8:2::25",
    "0000:0000:0000:0000:0000:ffff:192.0.2.100", "::ffff:192.0.2.1", "1:2:3:4:5:6:7:8", "fe80::1%eth0", "no", "", None, 7,
]
STATUSES = [
    "delivered", "Delivered", "failed", "Failed", "quarantined", "filteredAsSpam", "FilteredAsSpam", "expanded", "pending",
    "gettingStatus", "recalled", "resolved", "none", "deferred", "somethingNew", " ", "", None, True, {"a": 1},
]
DATES = [
    "2026-02-10T11:15:58.842Z", "2026-02-10T11:15:58", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "never", "", None, 2026,
    False,
]
SIZES = [0, 1, 48213, 2**63 - 1, 2**63, 2**64, -1, 1.5, 1e300, "512", "0512", "12 kB", "", None, [], {"a": None}]
TEXTS = ["<0001@contoso.com>", "hi \u263a", "\"\\\n\u0001", "\ud83d", "x" * 5000, "", None, 3, ["x"], {"x": "y"}]
EVENTS = [
    "Receive", "Submit", "Transport rule", "DLP rule", "Spam", "Malware", "Send external", "Defer", "Deliver", "Fail", "Drop", "Teleport",
    None, 3,
]
DESCRIPTIONS = [
    "Message received by: A.b.c", "Message sent to mx.fabrikam.com at 203.0.113.9 using TLS1.2", "Message sent to x at 2001:db8:2::26",
    "Reason: [{LED=550 5.1.10 no such user};{MSG=};{FQDN=mx.fabrikam.com};{IP=198.51.100.7};{LRT=}]",
    "Reason: [{LED=451 4.4.0 DNS query fai", "[Message=450 busy]", "250 2.1.5 RESOLVER.GRP.Expanded",
    "DLP rule: 'Bob's cards', ID: ('5a4e08dc-0000-4000-8000-000000000001'), DLP policy: 'PCI', ID: (x)", "Transport rule: '', ID: ()",
    "Delivered to the folder: DefaultFolderType:JunkEmail", "\u00e9 550 5.7.703", "", None, {"a": 1},
]
DATA = [
    '<root><MEP Name="ServerHostName" String="a.b.c"/><MEP Name="ClientIP" String="192.0.2.10"/><MEP Name="TotalLatency" Double="2"/></root>',
    '<root><MEP Name="ClientIP" String="fe80::1%eth0"/><MEP Name="tlsversion" String="SP_PROT_TLS1_2"/><MEP Na', "&lt;root&gt;", "", None,
]
OTHERS = ["Organization", "Index", "StartDate", "EndDate", "exotrace", "@odata.type", "", "a.b", "metadata", "error", "details", "trace"]


def record(draw):
    """A record of either service; most of its values are as they should be."""
    def value(values, usual):
        return draw.choice(values[:usual] if draw.random() < 0.6 else values)

    values = [
        ("receivedDateTime", "Received", value(DATES, 3)),
        ("senderAddress", "SenderAddress", value(ADDRESSES, 3)),
        ("recipientAddress", "RecipientAddress", value(ADDRESSES, 3)),
        ("fromIP", "FromIP", value(IPS, 4)),
        ("toIP", "ToIP", value(IPS, 4)),
        ("status", "Status", value(STATUSES, 8)),
        ("subject", "Subject", value(TEXTS, 2)),
        ("messageId", "MessageId", value(TEXTS, 1)),
        ("id", "MessageTraceId", draw.choice([f"6f1c1a1e-0b1e-4a53-9a4e-{draw.getrandbits(48):012x}", "Id 7", None, 4])),
        ("size", "Size", value(SIZES, 3)),
    ]
    is_legacy = draw.random() < 0.5
    made = {names[is_legacy]: value for *names, value in values if draw.random() < 0.95}
    for name in draw.sample(OTHERS, draw.randrange(4)):
        made[name] = draw.choice(TEXTS + DATES + SIZES)
    return json.dumps(made, ensure_ascii=draw.random() < 0.5).encode("utf-8", "replace")


def details(draw, line):
    """The steps of a delivery beside its record."""
    steps = []
    for _ in range(draw.randrange(5)):
        step = {"dateTime": draw.choice(DATES), "event": draw.choice(EVENTS), "action": draw.choice(["", "Quarantine", "BA", None])}
        steps.append({**step, "description": draw.choice(DESCRIPTIONS), "data": draw.choice(DATA)})
    if draw.random() < 0.1:
        steps = draw.choice([None, [], "none", [7, "x"], {}])
    return b'{"trace":' + line + b',"details":' + json.dumps(steps).encode() + b"}"


def lines(count):
    draw = random.Random(count)
    for _ in range(count):
        line = record(draw)
        if draw.random() < 0.4:
            line = details(draw, line)
        # Some are cut, and are no records.
        yield line[:draw.randrange(1, len(line))] if draw.random() < 0.02 else line


def mapped(records, *arguments):
    command = ["target/release/exotrace", "map", "--mapping", MAPPING, *GEO, *arguments]
    done = subprocess.run(command, input=records, capture_output=True, timeout=300)
    assert done.returncode in (0, 1), (command, done.returncode, done.stderr.decode())
    return [json.loads(line) for line in done.stdout.splitlines()]


class Ocsf(unittest.TestCase):
    def check(self, documents, why):
        for version, validator in VALIDATORS.items():
            for document in documents:
                if version == "1.6.0":
                    # The one attribute that came after it.
                    metadata = {name: value for name, value in document["metadata"].items() if name != "original_event_uid"}
                    document = {**document, "metadata": metadata}
                errors = [f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(document)]
                self.assertEqual(errors, [], (why, version, json.dumps(document)))

    def test_the_validator_finds_what_is_wrong(self):
        (document,) = mapped(b'{"id":"1","receivedDateTime":"2026-02-10T11:15:58Z","recipientAddress":"ann@contoso.com"}')
        self.check([document], "it is right")
        for wrong in [{"form": "ann@contoso.com"}, {"from": "<>"}, {"class_uid": 4001}, {"email": {}}, {"time": "2026"}]:
            with self.assertRaises(AssertionError):
                self.check([{**document, **wrong}], wrong)

    def test_the_documents_of_the_fixtures_are_valid(self):
        files = sorted(RECORDS.glob(f"*-{MAPPING}-expected.json"))
        self.assertEqual(len(files), len(list(RECORDS.glob("*.ndjson"))))
        for file in files:
            documents = [outcome["document"] for outcome in json.loads(file.read_text()) if "document" in outcome]
            self.assertTrue(documents, file)
            self.check(documents, file)

    def test_the_document_of_the_page_is_valid(self):
        page = pathlib.Path("guest/docs/ocsf.md").read_text()
        blocks = [block.split("```")[0] for block in page.split("```json\n")[1:]]
        documents = [document for document in map(json.loads, blocks) if "class_uid" in document]
        record = (RECORDS / "well-formed.ndjson").read_bytes().splitlines()[0]
        self.assertEqual(documents, mapped(record, "--local-domain", "contoso.com"))
        self.check(documents, "guest/docs/ocsf.md")

    def test_generated_records_make_valid_documents(self):
        records = b"\n".join(lines(GENERATED))
        for arguments in [
            [],
            ["--local-domain", "contoso.com", "--tag", "forwarded", "--preserve-original-event", "--tenant-id", "contoso.com"],
        ]:
            documents = mapped(records, *arguments)
            self.assertEqual(len(documents), GENERATED)
            self.check(documents, arguments)
            with_steps = [document for document in documents if document["metadata"]["log_name"] == "messageTraceDetails"]
            self.assertGreater(len(with_steps), GENERATED // 4)

    def test_documents_that_hide_people_are_valid(self):
        records = b"\n".join(lines(GENERATED // 10)).decode()
        for profile in [{}, {"addresses": "domain_only", "ip": "geo_only", "subject": "length"}, {"ip": "drop", "parties": "local"}]:
            settings = wit_record(
                tenant=wit_record(id="11111111-2222-3333-4444-555555555555", name="Contoso"),
                local_domains=["contoso.com"],
                preserve_original_event=True,
                tags=["forwarded"],
                drop_status=[],
                fields=json.dumps({"labels": {"customer": "contoso"}, "event": {"dataset": "x"}, "agent": {"name": "y"}}),
                suffix_list=None,
                options=json.dumps({"privacy": {"key_id": "2026", **profile}}),
                pseudonym_key=bytes(range(32)),
                previous_pseudonym_key=bytes(range(1, 33)),
            )
            mapping = Mapping(f"target/components/mapping-{MAPPING}.wasm", settings, Databases(*DATABASES).lookup)
            documents = [json.loads(line) for line in mapping.map(records).documents.splitlines()]
            self.assertEqual(len(documents), GENERATED // 10)
            self.check(documents, profile)


if __name__ == "__main__":
    unittest.main()
