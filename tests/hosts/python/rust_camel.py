"""Runs a bean as rust-camel does: `init` in an instance that is thrown away, and every call in a new one."""

from async_call import call_async
from wasmtime import Engine, Store
from wasmtime.component import Component, Linker, Record, Variant

HOST = "camel:plugin/host@1.0.0"
# What rust-camel keeps for a bean.
MAX_ENTRIES, MAX_KEY_BYTES, MAX_VALUE_BYTES = 256, 1024, 65536
# What the memory of an instance may be, in bytes, unless it is configured otherwise.
MAX_MEMORY = 50 * 1024 * 1024


class Bean:
    """A bean with its configuration."""

    def __init__(self, component, config):
        self.engine = Engine()
        self.kept = {}
        self.component = Component.from_file(self.engine, str(component))
        # No WASI: a component that asks for any of it is not instantiated.
        self.linker = Linker(self.engine)
        with self.linker.root() as root, root.add_instance(HOST) as host:
            host.add_func("host-store", self.store)
            host.add_func("host-load", lambda _store, key: self.kept.get(key))
        problem = self.call("init", list(config.items()))
        if problem is not None:
            raise ValueError(problem)
        self.methods = self.call("methods")

    def store(self, _store, key, value):
        assert len(key) <= MAX_KEY_BYTES and len(self.kept) < MAX_ENTRIES
        if len(value.encode()) > MAX_VALUE_BYTES:
            return Variant("processor-error", "value too long")
        self.kept[key] = value
        return None

    def call(self, name, *arguments):
        store = Store(self.engine)
        store.set_limits(memory_size=MAX_MEMORY)
        instance = self.linker.instantiate(store, self.component)
        return call_async(store, instance.get_func(store, name), *arguments)

    def invoke(self, body, headers=(), properties=()):
        """The exchange that comes back."""
        exchange, message = Record(), Record()
        message.headers, message.body = list(headers), body
        exchange.input, exchange.output, exchange.properties = message, None, list(properties)
        exchange.pattern = "in-only"
        for name, value in [("correlation-id", "1"), ("route-id", None), ("message-id", None)]:
            setattr(exchange, name, value)
        return self.call("invoke", "map", exchange)
