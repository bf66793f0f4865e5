"""Cuts scoring, parser and pass@k cases of testdata/conformance out of the full public corpora, for clones without them.

    python3 testdata/conformance/subset.py ../shared/conformance

Whole lines are copied: a case of every kind of perturbation and verdict,
the problems that they need beyond problems_d2.jsonl and problems_d3.jsonl there (see
the README), all hand-made and some random parser cases, the shortest pass@k cases.
"""
import json
import pathlib
import sys

source = pathlib.Path(sys.argv[1])
target = pathlib.Path(__file__).parent


def read(name):
    return [(json.loads(line), line) for line in (source / name).open(encoding="utf-8")]


def write(name, lines):
    (target / name).write_text("".join(lines), encoding="utf-8")


def kind(record):
    return record["kind"], record["expected"]["verdict"]


# Scoring: each kind and verdict once, with few problems: always the problem that adds the most kinds per byte.
cases = read("scoring.jsonl")
there = {json.loads(line)["id"] for name in ("problems_d2.jsonl", "problems_d3.jsonl") for line in (target / name).open(encoding="utf-8")}
size = {record["id"]: len(line) for name in ("problems_d2.jsonl", "problems_d3.jsonl") for record, line in read(name)}
offers = {}
for record, line in cases:
    offers.setdefault(record["problem_id"], {}).setdefault(kind(record), (record, line))
kinds, scoring, needed = set(), {}, set()
while offers:
    best = max(sorted(offers), key=lambda p: len(offers[p].keys() - kinds) / ((p not in there) * size[p] + 2000))
    new = offers.pop(best).items()
    for k, (record, line) in new:
        if k not in kinds:
            kinds.add(k)
            scoring[record["id"]] = line
            needed.add(best)
write("scoring.jsonl", [line for record, line in cases if record["id"] in scoring])
write("problems_scoring.jsonl", [line for name in ("problems_d2.jsonl", "problems_d3.jsonl") for record, line in read(name)
                                 if record["id"] in needed - there])

write("parser_cases.jsonl", [line for i, (_, line) in enumerate(read("parser_cases.jsonl")) if i < 53 or i % 10 == 0])
write("passk.jsonl", [line for _, line in sorted(read("passk.jsonl"), key=lambda r: len(r[1]))[:8]])
