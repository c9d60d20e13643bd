#!/usr/bin/env python3
"""Measures what `exotrace run` takes while it collects from many simulated tenants.

tenants.py PROGRAM [COUNT…]: a row of a Markdown table for each count of tenants.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

# 20 a second.
ROWS_PER_HOUR = 72_000
# Until what was there at the start is delivered and every tenant has been polled once more.
WARM_UP_S = 60
MEASURED_S = 90
# A poll reads the last minute again, in one page: ten requests in five minutes.
SOURCE = 'interval = "30s"\nadditional_look_back = "1m"\nbatch_size = 5000\n'


def wait_for(what, find):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found = find()
        if found:
            return found
        time.sleep(0.05)
    raise SystemExit(f"error: waited in vain for {what}")


def prepare_settings(folder):
    """Has documents go to standard output, and a free port show the metrics."""
    path = folder / "exotrace.toml"
    text = wait_for("settings", lambda: path.exists() and path.read_text())
    text = text.replace('interval = "10s"\n', SOURCE).replace('"127.0.0.1:9464"', '"127.0.0.1:0"')
    text = text.replace('type = "file"\npath = "trace.ndjson"', 'type = "stdout"')
    # Each source has an instance of the mapping: hundreds have more than the default.
    path.write_text(text + "\n[mapping]\nmax_total_memory_bytes = 4000000000\n")


def metric(address, name):
    """The sum over all labels."""
    text = urllib.request.urlopen(f"http://{address}/metrics", timeout=30).read().decode()
    return sum(map(float, re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)", text, re.MULTILINE)))


def status(pid, name):
    return int(re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1])


def listening(pid):
    """The address that a process serves its metrics at."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(os.readlink(descriptor))
        except FileNotFoundError:
            pass
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
            return f"127.0.0.1:{int(fields[1].split(':')[1], 16)}"
    return None


def measure(program, count, folder):
    simulate = [program, "simulate", "--tenants", str(count), "--rows", "10", "--rows-per-hour", str(ROWS_PER_HOUR)]
    simulate += ["--duration", "5m", "--listen", "127.0.0.1:0", "--write-settings", "exotrace.toml"]
    simulator = subprocess.Popen(simulate, cwd=folder, stderr=subprocess.DEVNULL)
    try:
        prepare_settings(folder)
        run = [program, "run", "--config", "exotrace.toml"]
        collector = subprocess.Popen(run, cwd=folder, stdout=subprocess.DEVNULL, stderr=(folder / "log").open("w"))
        try:
            address = wait_for("metrics", lambda: collector.poll() is not None or listening(collector.pid))
            if collector.poll() is not None:
                raise SystemExit(f"error: exotrace ended: {(folder / 'log').read_text()[-1000:]}")
            time.sleep(WARM_UP_S)
            names = ["process_cpu_seconds_total", "exotrace_documents_delivered_total"]
            began, before = time.monotonic(), [metric(address, name) for name in names]
            time.sleep(MEASURED_S)
            took = time.monotonic() - began
            cpu, rows = [(metric(address, name) - start) / took for name, start in zip(names, before)]
            descriptors = int(metric(address, "process_open_fds"))
            memory, threads = status(collector.pid, "VmHWM") / 1024, status(collector.pid, "Threads")
            return f"| {count} | {rows:.0f} | {100 * cpu:.1f} % | {memory:.0f} MB | {descriptors} | {threads} |"
        finally:
            collector.terminate()
            collector.wait()
    finally:
        simulator.terminate()
        simulator.wait()


def main():
    program = Path(sys.argv[1]).resolve()
    print("| tenants | rows a second | processor time | peak memory | open files | threads |")
    print("|--:|--:|--:|--:|--:|--:|")
    for count in map(int, sys.argv[2:] or ["1", "50", "300"]):
        with tempfile.TemporaryDirectory() as folder:
            print(measure(str(program), count, Path(folder)), flush=True)


main()
