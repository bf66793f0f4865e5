"""Compares the results of two run folders: every file of every stage, by its digest."""
import json
import pathlib
import sys


def digests(root):
    found = {}
    for seal in pathlib.Path(root).glob("*-*/done.json"):
        for name, digest in json.loads(seal.read_text())["files"].items():
            found[f"{seal.parent.name}/{name}"] = digest
    return found


one, other = digests(sys.argv[1]), digests(sys.argv[2])
differ = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
for name in differ:
    print(f"{name}: {one.get(name)} and {other.get(name)}")
if differ or not one:
    sys.exit(f"{len(differ)} of {len(one.keys() | other.keys())} files differ")
print(f"{len(one)} files are equal")
