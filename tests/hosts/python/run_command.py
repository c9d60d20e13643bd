"""Runs a command of WASI, in Python: `python run_command.py COMMAND.wasm [--dir HOST::GUEST]... [ARGUMENT]...`."""

import sys

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Variant


def run(command, folders, arguments):
    """Whether the command says that all went well."""
    engine = Engine()
    component = Component.from_file(engine, command)
    linker = Linker(engine)
    linker.add_wasip2()
    wasi = WasiConfig()
    wasi.argv = [command, *arguments]
    wasi.inherit_env()
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    for host, guest in folders:
        wasi.preopen_dir(host, guest)
    store = Store(engine)
    store.set_wasi(wasi)
    instance = linker.instantiate(store, component)
    interface = next(name for name in component.type.exports(engine) if name.startswith("wasi:cli/run@"))
    index = instance.get_export_index(store, "run", instance.get_export_index(store, interface))
    result = instance.get_func(store, index)(store)
    return not (isinstance(result, Variant) and result.tag == "err")


def main(command, *arguments):
    arguments = list(arguments)
    folders = []
    while arguments[:1] == ["--dir"]:
        if len(arguments) < 2 or arguments[1].count("::") != 1:
            sys.exit("`--dir` takes HOST::GUEST, two folders")
        folders.append(arguments[1].split("::"))
        del arguments[:2]
    sys.exit(0 if run(command, folders, arguments) else 1)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python run_command.py COMMAND.wasm [--dir HOST::GUEST]... [ARGUMENT]...")
    main(*sys.argv[1:])
