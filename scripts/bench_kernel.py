"""Measures what a notebook's user waits for: python bench_kernel.py [REPEATS], in the environment of in-project.sh.

Starts a kernel as Jupyter does and prints a JSON line a figure: seconds of wall time, and seconds of CPU
of everything that the kernel started and waited for. Timings are of the machine as it is: run it on an idle one.
"""

import json
import os
import sys
import time

from jupyter_client.manager import KernelManager

FIRST = 'import "interplay/kernelkit"\n\nvar lab = kernelkit.Open("bench", "smoke", 1)\n'
CELLS = [
    ("hello, nothing declared", 'import "fmt"\n%%\nfmt.Println("hello")', ""),
    ("first cell", FIRST + "\n%%\n", ""),
    ("hello, lab declared", '%%\nfmt.Println("hello")', FIRST),
    ("a problem's picture", '%%\nlab.Problem("zoo", 6, 0).Picture().Show()', FIRST),
    ("a study's figure from committed results", '%%\nkernelkit.Open("bench", "micro", 1).Study("edge").Results().PassAtK().Show()', FIRST),
]


def cpu(pid):
    """CPU seconds of a process, with those of its children that it has waited for."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def run(client, code):
    """Runs a cell to its end and returns what it printed, or raises."""
    client.execute(code)
    shown = []
    while True:
        message = client.get_iopub_msg(timeout=600)
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            shown.append(content["text"])
        elif kind == "error":
            raise RuntimeError("\n".join(content["traceback"]) or content["evalue"])
        elif kind == "status" and content["execution_state"] == "idle":
            client.get_shell_msg(timeout=600)
            return "".join(shown)


def tab(client, code):
    client.complete(code, len(code))
    return client.get_shell_msg(timeout=600)["content"]["matches"]


def report(what, seconds, used=None):
    line = {"what": what, "wall_s": round(min(seconds), 2), "wall_all": [round(s, 2) for s in seconds]}
    if used:
        line["cpu_s"] = round(min(used), 2)
    print(json.dumps(line), flush=True)


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    manager = KernelManager(kernel_name="gonb")
    began = time.time()
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=600)
        report("kernel ready", [time.time() - began])
        pid = manager.provisioner.pid
        for what, code, _ in CELLS:
            seconds, used = [], []
            for i in range(repeats):
                before, began = cpu(pid), time.time()
                run(client, code + f"\n// {i}")  # another text, as a cell that was edited
                seconds.append(time.time() - began)
                used.append(cpu(pid) - before)
            report(what, seconds, used)
        for i, what in enumerate(["Tab, the first time", "Tab, later"]):
            seconds = []
            for _ in range(1 if i == 0 else repeats):
                began = time.time()
                matches = tab(client, "%%\nlab.")
                seconds.append(time.time() - began)
                if "Problem" not in matches and i == 1:
                    sys.exit(f"Tab on lab. offers {matches[:5]}")
            report(what, seconds)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


main()
