"""Makes a study of seconds from the JSON of a smoke study, on standard input."""
import json
import sys

study = json.load(sys.stdin)
study["name"], study["claims"] = "tiny", []
study.pop("notebook", None)
for arm in study["arms"]:
    for step in arm["steps"]:
        if train := step.get("train"):
            train["train"].update(steps=30, warmup=5, checkpoint_every=10)
        if rl := step.get("rl"):
            rl["prompts"] = 4
            rl["grpo"].update(steps=3, group_size=4, checkpoint_every=1)
study["evaluation"].update(problems=2, samples=2)
json.dump(study, sys.stdout, indent=1)
