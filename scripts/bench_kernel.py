"""Measures what a notebook's user waits for: python bench_kernel.py [REPEATS], in the environment of in-project.sh.

Starts a kernel as Jupyter does and prints a JSON line a figure: seconds of wall time, and seconds of CPU
of everything that the kernel started and waited for, with those of its language server. The least of the repetitions
counts, all are given. Timings are of the machine as it is: run it on an idle one, or trust the CPU seconds alone; the
first line says how busy it is.
"""

import json
import os
import sys
import time

from jupyter_client.manager import KernelManager

FIRST = 'import "interplay/kernelkit"\n\nvar lab = kernelkit.Open("bench", "smoke", 1)\n'
# What is measured, the cell, and whether each repetition has another text, as a cell that was edited, or the same,
# as one that is run again.
CELLS = [
    ("hello, nothing declared", 'import "fmt"\n%%\nfmt.Println("hello")', True),
    ("first cell", FIRST + "\n%%\n", True),
    ("hello, lab declared", '%%\nfmt.Println("hello")', True),
    ("a problem's picture, edited", '%%\nlab.Problem("zoo", 6, 0).Picture().Show()', True),
    ("a problem's picture, run again", '%%\nlab.Problem("zoo", 6, 0).Picture().Show()', False),
    ("a study's figure from committed results, edited", '%%\nkernelkit.Open("bench", "micro", 1).Study("edge").Results().PassAtK().Show()', True),
    ("a study's figure from committed results, run again", '%%\nkernelkit.Open("bench", "micro", 1).Study("edge").Results().PassAtK().Show()', False),
]
TRIES = 20  # of Tab, until the language server answers


def stat(pid):
    """Parent and CPU seconds of a process, with those of its children that it has waited for."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def server_of(kernel):
    """The language server that a kernel started, None before that."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.path.basename(os.readlink(f"/proc/{pid}/exe")) == "gopls" and stat(pid)[0] == kernel:
                return int(pid)
        except OSError:
            pass  # it has ended, or is another user's


def cpu(pid):
    server = server_of(pid)
    return stat(pid)[1] + (stat(server)[1] if server else 0)


def reply_to(client, request):
    """The answer to a request: others, such as those that waiting for the kernel left, are passed over."""
    while True:
        message = client.get_shell_msg(timeout=600)
        if message["parent_header"].get("msg_id") == request:
            return message["content"]


def run(client, code):
    """Runs a cell to its end, or raises."""
    request = client.execute(code)
    errors = []
    while True:
        message = client.get_iopub_msg(timeout=600)
        if message["parent_header"].get("msg_id") != request:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "error":
            errors.append("\n".join(content["traceback"]) or content["evalue"])
        elif kind == "status" and content["execution_state"] == "idle":
            break
    reply = reply_to(client, request)
    if errors or reply["status"] != "ok":
        sys.exit(f"the cell failed:\n{code}\n" + "\n".join(errors or [str(reply)]))


def measured(pid, do):
    """What do returns, its seconds of wall time, its seconds of CPU."""
    before, began = cpu(pid), time.time()
    out = do()
    return out, time.time() - began, cpu(pid) - before


def report(what, seconds, used=()):
    line = {"what": what, "wall_s": round(min(seconds), 2), "wall_all": [round(s, 2) for s in seconds]}
    if used:
        line |= {"cpu_s": round(min(used), 2), "cpu_all": [round(s, 2) for s in used]}
    print(json.dumps(line), flush=True)


def cells(client, pid, repeats):
    for what, code, edited in CELLS:
        if not edited:
            run(client, code)
        texts = [code + (f"\n_ = {i}" if edited else "") for i in range(repeats)]
        report(what, *zip(*(measured(pid, lambda: run(client, text))[1:] for text in texts)))


def tab(client, pid, repeats):
    def matches():
        return reply_to(client, client.complete("%%\nlab.", len("%%\nlab."))).get("matches", [])

    tries = 0
    while tries < TRIES:
        tries += 1
        offered, wall, used = measured(pid, matches)
        if "Problem" in offered:
            report(f"Tab on lab., the first answer, at try {tries}", [wall], [used])
            break
        report(f"Tab on lab., no answer at try {tries}", [wall], [used])
    else:
        sys.exit(f"Tab on lab. offers {offered[:5]} after {TRIES} tries")
    report("Tab on lab., later", *zip(*(measured(pid, matches)[1:] for _ in range(repeats))))


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(json.dumps({"load": os.getloadavg(), "cores": len(os.sched_getaffinity(0))}), flush=True)
    manager = KernelManager(kernel_name="gonb")
    began = time.time()
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=600)
        report("kernel ready", [time.time() - began])
        pid = manager.provisioner.pid
        cells(client, pid, repeats)
        tab(client, pid, repeats)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


main()
