"""The components for wasmCloud on a real server of NATS: run from the project's folder, after `make hosts` has built them."""

import asyncio
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import nats
from fixtures import NAMES, RECORDS, SETTINGS, expected_documents, parse

HERE = pathlib.Path(__file__).parent
# With the databases of the fixtures inside.
COMPONENTS = pathlib.Path("target/plugins")
VERSIONS = sorted(file.stem.removeprefix("wasmcloud-") for file in COMPONENTS.glob("wasmcloud-*.wasm"))
CONFIG = {
    "EXOTRACE_LOCAL_DOMAIN": ",".join(SETTINGS["local_domains"]),
    "EXOTRACE_TAG": ",".join(SETTINGS["tags"]),
    "EXOTRACE_PRESERVE_ORIGINAL_EVENT": "true",
    # What the host itself has there.
    "subscriptions": "exotrace.raw.>",
}
# How long anything may take, in seconds: the component is compiled first.
LONGEST = 120


# Ports of 127.0.0.1 are given to others all the time, also before the server listens.
ADDRESS = "127.0.0.2"


def free_port():
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return probe.getsockname()[1]


class Server:
    """A server of NATS on loopback."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        port = free_port()
        program = pathlib.Path(sys.executable).with_name("nats-server")
        self.process = subprocess.Popen(
            [program, "--addr", ADDRESS, "--port", str(port)], cwd=self.folder.name, stderr=subprocess.DEVNULL
        )
        self.url = f"nats://{ADDRESS}:{port}"
        latest = time.monotonic() + LONGEST
        while True:
            with socket.socket() as probe:
                if probe.connect_ex((ADDRESS, port)) == 0:
                    return self
            assert time.monotonic() < latest and self.process.poll() is None, "the server does not listen"
            time.sleep(0.05)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(LONGEST)
        self.folder.cleanup()


class Host:
    """`wasmcloud.py` in a process of its own."""

    def __init__(self, server, version, *subjects, **config):
        words = [f"{name}={value}" for name, value in config.items()]
        component = COMPONENTS / f"wasmcloud-{version}.wasm"
        self.command = [sys.executable, str(HERE / "wasmcloud.py"), str(component), server.url, *subjects, *words]

    async def __aenter__(self):
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(*self.command, stdin=pipe, stdout=pipe, stderr=pipe)
        line = await asyncio.wait_for(self.process.stdout.readline(), LONGEST)
        assert line == b"subscribed\n", (line, await self.process.stderr.read())
        return self

    async def __aexit__(self, *_):
        _, errors = await asyncio.wait_for(self.process.communicate(b""), LONGEST)
        self.errors = errors.decode()


class Messages(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.server = self.enterContext(Server())

    async def asyncSetUp(self):
        self.client = await nats.connect(self.server.url, connect_timeout=LONGEST)
        self.addAsyncCleanup(self.client.close)

    async def next(self, subscription):
        return await subscription.next_msg(LONGEST)

    async def test_documents_are_those_of_the_component(self):
        for version in VERSIONS:
            documents = await self.client.subscribe("exotrace.documents.>")
            async with Host(self.server, version, "exotrace.raw.>", **CONFIG):
                for name in NAMES:
                    with self.subTest(version=version, name=name):
                        await self.client.publish("exotrace.raw.contoso", (RECORDS / f"{name}.ndjson").read_bytes())
                        message = await self.next(documents)
                        self.assertEqual("exotrace.documents.contoso", message.subject)
                        found = [parse(line) for line in message.data.splitlines()]
                        self.assertEqual(expected_documents(version, name), found)
            await documents.unsubscribe()

    async def test_a_request_gets_one_answer(self):
        async with Host(self.server, "2.2", "exotrace.raw.>", **CONFIG, EXOTRACE_MAX_MESSAGE_BYTES="100"):
            answer = await self.client.request("exotrace.raw.x", (RECORDS / "well-formed.ndjson").read_bytes(), LONGEST)
            self.assertEqual(len(expected_documents("2.2", "well-formed")), len(answer.data.splitlines()))
            # A record that is dropped: the caller does not wait.
            answer = await self.client.request("exotrace.raw.x", b'{"value":[]}', LONGEST)
            self.assertEqual(b"", answer.data)

    async def test_long_answers_are_cut_between_lines(self):
        documents = await self.client.subscribe("exotrace.documents")
        async with Host(self.server, "2.2", "exotrace.raw", **CONFIG, EXOTRACE_MAX_MESSAGE_BYTES="3000"):
            await self.client.publish("exotrace.raw", (RECORDS / "well-formed.ndjson").read_bytes())
            found = []
            while len(found) < len(expected_documents("2.2", "well-formed")):
                message = await self.next(documents)
                lines = message.data.splitlines()
                self.assertTrue(len(message.data) <= 3000 or len(lines) == 1)
                found += [parse(line) for line in lines]
            self.assertEqual(expected_documents("2.2", "well-formed"), found)

    async def test_nothing_is_lost_for_being_broken(self):
        async with Host(self.server, "2.2", "exotrace.raw", **CONFIG):
            answer = await self.client.request("exotrace.raw", b'{"a":"\xff"}\nnot JSON\n', LONGEST)
            kinds = [parse(line)["event"]["kind"] for line in answer.data.splitlines()]
            self.assertEqual(["pipeline_error"] * 2, kinds)

    async def test_settings_that_cannot_be_used_lose_nothing_and_are_told(self):
        wrong = {
            "EXOTRACE_LOCAL_DOMAINS": ("x", "there is no setting `EXOTRACE_LOCAL_DOMAINS`"),
            "EXOTRACE_GEOIP_CITY": ("City.mmdb", "`geoip-city` names a file, and this host gives a component no folder"),
            "EXOTRACE_SUBJECT_OUT": ("exotrace.raw.x", "documents would come back as records"),
            "EXOTRACE_MAX_MESSAGE_BYTES": ("many", "is a number of bytes"),
            "EXOTRACE_PRIVACY_KEY": ("secret", "`privacy-key` has no key"),
        }
        for name, (value, reason) in wrong.items():
            with self.subTest(name=name):
                host = Host(self.server, "2.2", "exotrace.raw", **{name: value})
                async with host:
                    answer = await self.client.request("exotrace.raw", b'{"subject":"of a mail"}', LONGEST)
                document = parse(answer.data)
                self.assertEqual("pipeline_error", document["event"]["kind"])
                self.assertIn(reason, document["error"]["message"][0])
                self.assertEqual(name != "EXOTRACE_PRIVACY_KEY", "original" in document["event"])
                self.assertIn(reason, host.errors)
                self.assertNotIn("of a mail", host.errors)

    async def test_documents_that_come_back_are_not_mapped_again(self):
        # wasmCloud subscribes to everything unless it is told otherwise.
        documents = await self.client.subscribe("exotrace.documents.>")
        host = Host(self.server, "2.2", "exotrace.>")
        async with host:
            await self.client.publish("exotrace.raw.a", b"{}\n")
            await self.next(documents)
            # Handled after the document that came back.
            await self.client.publish("exotrace.raw.b", b"{}\n")
            self.assertEqual("exotrace.documents.b", (await self.next(documents)).subject)
        self.assertEqual(0, documents.pending_msgs)
        self.assertIn("a message on `exotrace.documents.a` has documents, not records\nhint: set `subscriptions`", host.errors)


if __name__ == "__main__":
    assert VERSIONS, "no components in target/plugins"
    unittest.main()
