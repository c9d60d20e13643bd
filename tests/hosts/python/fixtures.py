"""The records of the fixtures, their settings, and what becomes of them: for tests that run from the project's folder."""

import json
import pathlib

RECORDS = pathlib.Path("fixtures/records")
SETTINGS = json.loads((RECORDS / "settings.json").read_text())
NAMES = sorted(file.stem for file in RECORDS.glob("*.ndjson"))


def parse(text):
    """JSON, in which 62 and 62.0 are the same number."""
    return json.loads(text, parse_int=float)


def expected(version, name):
    """What becomes of the records of a file that are not dropped: each document with its `_id`."""
    outcomes = parse((RECORDS / f"{name}-{version}-expected.json").read_text())
    return [outcome for outcome in outcomes if "document" in outcome]


def expected_documents(version, name):
    return [outcome["document"] for outcome in expected(version, name)]
