"""Times this project beside JAX, PyTorch and TRL.

    speed.py DIR [-rounds 3] [-seconds 5] [-only train/micro]      (scripts/peers.sh does all)

The sides of a comparison are warm processes that take turns, so that a noisy machine is
noisy for all of them; between its turns a side sleeps. A side takes its first turn as soon as it
has compiled; SIGTERM ends a comparison, which then reports the turns that there were. Prints one JSON line a figure:
value is the median over the rounds, cpu the processor time, mfu the share of the card's
dense bfloat16 rate by its datasheet, ratio that of the speeds (this project's over the
other's; above 1 is faster), ratio_cpu that of the processor times. All sides of a training comparison start from the same weights, take the same
batches, and must show the same first losses.
"""

import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent


class Ended(Exception):
    """Time is up."""


def end(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
    raise Ended


class Side:
    def __init__(self, name, command):
        self.name, self.turns, self.dead = name, [], None
        self.log = open(f"{arguments.dir}/{name.replace(' ', '-').replace('/', '-')}.log", "w")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)

    def answer(self):
        while True:
            line = self.process.stdout.readline()
            if not line:
                self.dead = f"ended with status {self.process.wait()}, see {self.log.name}"
                return None
            if line.startswith("{"):
                return json.loads(line)

    def turn(self, seconds):
        try:
            self.process.stdin.write(f"{seconds}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it is dead, which its answer says
        if (figures := self.answer()) is not None:
            self.turns.append(figures)

    def median(self, of):
        return statistics.median(of(t) for t in self.turns)

    def close(self, patience=60):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


def report(**figures):
    print(json.dumps({k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in figures.items()}), flush=True)


def compare(name, commands, unit, per_step, parts=(), flops=0.0, within=1e-3):
    """Runs the sides in turn; the first is this project's. Returns whether all could run."""
    sides, ready, ended = [], [], False
    try:
        for side, command in commands.items():
            sides.append(Side(f"{name} {side}", command))  # started one after the other: compiling takes both cores
            ready.append(sides[-1].answer())
            if not sides[-1].dead:
                sides[-1].turn(arguments.seconds)
        for _ in range(1, arguments.rounds):
            for side in sides:
                if not side.dead:
                    side.turn(arguments.seconds)
    except Ended:
        ended = True
    for side in sides:
        side.close(1 if ended else 60)
        if side.dead and not ended:
            report(name=side.name, error=side.dead)
    losses = [r["losses"] for r in ready if r and "losses" in r]
    if losses:
        gap = max(abs(a - b) for l in losses for a, b in zip(l, losses[0]))
        report(name=f"{name}: the first losses of all sides agree", ok=gap < within, largest_difference=gap, sides=len(losses), losses=losses[0])
    peak = ready[0].get("peak", 0) if ready and ready[0] else 0  # what this project knows of the card
    alive = [s for s in sides if s.turns]
    speed, cpu = {}, {}
    for side in alive:
        speed[side] = side.median(lambda t: per_step(t) / t["wall"])
        cpu[side] = side.median(lambda t: t["cpu"] / t["steps"])
        figures = {"rounds": len(side.turns), "spread": [round(f(per_step(t) / t["wall"] for t in side.turns), 3) for f in (min, max)]}
        if peak:
            figures["mfu"] = speed[side] * flops / peak
        for part in parts:
            if part in side.turns[0]:
                figures[part] = side.median(lambda t: t[part] / t["steps"])
        report(name=side.name, value=speed[side], unit=unit, cpu_seconds_a_step=cpu[side], seconds_a_step=side.median(lambda t: t["wall"] / t["steps"]), **figures)
    for other in alive[1:]:
        ours = alive[0]
        if ours is not sides[0]:
            break  # this project's side is not among them
        more = {}
        if "rollout" in parts:
            more["ratio_rollout"] = other.median(lambda t: t["rollout"] / t["tokens"]) / ours.median(lambda t: t["rollout"] / t["tokens"])
        report(name=f"ratio {ours.name} : {other.name.removeprefix(name + ' ')}", ratio=speed[ours] / speed[other], ratio_cpu=cpu[other] / cpu[ours], **more)
    if ended:
        report(name=name, error=f"time was up after {[len(s.turns) for s in sides]} turns")
        sys.exit(1)
    return not any(s.dead for s in sides)


parser = argparse.ArgumentParser()
parser.add_argument("dir")
parser.add_argument("-rounds", type=int, default=3)
parser.add_argument("-seconds", type=float, default=5)
parser.add_argument("-only", default="", help="only comparisons whose name begins so")
arguments = parser.parse_args()
signal.signal(signal.SIGTERM, end)
folder, python = arguments.dir, sys.executable
script = lambda name, *more: [python, str(HERE / name), folder, *more]
ours = lambda what, model: [os.environ.get("PEERS", "peers"), what, folder, model]
whole = True
gpu = os.environ.get("GOMLX_BACKEND", "").startswith("xla:cuda")
for model in ("paper",) if gpu else ("micro", "d128", "words", "10m"):
    if not f"train/{model}".startswith(arguments.only):
        continue
    run = json.loads((pathlib.Path(folder) / f"{model}.json").read_text())
    sides = {"interplay": ours("train", model)}
    if not gpu:  # where the sides share the card's memory
        sides["jax"] = script("jax_train.py", model)
        sides["torch eager"] = script("torch_train.py", model, "eager")
    sides["torch compiled"] = script("torch_train.py", model, "compiled")
    if gpu:
        sides["interplay, 8 steps a call"] = ours("train", model) + ["8"]
    whole &= compare(
        f"train/{model}", sides, "tokens/s", lambda t, run=run: t["steps"] * run["batch"] * run["seq"],
        flops=run["flops_per_token"], within=2e-2 if gpu else 1e-3,  # bfloat16
    )
for model in ("paper",) if gpu else ("micro", "d128", "trained", "words"):
    if f"grpo/{model}".startswith(arguments.only):
        whole &= compare(
            f"grpo/{model}", {"interplay": ours("grpo", model)} | {f"trl {how}": script("trl_grpo.py", model, how) for how in (("fastest", "defaults") if gpu else ("fastest", "float32", "defaults"))},
            "steps/s", lambda t: t["steps"], ("rollout", "verify", "update", "tokens"),
        )
sys.exit(not whole)
