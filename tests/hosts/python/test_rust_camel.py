"""The components for rust-camel under its contract: run from the project's folder, after `make hosts` has built them."""

import json
import pathlib
import unittest

from fixtures import NAMES, RECORDS, SETTINGS, expected_documents, parse
from rust_camel import Bean
from wasmtime.component import Variant

# With the databases of the fixtures inside.
COMPONENTS = pathlib.Path("target/plugins")
VERSIONS = sorted(file.stem.removeprefix("camel-") for file in COMPONENTS.glob("camel-*.wasm"))
CONFIG = {
    "local_domain": ", ".join(SETTINGS["local_domains"]),
    "tag": ",".join(SETTINGS["tags"]),
    "preserve-original-event": "true",
}


def body(exchange):
    return exchange.input.body.tag, exchange.input.body.payload


def properties(exchange):
    return dict(exchange.properties)


class Beans(unittest.TestCase):
    beans = {}

    def bean(self, version="2.2", **config):
        key = version, json.dumps(config, sort_keys=True)
        if key not in self.beans:
            names = {name.replace("_", "-"): value for name, value in config.items()}
            self.beans[key] = Bean(COMPONENTS / f"camel-{version}.wasm", names or CONFIG)
        return self.beans[key]

    def test_documents_are_those_of_the_component(self):
        for version in VERSIONS:
            for name in NAMES:
                with self.subTest(version=version, name=name):
                    exchange = self.bean(version).invoke(Variant("text", (RECORDS / f"{name}.ndjson").read_text()))
                    tag, text = body(exchange)
                    self.assertEqual("text", tag)
                    self.assertEqual(expected_documents(version, name), [parse(line) for line in text.splitlines()])

    def test_documents_come_in_the_form_of_the_body(self):
        lines = (RECORDS / "well-formed.ndjson").read_bytes()
        first = lines.splitlines()[0].decode()
        document = expected_documents("2.2", "well-formed")[0]
        bean = self.bean()
        self.assertEqual(["map"], bean.methods)
        tag, found = body(bean.invoke(Variant("bytes", lines)))
        self.assertEqual(("bytes", expected_documents("2.2", "well-formed")), (tag, [parse(line) for line in bytes(found).splitlines()]))
        tag, found = body(bean.invoke(Variant("json", first)))
        self.assertEqual(("json", document), (tag, parse(found)))
        self.assertFalse(found.endswith("\n"))

    def test_headers_and_other_properties_stay(self):
        text = (RECORDS / "well-formed.ndjson").read_text()
        exchange = self.bean().invoke(Variant("text", text), [("a", "b")], [("c", "d"), ("exotrace.dropped", "true")])
        self.assertEqual([("a", "b")], [tuple(header) for header in exchange.input.headers])
        self.assertEqual({"c": "d", "exotrace.dropped": "false", "exotrace.failed": "0"}, properties(exchange))

    def test_when_nothing_is_left_the_body_is_empty(self):
        for given in [Variant("text", '{"value":[]}\n'), Variant("text", ""), Variant("empty"), Variant("bytes", b"\n")]:
            exchange = self.bean().invoke(given)
            self.assertEqual("empty", exchange.input.body.tag)
            self.assertEqual("true", properties(exchange)["exotrace.dropped"])

    def test_nothing_fails_for_being_broken(self):
        exchange = self.bean().invoke(Variant("bytes", b'{"a":"\xff"}\nnot JSON\n<x/>'))
        _, found = body(exchange)
        documents = [parse(line) for line in bytes(found).splitlines()]
        self.assertEqual(["pipeline_error"] * 3, [document["event"]["kind"] for document in documents])
        self.assertEqual(['{"a":"\ufffd"}', "not JSON", "<x/>"], [document["event"]["original"] for document in documents])
        self.assertEqual("3", properties(exchange)["exotrace.failed"])
        exchange = self.bean().invoke(Variant("xml", "<x/>"))
        self.assertEqual("1", properties(exchange)["exotrace.failed"])

    def test_settings_that_cannot_be_used_are_refused_at_the_start(self):
        wrong = {
            "local_domains": ("x", "there is no setting `local-domains`\nhint: there are `local-domain`"),
            "local_domain": ("https://contoso.com", "`https://contoso.com` is a URL"),
            "geoip_city": ("City.mmdb", "`geoip-city` names a file, and this host gives a component no folder\nhint: `make plugins"),
            "options": ("{}", "this mapping version has no rule for `options`"),
            "privacy_key": ("secret", "`privacy-key` has no key"),
            "tag": ("x" * 70000, "rust-camel does not keep the settings"),
        }
        for name, (value, reason) in wrong.items():
            with self.subTest(name=name), self.assertRaises(ValueError) as refused:
                self.bean(**{name: value})
            self.assertIn(reason, str(refused.exception))

    def test_a_profile_hides_people(self):
        options = json.dumps({"privacy": {"key_id": "1"}})
        bean = self.bean("3.0", privacy_key=bytes(range(32)).hex(), options=options)
        record = (RECORDS / "well-formed.ndjson").read_text().splitlines()[0]
        _, document = body(bean.invoke(Variant("json", record)))
        self.assertNotIn(json.loads(record)["RecipientAddress"], document)


if __name__ == "__main__":
    assert VERSIONS, "no components in target/plugins"
    unittest.main()
