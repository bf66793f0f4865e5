"""Says what a reader of each notebook waits for: runs it from an empty run store, at the
scale that it opens with, and prints one JSON line with the processor seconds of all its
processes, the seconds of the wall, and the memory of its largest process.

    scripts/in-project.sh .venv/bin/python scripts/notebook_costs.py [NAME…]

Processor seconds are comparable on a busy machine, those of the wall are not. A notebook
that runs on two cores throughout takes half its processor seconds on an idle machine.
"""
import json, os, pathlib, re, resource, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[1]


def scale(name):
    """The profile that the notebook opens with."""
    cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())["cells"]
    text = "".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    return re.search(r'kernelkit\.\w+\("[^"]*", "(\w+)"', text).group(1)


def main():
    names = sys.argv[1:] or sorted(p.stem for p in (ROOT / "notebooks").glob("*.ipynb"))
    for name in names:
        with tempfile.TemporaryDirectory() as runs:
            before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
            command = [str(ROOT / ".bin" / "interplay"), "notebooks", "-profile", scale(name), "-only", name, "-out", runs + "/out"]
            done = subprocess.run(command, env={**os.environ, "INTERPLAY_RUNS": runs + "/runs"}, capture_output=True, text=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(json.dumps({"notebook": name, "profile": scale(name), "cpu_s": round(cpu), "wall_s": round(time.time() - began),
                              "largest_process_so_far_mb": after.ru_maxrss // 1024, "ok": done.returncode == 0}), flush=True)
            if done.returncode:
                sys.exit(done.stdout[-2000:] + done.stderr[-2000:])


if __name__ == "__main__":
    main()
