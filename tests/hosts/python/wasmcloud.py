"""Runs a handler of messages as wasmCloud 2 does, on a server of NATS: subscribes, and calls a new instance of the component
for each message. What wasmCloud would have in its configuration stands behind the subjects.

    python wasmcloud.py COMPONENT.wasm nats://127.0.0.1:4222 SUBJECT... [KEY=VALUE...]
"""

import asyncio
import sys

import nats
from wasmtime import Engine, Store
from wasmtime.component import Component, Linker, Record

HANDLER = "wasmcloud:messaging/handler@0.2.0"
CONSUMER = "wasmcloud:messaging/consumer@0.2.0"
CONFIG = "wasi:config/store@0.2.0-rc.1"


class Handler:
    """A component that takes messages."""

    def __init__(self, component, config):
        self.engine = Engine()
        self.config = list(config.items())
        # What it has sent while it was called.
        self.sent = []
        self.component = Component.from_file(self.engine, component)
        # The whole sandbox: no WASI is linked, so that a component that asks for any of it is not instantiated.
        self.linker = Linker(self.engine)
        with self.linker.root() as root:
            with root.add_instance(CONSUMER) as consumer:
                consumer.add_func("publish", self.publish)
            with root.add_instance(CONFIG) as store:
                store.add_func("get-all", lambda _store: self.config)

    def publish(self, _store, message):
        self.sent.append((message.subject, bytes(message.body), getattr(message, "reply-to")))

    def handle(self, subject, body, reply_to):
        """What the component sends, and what it says is wrong."""
        store = Store(self.engine)
        instance = self.linker.instantiate(store, self.component)
        interface = instance.get_export_index(store, HANDLER)
        function = instance.get_func(store, instance.get_export_index(store, "handle-message", interface))
        message = Record()
        message.subject, message.body = subject, body
        setattr(message, "reply-to", reply_to)
        self.sent = []
        problem = function(store, message)
        return self.sent, problem


async def serve(handler, server, subjects):
    # The program that started this limits how long it takes.
    client = await nats.connect(server, connect_timeout=120)

    async def answer(message):
        sent, problem = handler.handle(message.subject, message.data, message.reply or None)
        for subject, body, reply_to in sent:
            await client.publish(subject, body, reply=reply_to or "")
        if problem is not None:
            print(f"error: {problem}", file=sys.stderr, flush=True)

    for subject in subjects:
        await client.subscribe(subject, cb=answer)
    # The first one asks before what is pending is sent; when it is answered, that is on its way, and the second follows it.
    await client.flush()
    await client.flush()
    print("subscribed", flush=True)
    # Until the parent process closes its input.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await client.drain()


def main(component, server, *rest):
    config = dict(word.split("=", 1) for word in rest if "=" in word)
    subjects = [word for word in rest if "=" not in word]
    asyncio.run(serve(Handler(component, config), server, subjects))


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: python wasmcloud.py COMPONENT.wasm nats://HOST:PORT SUBJECT... [KEY=VALUE...]")
    main(*sys.argv[1:])
