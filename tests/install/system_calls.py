"""Whether a group of system calls of systemd has all those that strace has seen: system_calls.py GROUP TRACE"""

import re
import subprocess
import sys

group, trace = sys.argv[1:]


def calls(name):
    """The calls of a group with those of the groups in it."""
    listed = subprocess.check_output(["systemd-analyze", "syscall-filter", "--no-pager", name], text=True)
    names = [line.strip() for line in listed.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
    found = set()
    for inner in names:
        found |= calls(inner) if inner.startswith("@") else {inner}
    return found


with open(trace, encoding="utf-8", errors="replace") as lines:
    seen = {match[1] for line in lines if (match := re.match(r"\d+ +(?:<\.\.\. )?([a-z0-9_]+)(?:\(| resumed>)", line))}
if len(seen) < 20:
    sys.exit(f"error: strace has seen only {sorted(seen)}")
refused = sorted(seen - calls(group))
if refused:
    sys.exit(f"error: {group} refuses {', '.join(refused)}")
