"""What the Python workers share; see main.go for the protocol."""

import json
import sys
import time


def say(**figures):
    print(json.dumps(figures), flush=True)


class Worker:
    """Answers speed.py between the steps of a run."""

    def __init__(self, warm):
        self.warm, self.n, self.until = warm, 0, 0.0
        self.sync = lambda: None  # waits for what the device has been given

    def after(self, ready=None, **figures):
        """Called after each step. Returns False when the run is to end."""
        self.n += 1
        if self.n < self.warm:
            return True
        if self.n == self.warm:
            self.sync()
            say(**(ready or {}))
            return self.wait()
        self.steps += 1
        for k, v in figures.items():
            self.sums[k] = self.sums.get(k, 0) + v
        if time.perf_counter() < self.until:
            return True
        self.sync()
        say(steps=self.steps, wall=time.perf_counter() - self.begin, cpu=time.process_time() - self.cpu, **self.sums)
        return self.wait()

    def wait(self):
        line = sys.stdin.readline()
        if not line:
            return False
        self.steps, self.sums, self.cpu, self.begin = 0, {}, time.process_time(), time.perf_counter()
        self.until = self.begin + float(line)
        return True
