"""Calls an async function of a component to its end: PyPI's `wasmtime` 50 has that in its C library, and not yet in Python."""

import ctypes
import time

from wasmtime import WasmtimeError
from wasmtime import _ffi as ffi


def call_async(store, function, *arguments, seconds=60):
    kind = function.type(store)
    given = (ffi.wasmtime_component_val_t * len(arguments))()
    for place, ((_, expected), value) in enumerate(zip(kind.params, arguments, strict=True)):
        expected.convert_to_c(store, value, ctypes.pointer(given[place]))
    result = ffi.wasmtime_component_val_t()
    error = ctypes.POINTER(ffi.wasmtime_error_t)()
    future = ffi.wasmtime_component_func_call_async(
        ctypes.byref(function._func),
        store._context(),
        given,
        len(arguments),
        ctypes.byref(result),
        0 if kind.result is None else 1,
        ctypes.byref(error),
    )
    latest = time.monotonic() + seconds
    try:
        while not ffi.wasmtime_call_future_poll(future):
            if time.monotonic() > latest:
                raise TimeoutError(f"the call takes longer than {seconds} seconds")
            time.sleep(0.001)
    finally:
        ffi.wasmtime_call_future_delete(future)
        for value in given:
            ffi.wasmtime_component_val_delete(ctypes.byref(value))
    if error:
        raise WasmtimeError._from_ptr(error)
    return None if kind.result is None else kind.result.convert_from_c(result)
