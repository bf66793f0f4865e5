"""Forecasts a study for a run folder at the rates measured in another one: seconds.

forecast.py STUDY CLUSTER MEASURED EMPTY"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys

study, cluster, measured, empty = sys.argv[1:]
flops, seconds = collections.Counter(), collections.Counter()
for seal in pathlib.Path(measured).glob("*-*/done.json"):
    done, kind = json.loads(seal.read_text()), seal.parent.name.partition("-")[0]
    flops[kind] += done["spent"]["flops"]
    seconds[kind] += done["seconds"]
described = json.loads(pathlib.Path(cluster).read_text())
described["forecast"]["rates"] = {kind: flops[kind] / seconds[kind] for kind in flops if flops[kind]}
file = pathlib.Path(measured).parent / "measured.json"
file.write_text(json.dumps(described))
text = subprocess.run(
    ["interplay", "run", study, "-plan", "-cluster", str(file)],
    env=os.environ | {"INTERPLAY_RUNS": empty}, capture_output=True, text=True, check=True,
).stdout
(file.parent / "forecast.txt").write_text(text)
number, unit = re.search(r"last stage ends after +([\d.]+) (s|min|h)", text).groups()
print(round(float(number) * {"s": 1, "min": 60, "h": 3600}[unit]))
