"""Starts the OpenSearch that `make` installs, for measuring: unlike for the tests, with all that Java has to be fast."""

import pathlib
import subprocess
import sys

OPENSEARCH = pathlib.Path("target/tools/opensearch")


def start(java, folder, *settings):
    """Starts a node in a folder, with these options of Java; returns its process and its address."""
    process = subprocess.Popen(
        ["java", *java, "--class-path", f"{OPENSEARCH}/classes:{OPENSEARCH}/jars/*", "OpenSearchNode", str(folder), *settings],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("listening on "):
            # Nothing else that it says may fill the pipe.
            subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
            return process, line.removeprefix("listening on ").strip()
    sys.exit("error: OpenSearch did not start:\n" + "".join(said[-20:]))
