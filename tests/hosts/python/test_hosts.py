"""The mapping components and the adapters under PyPI's `wasmtime`: run from the project's folder, after `make components`."""

import pathlib
import re
import subprocess
import sys
import unittest

from fixtures import NAMES, RECORDS, SETTINGS, expected, parse

HERE = pathlib.Path(__file__).parent
DATABASES = ["fixtures/geo/City.mmdb", "fixtures/geo/ASN.mmdb"]
PAGE = pathlib.Path("guest/docs/pipelines.md").read_text()
VERSIONS = sorted(file.stem.removeprefix("mapping-") for file in pathlib.Path("target/components").glob("mapping-*.wasm"))
# The one that the examples of the page are run with.
VERSION = "2.2"


def repeated(option, values):
    return [argument for value in values for argument in (option, value)]


# The settings of the fixtures, as `exotrace map` and the adapters take them.
ARGUMENTS = repeated("--local-domain", SETTINGS["local_domains"]) + repeated("--tag", SETTINGS["tags"])


def run(*command, given, code=0):
    done = subprocess.run([str(part) for part in command], input=given, capture_output=True, timeout=300)
    assert done.returncode == code, (command, done.returncode, done.stderr.decode())
    return done


def our_host(version, records):
    """What our own host makes of the same records with the same component: the example that embeds it."""
    component = f"target/components/mapping-{version}.wasm"
    return run("target/release/examples/embed", component, RECORDS / "settings.json", *DATABASES, given=records).stdout


def lines(text):
    return [parse(line) for line in text.splitlines()]


class Mapping(unittest.TestCase):
    """`map_records.py`: the component itself, with a geo function in Python."""

    def map(self, version, records, *databases):
        component = f"target/components/mapping-{version}.wasm"
        script = HERE / "map_records.py"
        return run(sys.executable, script, component, RECORDS / "settings.json", *databases, given=records).stdout

    def test_documents_are_the_bytes_of_our_host(self):
        for version in VERSIONS:
            for name in NAMES:
                records = (RECORDS / f"{name}.ndjson").read_bytes()
                found = self.map(version, records, *DATABASES)
                documents = [outcome["document"] for outcome in expected(version, name)]
                self.assertEqual(lines(found), documents, (version, name))
                self.assertEqual(found, our_host(version, records), (version, name))

    def test_the_geo_function_is_asked(self):
        records = (RECORDS / "well-formed.ndjson").read_bytes()
        self.assertIn(b'"country_iso_code"', self.map(VERSION, records, *DATABASES))
        self.assertNotIn(b'"country_iso_code"', self.map(VERSION, records))


class RustExample(unittest.TestCase):
    """`tests/hosts/rust/wasmtime_alone.rs`, which knows nothing about addresses."""

    def test_documents_are_the_bytes_of_our_host(self):
        for version in VERSIONS:
            component = f"target/components/mapping-{version}.wasm"
            records = (RECORDS / "well-formed.ndjson").read_bytes()
            alone = run("target/release/examples/wasmtime_alone", component, given=records)
            embedded = run("target/release/examples/embed", component, RECORDS / "settings.json", given=records)
            self.assertEqual(alone.stdout, embedded.stdout, version)


class Command(unittest.TestCase):
    """`run_command.py`: the command of WASI, with the geo provider inside of it."""

    def map(self, version, records, *arguments, code=0):
        script = HERE / "run_command.py"
        command = [sys.executable, script, f"target/components/cli-{version}.wasm", "--dir", "fixtures/geo::geo"]
        return run(*command, *arguments, given=records, code=code)

    def test_documents_are_the_bytes_of_our_host(self):
        databases = ["--geoip-city", "geo/City.mmdb", "--geoip-asn=geo/ASN.mmdb"]
        for version in VERSIONS:
            for name in NAMES:
                records = (RECORDS / f"{name}.ndjson").read_bytes()
                found = self.map(version, records, *databases, *ARGUMENTS)
                self.assertEqual(found.stdout, our_host(version, records), (version, name))
                with_ids = self.map(version, records, *databases, *ARGUMENTS, "--with-id")
                self.assertEqual(lines(with_ids.stdout), expected(version, name), (version, name))

    def test_a_line_that_is_not_text_is_named_and_left_out(self):
        done = self.map(VERSION, b'{}\n"\xe9"\n{}', code=1)
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertIn(b"error: line 2: not UTF-8 at byte 1; the line is left out\n", done.stderr)

    def test_wrong_usage_is_explained(self):
        for arguments, reason in [
            (["--local-domains", "x"], b"error: there is no setting `local-domains`\nhint: there are `local-domain`, "),
            (["--fields", "x"], b"error: mapping refuses its settings: fields to add: "),
            (["--options", "{}"], b"error: mapping refuses its settings: this mapping version has no rule for `options`"),
            (["records.ndjson"], b'error: unexpected argument "records.ndjson"\nhint: records come on standard input'),
            (["--geoip-city", "geo/networks.json"], b"error: `geo/networks.json` is not a database in MaxMind format"),
        ]:
            done = self.map(VERSION, b"{}\n", *arguments, code=1)
            self.assertTrue(done.stderr.startswith(reason), done.stderr)
            self.assertEqual(done.stdout, b"")

    def test_the_tenant_reaches_the_mapping(self):
        records = (RECORDS / "well-formed.ndjson").read_bytes()
        found = self.map(VERSION, records, "--tenant-id", "contoso.com", "--tenant-name", "Contoso").stdout
        self.assertEqual(lines(found)[0]["organization"], {"name": "Contoso"})

    def test_a_missing_database_is_named(self):
        done = self.map(VERSION, b"{}\n", "--geoip-city", "geo/none.mmdb", code=1)
        self.assertEqual(done.stdout, b"")
        self.assertTrue(done.stderr.startswith(b"error: could not read geo database `geo/none.mmdb`: "), done.stderr)


class Usage(unittest.TestCase):
    """Programs without what they need say how they are called."""

    def test_no_arguments_give_the_usage(self):
        for program in ["map_records.py", "run_command.py"]:
            done = subprocess.run([sys.executable, HERE / program], capture_output=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertRegex(done.stderr, rb"\Ausage: python " + program.encode() + rb" [A-Z.a-z ]+.*\n\Z")


class Pipelines(unittest.TestCase):
    """The commands of guest/docs/pipelines.md, as they are written."""

    def run_written(self, command):
        done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=300)
        self.assertEqual((done.returncode, done.stderr), (0, b""), command)
        return done.stdout

    def test_the_examples_give_the_same_bytes(self):
        block = re.search(r"^set -- (?:.+\n)+?(?=```)", PAGE, re.MULTILINE)[0]
        arguments, *commands = block.splitlines()
        self.assertEqual(len(commands), 4)
        ours, python, node, alone = (self.run_written(f"{arguments}\n{command}") for command in commands)
        self.assertEqual((python, node), (ours, ours))
        self.assertEqual(ours, our_host(VERSION, (RECORDS / "well-formed.ndjson").read_bytes()))
        self.assertEqual(len(lines(alone)), len(lines(ours)))

    def test_the_command_is_run_with_a_folder(self):
        command = re.search(r"^target/tools/python/.*run_command\.py (?:.*\\\n)*.*$", PAGE, re.MULTILINE)[0]
        ours = ["target/release/exotrace", "map", "--mapping", VERSION, "--local-domain", "contoso.com"]
        ours += ["--geoip-city", DATABASES[0], RECORDS / "well-formed.ndjson"]
        self.assertEqual(self.run_written(command), run(*ours, given=b"").stdout)


if __name__ == "__main__":
    unittest.main()
