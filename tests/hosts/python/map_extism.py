"""Maps records with the plug-in of Extism: NDJSON on standard input, documents on standard output.

    python map_extism.py PLUGIN.wasm [NAME=VALUE...]
"""

import pathlib
import sys

import extism

# How many bytes of records a call gets, about.
BATCH_BYTES = 1 << 20
# 1 GiB, in pages of 64 KiB.
MEMORY_PAGES = 16 * 1024


def load(plugin, config):
    """The plug-in with its config, a text for each name, and limits."""
    manifest = {
        "wasm": [{"data": pathlib.Path(plugin).read_bytes()}],
        "memory": {"max_pages": MEMORY_PAGES},
        "timeout_ms": 60_000,
    }
    return extism.Plugin(manifest, config=config)


def batches(lines):
    """Lines put together until they are long enough for a call."""
    batch = bytearray()
    for line in lines:
        batch += line
        if len(batch) >= BATCH_BYTES:
            yield bytes(batch)
            batch.clear()
    if batch:
        yield bytes(batch)


def main():
    if len(sys.argv) < 2 or any("=" not in argument for argument in sys.argv[2:]):
        sys.exit("usage: python map_extism.py PLUGIN.wasm [NAME=VALUE...] < RECORDS.ndjson")
    plugin = load(sys.argv[1], dict(argument.split("=", 1) for argument in sys.argv[2:]))
    for batch in batches(sys.stdin.buffer):
        sys.stdout.buffer.write(plugin.call("map", batch))


if __name__ == "__main__":
    main()
