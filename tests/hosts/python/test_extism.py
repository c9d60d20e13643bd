"""The plug-in under PyPI's `extism`: run from the project's folder, by `make engines`."""

import json
import pathlib
import re
import sys
import unittest

import extism
import map_extism
from fixtures import RECORDS, parse

PLUGIN = "target/modules/extism.wasm"
VERSIONS = ["1.20", "2.2", "3.0", "ocsf-1.8"]
PAGE = pathlib.Path("guest/docs/extism.md").read_text()


class Extism(unittest.TestCase):
    """`map_extism.py`, with the settings and databases of the fixtures in the plug-in."""

    def test_documents_are_those_of_the_mapping(self):
        for version in VERSIONS:
            plugin = map_extism.load(PLUGIN, {"mapping": version})
            for file in sorted(RECORDS.glob("*.ndjson")):
                outcomes = parse((RECORDS / f"{file.stem}-{version}-expected.json").read_text())
                lines = [parse(line) for line in plugin.call("map", file.read_bytes()).splitlines()]
                ids = [line.pop("exotrace_id") for line in lines]
                kept = [outcome for outcome in outcomes if "document" in outcome]
                self.assertEqual(lines, [outcome["document"] for outcome in kept], (version, file.stem))
                self.assertEqual(ids, [outcome["_id"] for outcome in kept], (version, file.stem))
                each = [json.loads(line)["outcome"] for line in plugin.call("map_each", file.read_bytes()).splitlines()]
                self.assertEqual([outcome == "dropped" for outcome in each], ["dropped" in outcome for outcome in outcomes])

    def test_no_record_fails_its_call(self):
        plugin = map_extism.load(PLUGIN, {"tags": "a"})
        found = plugin.call("map", b'{"subject":"\xff"}\nnot JSON\n\n[]\n').splitlines()
        messages = [json.loads(line)["error"]["message"][0] for line in found]
        self.assertEqual(messages[0], "record is not UTF-8 at byte 12")
        self.assertEqual(len(messages), 3)

    def test_settings_that_cannot_be_used_are_refused_with_the_reason(self):
        plugin = map_extism.load(PLUGIN, {"local_domains": "https://contoso.com"})
        with self.assertRaisesRegex(extism.Error, "setting `local_domains`: `https://contoso.com` is a URL"):
            plugin.call("map", b"")

    def test_the_example_of_the_page_runs(self):
        code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
        names = {}
        exec(code.replace("extism.wasm", PLUGIN, 1), names)
        self.assertIn(b'"direction":"outbound"', names["documents"])

    def test_no_arguments_give_the_usage(self):
        sys_argv, sys.argv = sys.argv, ["map_extism.py"]
        try:
            with self.assertRaisesRegex(SystemExit, "^usage: python map_extism.py PLUGIN.wasm"):
                map_extism.main()
        finally:
            sys.argv = sys_argv


if __name__ == "__main__":
    unittest.main()
